package cpu

// A product is C = A B for every matrix of a batch: C[m, n], A[m, k], B[k, n].
// It is cut into blocks. A task makes one block of C in a tile that stays in
// cache: for every block of k it brings a block of A and one of B next to the
// tile and lets the micro-kernel multiply them. What becomes of the finished
// tile is the epilogue's business.
//
// The cut follows from the product and the level alone, so the bits of the
// result do not depend on the workers. Goto and van de Geijn, Anatomy of
// High-Performance Matrix Multiplication, 2008.
type product struct {
	batch, m, n, k int
	a, b           factor
	to             epilogue

	kernel   *productKernels // set by plan, if not before
	blocking blocking
	rows     loader      // of A
	cols     loader      // of B
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
	g.blocking = blockingOf(g, g.kernel)
	c := g.blocking
	g.rows = rowLoader(g.a, c, g)
	g.cols = colLoader(g.b, c, g)
	g.rows.prepare(p, g.batch, c.gn)
	g.cols.prepare(p, g.batch, c.gm)
	g.tiles = perWorker(p, c.mc*g.ldc())
	if c.parts > 1 {
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

// ldc is the distance between rows of a tile.
func (g *product) ldc() int { return spread(g.blocking.nc) }

// task makes tile number t.
func (g *product) task(t, worker int) {
	c := g.blocking
	t, col := t/c.gn, t%c.gn
	t, row := t/c.gm, t%c.gm
	i, part := t/c.parts, t%c.parts
	rows, cols := spanAt(row, c.mc, g.m), spanAt(col, c.nc, g.n)
	tile := g.tiles[worker]
	g.begin(tile, i, part, rows.len(), cols)
	for kb := part * c.gk / c.parts; kb < (part+1)*c.gk/c.parts; kb++ {
		a := g.rows.load(i, row, kb, worker)
		b := g.cols.load(i, col, kb, worker)
		g.multiply(tile, a, b, rows.len(), cols.len(), spanAt(kb, c.kc, g.k).len())
	}
	g.end(tile, i, part, rows, cols)
}

// multiply adds the product of two blocks to a tile. The strip of b that the
// inner loop uses stays in the first cache; the blocks stay in the second.
func (g *product) multiply(tile, a, b []float32, rows, cols, depth int) {
	k, ldc := g.kernel, g.ldc()
	rs, ks, ldb := g.rows.lane, g.rows.depth, g.cols.depth
	for j := 0; j < cols; j += k.nr {
		kernel := k.wide
		if cols-j <= k.nr/2 && k.narrow != nil {
			kernel = k.narrow
		}
		for i := 0; i < rows; i += k.mr {
			kernel(tile[i*ldc+j:], ldc, a[i*rs:], rs, ks, b[j:], ldb, depth)
		}
	}
}

// begin sets a tile to the bias, or to zero.
func (g *product) begin(tile []float32, i, part, rows int, cols span) {
	for r := range rows {
		v := tile[r*g.ldc():][:cols.len()]
		if part == 0 {
			g.to.begin(v, i, cols.lo)
		} else {
			clear(v)
		}
	}
}

// end hands a tile to the epilogue, or puts it with its part's sums.
func (g *product) end(tile []float32, i, part int, rows, cols span) {
	for r := range rows.len() {
		v := tile[r*g.ldc():][:cols.len()]
		if g.parts == nil {
			g.to.end(v, i, rows.lo+r, cols.lo)
		} else {
			copy(g.parts[part][(i*g.m+rows.lo+r)*g.n+cols.lo:], v)
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
