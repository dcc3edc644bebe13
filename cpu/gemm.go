package cpu

// A product is C = A B for every matrix of a batch: C[m, n], A[m, k], B[k, n].
// It is cut into blocks. A task makes one block of C: for every block of k it
// brings a block of A and one of B near and lets the micro-kernel multiply them.
// Whole micro-tiles are summed up in C itself, others in a tile that stays in
// cache. What becomes of the finished sums is the epilogue's business.
//
// The cut along k follows from the product, the level and the caches alone, so the
// bits of the result do not depend on the workers. Goto and van de Geijn, Anatomy of
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
	tileRows int         // of a block's, that a tile keeps
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
	g.blocking = blockingOf(g, g.kernel.blocksFor(p.dev.caches), p.workers())
	c := g.blocking
	g.ldc, g.zeros, g.tileRows = g.to.ldc(), make([]float32, c.nc), c.mc
	if c.gk == c.parts {
		g.tileRows = g.kernel.mr
	}
	g.tiles = perWorker(p, g.tileRows*spread(c.nc))
	if g.k == 0 {
		g.planEmpty(p)
		return
	}
	g.rows, g.cols = rowLoader(g.a, c, g), colLoader(g.b, c, g, p.dev.caches.l1)
	g.rows.prepare(p, g.batch, c.gn, 1)
	g.cols.prepare(p, g.batch, c.gm, maxPacks)
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
	s := sums{matrix: t / c.parts, part: t % c.parts, cols: spanAt(col, c.nc, g.n)}
	rows := spanAt(row, c.mc, g.m)
	first, end := s.part*c.gk/c.parts, (s.part+1)*c.gk/c.parts
	for kb := first; kb < end; kb++ {
		a := g.rows.load(s.matrix, row, kb, worker)
		b := g.cols.load(s.matrix, col, kb, worker)
		for i := 0; i < rows.len(); i += g.kernel.mr {
			s.rows = span{rows.lo + i, min(rows.lo+i+g.kernel.mr, rows.hi)}
			g.place(&s, i, worker)
			if kb == first {
				g.begin(&s)
			}
			g.multiply(&s, a.at(i), &b, spanAt(kb, c.kc, g.k).len())
			if kb == end-1 {
				g.end(&s)
			}
		}
	}
}

// sums is a row of micro-tiles of C in the making.
type sums struct {
	matrix, part int
	rows, cols   span
	v, init      []float32 // the sums, and what those to come are added to
	ld, ldi      int       // between rows of each; 0 repeats a row
	inPlace      bool
}

func (s *sums) row(r int) []float32 { return s.v[r*s.ld:][:s.cols.len()] }

// place says where s, from row i of its block on, is made: where it will stay, if it
// is whole micro-tiles.
func (g *product) place(s *sums, i, worker int) {
	s.inPlace = g.ldc > 0 && s.rows.len() == g.kernel.mr && s.cols.len()%g.kernel.columns() == 0
	switch {
	case !s.inPlace:
		s.ld = spread(g.blocking.nc)
		s.v = g.tiles[worker][i%g.tileRows*s.ld:]
	default:
		s.v, s.ld = g.inC(s, 0), g.ldc
	}
	s.init, s.ldi = s.v, s.ld
}

// inC is where row r of s will stay: in C, or with its part's sums.
func (g *product) inC(s *sums, r int) []float32 {
	row := s.rows.lo + r
	if g.parts != nil {
		return g.parts[s.part][(s.matrix*g.m+row)*g.n+s.cols.lo:]
	}
	return of(g.to.dst.Buf).f32[g.to.rows.at(s.matrix, row)+s.cols.lo:]
}

// columns is what a micro-tile's columns are a multiple of.
func (k *productKernels) columns() int {
	if k.narrow == nil {
		return k.nr
	}
	return k.nr / 2
}

// multiply adds the product of some rows and a block to s. The rows stay in the first
// cache, and the block in the second.
func (g *product) multiply(s *sums, a operand, b *panel, depth int) {
	k, step, j := g.kernel, g.kernel.nr/b.strip*b.size, 0
	if n := s.cols.len() / k.nr; k.row != nil && n > 0 {
		k.row(n, s.v, s.ld, s.init, s.ldi, a.v, a.lane, a.depth, b.v, step, b.depth, depth)
		j = n * k.nr
	}
	for at := j / k.nr * step; j < s.cols.len(); j, at = j+k.nr, at+step {
		kernel := k.wide
		if s.cols.len()-j <= k.nr/2 && k.narrow != nil {
			kernel = k.narrow
		}
		kernel(s.v[j:], s.ld, s.init[j:], s.ldi, a.v, a.lane, a.depth, b.v[at:], b.depth, depth)
	}
}

// begin says what s is added to at first: C itself, the bias or zeros.
func (g *product) begin(s *sums) {
	switch {
	case g.addsToC() && s.inPlace:
	case g.addsToC():
		for r := range s.rows.len() {
			copy(s.row(r), g.inC(s, r))
		}
	case s.part > 0 || g.to.bias == nil:
		s.init, s.ldi = g.zeros, 0
	case s.cols.len()%g.kernel.columns() == 0:
		s.init, s.ldi = g.to.bias[s.matrix*g.to.biasStep+s.cols.lo:], 0
	default: // a micro-tile would read beyond the bias
		for r := range s.rows.len() {
			copy(s.row(r), g.to.bias[s.matrix*g.to.biasStep+s.cols.lo:])
		}
	}
}

// addsToC reports whether sums start from C, so that in a tile they have the same bits.
func (g *product) addsToC() bool { return g.ldc > 0 && g.parts == nil && g.to.dst.Add }

// end hands s to the epilogue, or puts it with its part's sums.
func (g *product) end(s *sums) {
	if s.inPlace && (g.parts != nil || !g.to.activates()) {
		return
	}
	for r := range s.rows.len() {
		row := s.rows.lo + r
		switch {
		case g.parts != nil || g.addsToC():
			copy(g.inC(s, r), s.row(r))
		case s.inPlace:
			g.to.activate(s.row(r), g.to.rows.at(s.matrix, row)+s.cols.lo)
		default:
			g.to.end(s.row(r), s.matrix, row, s.cols.lo)
		}
	}
}

// planEmpty adds the phase for k = 0: every row is the bias or zeros.
func (g *product) planEmpty(p *plan) {
	p.each(g.batch*g.m*g.blocking.gn, func(t, worker int) {
		row, cols := t/g.blocking.gn, spanAt(t%g.blocking.gn, g.blocking.nc, g.n)
		v := g.tiles[worker][:cols.len()]
		clear(v)
		if g.to.bias != nil {
			copy(v, g.to.bias[row/g.m*g.to.biasStep+cols.lo:])
		}
		g.to.end(v, row/g.m, row%g.m, cols.lo)
	})
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
