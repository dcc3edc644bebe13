package cpu

import "example.org/chainrule/device"

// A source is a batch of matrices that is read block by block.
type source interface {
	// read copies a block of matrix i to dst, whose rows are ld apart: elements
	// row to row+rows, col to col+cols.
	read(dst []float32, ld, i, row, rows, col, cols int)
}

// A factor is one factor of a product.
type factor struct {
	source
	trans  bool // the source holds the transposed factor
	shared bool // one matrix serves the batch
}

// stored is a source in memory.
type stored struct {
	buf  *buffer
	ld   int // elements from row to row
	step int // from matrix to matrix
}

func (s stored) read(dst []float32, ld, i, row, rows, col, cols int) {
	at := i*s.step + row*s.ld + col
	if s.buf.dtype == device.Float32 && cols%8 == 0 {
		s.buf.dev.kernel.copyRows(dst, ld, s.buf.f32[at:], s.ld, cols, rows)
		return
	}
	for r := range rows {
		s.buf.copyTo(dst[r*ld:][:cols], at+r*s.ld)
	}
}

// at is matrix i from (row, col) on.
func (s stored) at(i, row, col int) []float32 { return s.buf.f32[i*s.step+row*s.ld+col:] }

// memory is f in memory as Float32, or nil.
func (f factor) memory() *stored {
	if s, ok := f.source.(stored); ok && s.buf.dtype == device.Float32 {
		return &s
	}
	return nil
}

// copyTo fills dst with the elements from at on.
func (b *buffer) copyTo(dst []float32, at int) {
	switch {
	case b.dtype == device.BFloat16:
		b.dev.kernel.widen(dst, b.bf16[at:][:len(dst)])
	case len(dst) < 8: // a call of copy would take longer
		for i, v := range b.f32[at:][:len(dst)] {
			dst[i] = v
		}
	default:
		copy(dst, b.f32[at:])
	}
}

// An operand is what the micro-kernel reads of a factor for a micro-tile. A lane is a
// row of A or a column of B; along it runs k.
type operand struct {
	v           []float32
	lane, depth int // distance from lane to lane, and from k to k
}

// A panel is a block of a factor: strips of lanes, size elements each, and what is
// left of a micro-tile elsewhere.
type panel struct {
	operand
	strip, size int // lanes of a strip, and elements
	whole       int // lanes, up to those of rest
	rest        operand
}

// at is the micro-tile's operand from lane i of the block on.
func (p *panel) at(i int) operand {
	if i >= p.whole {
		return p.rest
	}
	return operand{p.v[i/p.strip*p.size+i%p.strip*p.lane:], p.lane, p.depth}
}

// A loader brings blocks of a factor into cache, packed where that is needed.
type loader struct {
	factor
	lanes, k  int // extents of the factor
	lc, kc    int // extents of a block
	gl, gk    int // blocks along each
	unit      int // lanes that the micro-kernel reads at once
	byLane    bool
	packed    panel                                                      // the distances in a packed block
	size      int                                                        // of a packed block
	memory    *stored                                                    // where the source is Float32 in memory
	inPlace   bool                                                       // whole micro-tiles are read there
	transpose func(dst []float32, ldd int, src []float32, lds, cols int) // nil for none

	kept    []float32   // all blocks, once prepared
	scratch [][]float32 // else a block for each worker
	stage   [][]float32 // and eight lanes, where these are transposed
}

const (
	maxPacks  = 2  // of a block in cache, which is as quick as to pack it once for all
	pieceLen  = 64 // lanes, or k, that a task packs
	stripRows = 64 // of transposed A, at least, so that its lines are copied whole
)

// rowLoader is for A: a block lies as its source does, lane by lane or k by k, or
// lane by lane always where the micro-kernel wants it. Rows in memory are read where
// they are.
func rowLoader(a factor, c blocking, g *product) loader {
	l := loader{factor: a, lanes: g.m, k: g.k, lc: c.mc, kc: c.kc, gl: c.gm, gk: c.gk, unit: g.kernel.mr, byLane: !a.trans}
	if !l.byLane && !g.kernel.alongK {
		strip := l.unit
		for strip < stripRows || strip%8 != 0 { // whole vectors are copied
			strip += l.unit
		}
		l.inStrips(strip)
		return l
	}
	ld := spread(c.kc)
	l.packed = panel{operand: operand{lane: ld, depth: 1}, strip: 1, size: ld}
	l.size = roundUp(c.mc, 8) * ld // as transpose writes it
	if !l.byLane {
		l.transpose = g.kernel.transpose
		return l
	}
	l.memory = a.memory()
	l.inPlace = l.memory != nil
	return l
}

// colLoader is for B: a block is strips of a micro-tile's columns, each k by k, so
// that the micro-kernel walks straight through memory. A matrix of whole micro-tiles
// that the first cache holds, of l1 bytes, is read where it is.
func colLoader(b factor, c blocking, g *product, l1 int) loader {
	l := loader{factor: b, lanes: g.n, k: g.k, lc: c.nc, kc: c.kc, gl: c.gn, gk: c.gk, unit: g.kernel.nr, byLane: b.trans}
	l.inStrips(l.unit)
	l.memory = b.memory()
	if l.byLane {
		l.transpose = g.kernel.transpose
		return l
	}
	l.inPlace = l.memory != nil && g.n%g.kernel.columns() == 0 && 4*g.k*g.n <= l1*2/3
	return l
}

// inStrips says that a block is strips of so many lanes, each k by k.
func (l *loader) inStrips(strip int) {
	l.packed = panel{operand: operand{lane: 1, depth: strip}, strip: strip, size: strip * l.kc}
	l.size = roundUp(l.lc, strip) * l.kc
}

// prepare takes workspace, and plans to pack all blocks once where each has many
// uses.
func (l *loader) prepare(p *plan, batch, uses, packs int) {
	if l.inPlace {
		if l.byLane && l.lanes%l.unit != 0 {
			l.scratch = perWorker(p, l.unit*l.packed.lane)
		}
		return
	}
	if l.shared {
		uses *= batch
		batch = 1
	}
	if l.transpose != nil {
		l.stage = perWorker(p, 8*spread(max(l.kc, l.lc)))
	}
	if uses <= packs {
		l.scratch = perWorker(p, l.size)
		return
	}
	blocks, pieces := batch*l.gk*l.gl, ceilDiv(l.kc, pieceLen)
	if l.byLane {
		pieces = ceilDiv(l.lc, pieceLen)
	}
	l.kept = p.floats(blocks * l.size)
	p.each(blocks*pieces, func(t, worker int) {
		t, piece := t/pieces, t%pieces
		i, kb, lb := t/(l.gl*l.gk), t/l.gl%l.gk, t%l.gl
		lanes, k := l.block(lb, kb)
		if l.byLane {
			lanes = lanes.piece(piece)
		} else {
			k = k.piece(piece)
		}
		if lanes.len() > 0 && k.len() > 0 {
			l.pack(l.kept[t*l.size:][:l.size], i, lanes, k, worker)
		}
	})
}

// perWorker is workspace of n elements for every worker.
func perWorker(p *plan, n int) [][]float32 {
	v := make([][]float32, p.workers())
	for i := range v {
		v[i] = p.floats(n)
	}
	return v
}

// block is where block (lb, kb) lies in the factor.
func (l *loader) block(lb, kb int) (lanes, k span) {
	return spanAt(lb, l.lc, l.lanes), spanAt(kb, l.kc, l.k)
}

// piece is part number i of s.
func (s span) piece(i int) span {
	return span{min(s.lo+i*pieceLen, s.hi), min(s.lo+(i+1)*pieceLen, s.hi)}
}

// load returns block (lb, kb) of matrix i.
func (l *loader) load(i, lb, kb, worker int) panel {
	if l.shared {
		i = 0
	}
	lanes, k := l.block(lb, kb)
	if l.inPlace {
		return l.there(i, lanes, k, worker)
	}
	block := l.packed
	block.whole = lanes.len()
	if l.kept != nil {
		block.v = l.kept[((i*l.gk+kb)*l.gl+lb)*l.size:][:l.size]
	} else {
		block.v = l.scratch[worker]
		l.pack(block.v, i, lanes, k, worker)
	}
	return block
}

// there is a block where the source has it, and a copy of a micro-tile's part of rows,
// which would be read too far.
func (l *loader) there(i int, lanes, k span, worker int) panel {
	if !l.byLane {
		return panel{operand: operand{l.memory.at(i, k.lo, lanes.lo), 1, l.memory.ld}, strip: 1, size: 1, whole: lanes.len()}
	}
	ld, whole := l.memory.ld, lanes.len()/l.unit*l.unit
	block := panel{operand: operand{l.memory.at(i, lanes.lo, k.lo), ld, 1}, strip: 1, size: ld, whole: whole}
	if whole < lanes.len() {
		block.rest = operand{l.scratch[worker], l.packed.lane, 1}
		l.read(block.rest.v, l.packed.lane, i, lanes.lo+whole, lanes.len()-whole, k.lo, k.len())
	}
	return block
}

// pack copies what lies there in the factor to its place in a packed block.
func (l *loader) pack(dst []float32, i int, lanes, k span, worker int) {
	lane, p := lanes.lo%l.lc, k.lo%l.kc
	switch {
	case !l.byLane && l.transpose != nil:
		l.turn(dst[p:], i, lanes, k, worker)
	case !l.byLane:
		for j := 0; j < lanes.len(); j += l.packed.strip {
			l.read(dst[j*l.kc+p*l.packed.depth:], l.packed.depth, i, k.lo, k.len(), lanes.lo+j, min(l.packed.strip, lanes.len()-j))
		}
	case l.transpose == nil:
		l.read(dst[lane*l.packed.lane:], l.packed.lane, i, lanes.lo, lanes.len(), k.lo, k.len())
	default:
		for j := 0; j < lanes.len(); j += 8 {
			src, ld := l.eight(i, span{lanes.lo + j, min(lanes.lo+j+8, lanes.hi)}, k, worker)
			to := (lane+j)/l.packed.strip*l.packed.size + (lane+j)%l.packed.strip
			l.transpose(dst[to:], l.packed.depth, src, ld, roundUp(k.len(), 8))
		}
	}
}

// turn copies a block that lies k by k, lane by lane, eight k at a time.
func (l *loader) turn(dst []float32, i int, lanes, k span, worker int) {
	stage, ld := l.stage[worker], spread(l.lc)
	for p := 0; p < k.len(); p += 8 {
		l.read(stage, ld, i, k.lo+p, min(8, k.len()-p), lanes.lo, lanes.len())
		l.transpose(dst[p:], l.packed.lane, stage, ld, roundUp(lanes.len(), 8))
	}
}

// eight is up to eight lanes to be transposed, and the distance between them: the
// source itself, or a copy where transpose would go beyond it.
func (l *loader) eight(i int, lanes, k span, worker int) (src []float32, ld int) {
	if l.memory != nil && lanes.len() == 8 && k.len()%8 == 0 {
		return l.memory.at(i, lanes.lo, k.lo), l.memory.ld
	}
	src, ld = l.stage[worker], spread(l.kc)
	l.read(src, ld, i, lanes.lo, lanes.len(), k.lo, k.len())
	return src, ld
}
