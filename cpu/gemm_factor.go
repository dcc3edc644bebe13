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
	// keep says that reading takes work and the whole may be kept: blocks that
	// several tasks use are then read once. Patches of images are never kept.
	keep bool
}

// stored is a source in memory.
type stored struct {
	buf  *buffer
	ld   int // elements from row to row
	step int // from matrix to matrix
}

func (s stored) read(dst []float32, ld, i, row, rows, col, cols int) {
	for r := range rows {
		s.buf.copyTo(dst[r*ld:][:cols], i*s.step+(row+r)*s.ld+col)
	}
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

// A loader brings blocks of a factor to where the micro-kernel reads them. A
// lane is a row of A or a column of B; along it runs k.
type loader struct {
	factor
	lanes, k    int                                                        // extents of the factor
	lc, kc      int                                                        // extents of a block
	gl, gk      int                                                        // blocks along each
	byLane      bool                                                       // a row of the source is a lane
	lane, depth int                                                        // distance in a block from lane to lane, and from k to k
	size        int                                                        // of a block
	transpose   func(dst []float32, ldd int, src []float32, lds, cols int) // nil for none

	kept    []float32   // all blocks, once prepared
	scratch [][]float32 // else a block for each worker
	stage   [][]float32 // and eight lanes, where these are transposed
}

// rowLoader is for A: a block lies as its source does, lane by lane or k by k.
func rowLoader(a factor, c blocking, g *product) loader {
	l := loader{factor: a, lanes: g.m, k: g.k, lc: c.mc, kc: c.kc, gl: c.gm, gk: c.gk, byLane: !a.trans}
	if l.byLane {
		l.lane, l.depth = spread(c.kc), 1
		l.size = c.mc * l.lane
	} else {
		l.lane, l.depth = 1, spread(c.mc)
		l.size = c.kc * l.depth
	}
	return l
}

// colLoader is for B: a block lies k by k, as vectors want it.
func colLoader(b factor, c blocking, g *product) loader {
	l := loader{factor: b, lanes: g.n, k: g.k, lc: c.nc, kc: c.kc, gl: c.gn, gk: c.gk, byLane: b.trans}
	l.lane, l.depth = 1, spread(c.nc)
	l.size = c.kc * l.depth
	if l.byLane {
		l.transpose = g.kernel.transpose
	}
	return l
}

// prepare takes workspace, and plans to read all blocks once where each is used
// more than once and should be kept.
func (l *loader) prepare(p *plan, batch, uses int) {
	if l.shared {
		uses *= batch
		batch = 1
	}
	if l.transpose != nil {
		l.stage = perWorker(p, 8*spread(l.kc))
	}
	if !l.keep || uses == 1 {
		l.scratch = perWorker(p, l.size)
		return
	}
	n := batch * l.gk * l.gl
	l.kept = p.floats(n * l.size)
	p.each(n, func(t, worker int) {
		i, kb, lb := t/(l.gl*l.gk), t/l.gl%l.gk, t%l.gl
		l.fill(l.kept[t*l.size:][:l.size], i, lb, kb, worker)
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
func (l *loader) load(i, lb, kb, worker int) []float32 {
	if l.shared {
		i = 0
	}
	if l.kept != nil {
		return l.kept[((i*l.gk+kb)*l.gl+lb)*l.size:][:l.size]
	}
	dst := l.scratch[worker]
	l.fill(dst, i, lb, kb, worker)
	return dst
}

// fill reads block (lb, kb) of matrix i into dst.
func (l *loader) fill(dst []float32, i, lb, kb, worker int) {
	lanes, k := spanAt(lb, l.lc, l.lanes), spanAt(kb, l.kc, l.k)
	switch {
	case !l.byLane:
		l.read(dst, l.depth, i, k.lo, k.len(), lanes.lo, lanes.len())
	case l.transpose == nil:
		l.read(dst, l.lane, i, lanes.lo, lanes.len(), k.lo, k.len())
	default:
		stage, ld := l.stage[worker], spread(l.kc)
		for j := 0; j < lanes.len(); j += 8 {
			l.read(stage, ld, i, lanes.lo+j, min(8, lanes.len()-j), k.lo, k.len())
			l.transpose(dst[j:], l.depth, stage, ld, roundUp(k.len(), 8))
		}
	}
}
