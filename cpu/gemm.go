package cpu

// A product is C = A B for every matrix of a batch: C[m, n], A[m, k], B[k, n].
// It is cut into blocks. A task makes one block of C: for every block of k it
// brings a block of A and one of B near and lets the micro-kernel multiply them.
// Whole micro-tiles are summed up in C itself, others in a tile that stays in
// cache. What becomes of the finished sums is the epilogue's business.
//
// The cut follows from the product, the level and the caches alone, so the bits
// of the result do not depend on the workers. Goto and van de Geijn, Anatomy of
// High-Performance Matrix Multiplication, 2008.
type product struct {
	batch, m, n, k int
	a, b           factor
	to             epilogue

	kernel   *productKernels // set by plan, if not before
	blocking blocking
	rows     loader      // of A
	cols     loader      // of B
	ldc      int         // between rows of C, where sums may be made in it; else 0
	zeros    []float32   // for a row of a block
	tiles    [][]float32 // of each worker
	parts    [][]float32 // of each part of k the sums, [batch, m, n]; nil for one part
}

// plan adds the phases of the product to p.
func (g *product) plan(p *plan) {
	if g.batch*g.m*g.n == 0 {
		return
	}
	if g.kernel == nil {
		g.kernel = &p.dev.kernel.productKernels
	}
	g.blocking = blockingOf(g, g.kernel, g.kernel.blocksFor(p.dev.caches))
	c := g.blocking
	g.rows = rowLoader(g.a, c, g)
	g.cols = colLoader(g.b, c, g)
	g.rows.prepare(p, g.batch, c.gn)
	g.cols.prepare(p, g.batch, c.gm)
	g.ldc = g.to.ldc()
	g.zeros = make([]float32, c.nc)
	g.tiles = perWorker(p, c.mc*spread(c.nc))
	if c.parts > 1 {
		g.ldc = g.n
		for range c.parts {
			g.parts = append(g.parts, p.floats(g.batch*g.m*g.n))
		}
	}
	if p.failed {
		return
	}
	p.each(g.batch*c.parts*c.gm*c.gn, g.task)
	if c.parts > 1 {
		g.planSum(p)
	}
}

// task makes block number t of C.
func (g *product) task(t, worker int) {
	c := g.blocking
	t, col := t/c.gn, t%c.gn
	t, row := t/c.gm, t%c.gm
	s := sums{matrix: t / c.parts, part: t % c.parts, rows: spanAt(row, c.mc, g.m), cols: spanAt(col, c.nc, g.n)}
	g.place(&s, worker)
	g.begin(&s)
	for kb := s.part * c.gk / c.parts; kb < (s.part+1)*c.gk/c.parts; kb++ {
		a := g.rows.load(s.matrix, row, kb, worker)
		b := g.cols.load(s.matrix, col, kb, worker)
		g.multiply(&s, a, b, spanAt(kb, c.kc, g.k).len())
		s.init, s.ldi = s.v, s.ld
	}
	g.end(&s)
}

// sums is a block of C in the making.
type sums struct {
	matrix, part int
	rows, cols   span
	v, init      []float32 // the sums, and what those to come are added to
	ld, ldi      int       // between rows of each; 0 repeats a row
	whole        bool      // micro-tiles
	inPlace      bool
}

func (s *sums) row(r int) []float32 { return s.v[r*s.ld:][:s.cols.len()] }

// place says where s is made: where it will stay, if it is whole micro-tiles.
func (g *product) place(s *sums, worker int) {
	s.whole = s.rows.len()%g.kernel.mr == 0 && s.cols.len()%g.kernel.columns() == 0
	s.inPlace = s.whole && g.ldc > 0
	switch {
	case !s.inPlace:
		s.v, s.ld = g.tiles[worker], spread(g.blocking.nc)
	case g.parts != nil:
		s.v, s.ld = g.parts[s.part][(s.matrix*g.m+s.rows.lo)*g.n+s.cols.lo:], g.ldc
	default:
		s.v, s.ld = of(g.to.dst.Buf).f32[g.to.rows.at(s.matrix, s.rows.lo)+s.cols.lo:], g.ldc
	}
}

// columns is what a micro-tile's columns are a multiple of.
func (k *productKernels) columns() int {
	if k.narrow == nil {
		return k.nr
	}
	return k.nr / 2
}

// multiply adds the product of two blocks to s. A row of micro-tiles finds its rows
// of a in the first cache, and all of them find b in the second.
func (g *product) multiply(s *sums, a, b panel, depth int) {
	k := g.kernel
	for i := 0; i < s.rows.len(); i += k.mr {
		for j := 0; j < s.cols.len(); j += k.nr {
			kernel := k.wide
			if s.cols.len()-j <= k.nr/2 && k.narrow != nil {
				kernel = k.narrow
			}
			kernel(s.v[i*s.ld+j:], s.ld, s.init[i*s.ldi+j:], s.ldi, a.v[i*a.lane:], a.lane, a.depth, b.v[j*b.lane:], b.depth, depth)
		}
	}
}

// begin says what s is added to at first: C itself, the bias or zeros.
func (g *product) begin(s *sums) {
	if s.inPlace && g.parts == nil && g.to.dst.Add {
		s.init, s.ldi = s.v, s.ld
		return
	}
	s.init, s.ldi = g.zeros, 0
	if s.part == 0 && g.to.bias != nil {
		s.init = g.to.bias[s.matrix*g.to.biasStep+s.cols.lo:]
	}
	if s.whole && g.k > 0 {
		return
	}
	for r := range s.rows.len() { // a part of a micro-tile would read beyond the bias
		copy(s.row(r), s.init)
	}
	s.init, s.ldi = s.v, s.ld
}

// end hands s to the epilogue, or puts it with its part's sums.
func (g *product) end(s *sums) {
	if s.inPlace && (g.parts != nil || !g.to.activates()) {
		return
	}
	for r := range s.rows.len() {
		row := s.rows.lo + r
		switch {
		case g.parts != nil:
			copy(g.parts[s.part][(s.matrix*g.m+row)*g.n+s.cols.lo:], s.row(r))
		case s.inPlace:
			g.to.activate(s.row(r), g.to.rows.at(s.matrix, row)+s.cols.lo)
		default:
			g.to.end(s.row(r), s.matrix, row, s.cols.lo)
		}
	}
}

// planSum adds the phase that sums the parts, in their order, a row at a time.
func (g *product) planSum(p *plan) {
	chunk := max(1, tileLen/g.n)
	rows := g.batch * g.m
	p.each(ceilDiv(rows, chunk), func(t, _ int) {
		for r := t * chunk; r < min((t+1)*chunk, rows); r++ {
			sum := g.parts[0][r*g.n:][:g.n]
			for _, part := range g.parts[1:] {
				for j, v := range part[r*g.n:][:g.n] {
					sum[j] += v
				}
			}
			g.to.end(sum, r/g.m, r%g.m, 0)
		}
	})
}
