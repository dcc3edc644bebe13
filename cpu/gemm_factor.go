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

// A panel is a block of a factor where the micro-kernel reads it. A lane is a row
// of A or a column of B; along it runs k. A micro-tile whose first lane is i begins
// at v[i*lane].
type panel struct {
	v           []float32
	lane, depth int // the distance from k to k is depth
}

// A loader brings blocks of a factor into cache, packed where that is needed.
type loader struct {
	factor
	lanes, k  int // extents of the factor
	lc, kc    int // extents of a block
	gl, gk    int // blocks along each
	unit      int // lanes that the micro-kernel reads at once
	strip     int // lanes that lie side by side in a packed block, k by k
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

// rowLoader is for A: a block lies as its source does, lane by lane or k by k, or
// lane by lane always where the micro-kernel wants it. Rows in memory are read where
// they are.
func rowLoader(a factor, c blocking, g *product) loader {
	l := loader{factor: a, lanes: g.m, k: g.k, lc: c.mc, kc: c.kc, gl: c.gm, gk: c.gk, unit: g.kernel.mr, strip: c.mc, byLane: !a.trans}
	if !l.byLane && !g.kernel.alongK {
		l.packed = panel{lane: 1, depth: spread(c.mc)}
		l.size = c.kc * l.packed.depth
		return l
	}
	l.packed = panel{lane: spread(c.kc), depth: 1}
	l.size = roundUp(c.mc, 8) * l.packed.lane // as transpose writes it
	if !l.byLane {
		l.transpose = g.kernel.transpose
		return l
	}
	l.memory = a.memory()
	l.inPlace = l.memory != nil
	return l
}

// colLoader is for B: a block is strips of a micro-tile's columns, each k by k, so
// that the micro-kernel walks straight through memory.
func colLoader(b factor, c blocking, g *product) loader {
	l := loader{factor: b, lanes: g.n, k: g.k, lc: c.nc, kc: c.kc, gl: c.gn, gk: c.gk, unit: g.kernel.nr, strip: g.kernel.nr, byLane: b.trans}
	l.packed = panel{lane: c.kc, depth: l.unit}
	l.size = c.kc * c.nc
	if l.byLane {
		l.transpose = g.kernel.transpose
		l.memory = b.memory()
	}
	return l
}

// prepare takes workspace, and plans to pack all blocks once where each is used
// more than once.
func (l *loader) prepare(p *plan, batch, uses int) {
	if l.inPlace && l.lanes%l.unit == 0 {
		return
	}
	if l.shared {
		uses *= batch
		batch = 1
	}
	if l.transpose != nil {
		l.stage = perWorker(p, 8*spread(max(l.kc, l.lc)))
	}
	if l.inPlace || uses == 1 {
		l.scratch = perWorker(p, l.size)
		return
	}
	n := batch * l.gk * l.gl
	l.kept = p.floats(n * l.size)
	p.each(n, func(t, worker int) {
		i, kb, lb := t/(l.gl*l.gk), t/l.gl%l.gk, t%l.gl
		l.pack(l.kept[t*l.size:][:l.size], i, lb, kb, worker)
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

// load returns block (lb, kb) of matrix i.
func (l *loader) load(i, lb, kb, worker int) panel {
	if l.shared {
		i = 0
	}
	if l.inPlace && spanAt(lb, l.lc, l.lanes).len()%l.unit == 0 {
		return panel{l.memory.at(i, lb*l.lc, kb*l.kc), l.memory.ld, 1}
	}
	block := l.packed
	if l.kept != nil {
		block.v = l.kept[((i*l.gk+kb)*l.gl+lb)*l.size:][:l.size]
	} else {
		block.v = l.scratch[worker]
		l.pack(block.v, i, lb, kb, worker)
	}
	return block
}

// pack copies block (lb, kb) of matrix i to dst.
func (l *loader) pack(dst []float32, i, lb, kb, worker int) {
	lanes, k := spanAt(lb, l.lc, l.lanes), spanAt(kb, l.kc, l.k)
	switch {
	case !l.byLane && l.transpose != nil:
		l.turn(dst, i, lanes, k, worker)
	case !l.byLane:
		for j := 0; j < lanes.len(); j += l.strip {
			l.read(dst[j*l.kc:], l.packed.depth, i, k.lo, k.len(), lanes.lo+j, min(l.strip, lanes.len()-j))
		}
	case l.transpose == nil:
		l.read(dst, l.packed.lane, i, lanes.lo, lanes.len(), k.lo, k.len())
	default:
		for j := 0; j < lanes.len(); j += 8 {
			src, ld := l.eight(i, span{lanes.lo + j, min(lanes.lo+j+8, lanes.hi)}, k, worker)
			l.transpose(dst[j/l.strip*l.strip*l.kc+j%l.strip:], l.packed.depth, src, ld, roundUp(k.len(), 8))
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
