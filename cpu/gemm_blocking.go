package cpu

const (
	enoughTasks  = 16      // to keep the workers of most machines busy
	tasksEach    = 4       // for every worker, so that all end at about the same time
	smallTask    = 1 << 20 // multiplications not worth cutting further: some 10 µs
	minBlockRows = 64      // of a block that is cut further, so that reading an
	minBlockCols = 128     // element of A or B stays cheap beside multiplying it
	minPart      = 2       // blocks of k in a part
	maxBlockRows = 1024    // of a block: more gain nothing
	maxDepth     = 1024    // of a block, likewise
)

// A blockSize is the most that a block has of rows, columns and steps of k.
type blockSize struct{ rows, cols, depth int }

// blocksFor is the block size for a processor with caches c. A block of B takes half
// of the second cache, and as much of k as it can with enough columns; a micro-tile's
// rows of A take three quarters of the first.
func (k *productKernels) blocksFor(c caches) blockSize {
	elements := c.l2 / 2 / 4
	depth := min(max(elements/minBlockCols/8*8, 64), maxDepth, c.l1*3/4/(4*k.mr)/8*8)
	cols := elements / depth / k.nr * k.nr
	return blockSize{rows: roundUp(maxBlockRows, k.mr), cols: max(cols, minBlockCols), depth: depth}
}

// A blocking says how a product is divided.
type blocking struct {
	mc, nc, kc int // extents of a block
	gm, gn, gk int // blocks along m, n and k
	parts      int // runs of blocks of k that are summed apart
}

// blockingOf divides g, first into blocks that fit the caches, then further until
// there are enough tasks for the workers. What is done along k does not depend on
// these.
func blockingOf(g *product, fit blockSize, workers int) blocking {
	c := blocking{gm: ceilDiv(g.m, fit.rows), gn: ceilDiv(g.n, fit.cols), gk: ceilDiv(g.k, fit.depth)}
	c.parts = c.partsOf(g)
	c = c.cut(g, tasksEach*workers)
	c.mc = roundUp(ceilDiv(g.m, c.gm), g.kernel.mr)
	c.nc = roundUp(ceilDiv(g.n, c.gn), g.kernel.nr)
	c.kc = roundUp(ceilDiv(g.k, max(c.gk, 1)), 8)
	c.gm, c.gn, c.gk = ceilDiv(g.m, c.mc), ceilDiv(g.n, c.nc), ceilDiv(g.k, max(c.kc, 1))
	c.parts = max(1, min(c.parts, c.gk))
	return c
}

// cut halves blocks until there are so many, or they are small.
func (c blocking) cut(g *product, tasks int) blocking {
	for !c.enough(g, tasks) {
		m, n := g.m/c.gm, g.n/c.gn
		switch {
		case n > minBlockCols && n >= m:
			c.gn *= 2
		case m > minBlockRows:
			c.gm *= 2
		default:
			return c
		}
	}
	return c
}

// enough reports whether there are so many blocks, or they are small.
func (c blocking) enough(g *product, tasks int) bool {
	return g.batch*c.gm*c.gn >= tasks || g.m*g.n*g.k/(c.gm*c.gn) <= smallTask
}

// partsOf is into how many parts k is cut where m and n give too few tasks.
func (c blocking) partsOf(g *product) int {
	if c = c.cut(g, enoughTasks); c.enough(g, enoughTasks) {
		return 1
	}
	return max(1, min(ceilDiv(enoughTasks, g.batch*c.gm*c.gn), c.gk/minPart))
}

// A span is a range of indices.
type span struct{ lo, hi int }

func (s span) len() int { return s.hi - s.lo }

// spanAt is span number i where n indices are cut into spans of size.
func spanAt(i, size, n int) span { return span{i * size, min((i+1)*size, n)} }

func ceilDiv(n, d int) int { return (n + d - 1) / d }

func roundUp(n, unit int) int { return ceilDiv(n, unit) * unit }

// spread is the distance between rows of n elements: whole cache lines, an odd
// number of them, so that a column meets every set of a cache.
func spread(n int) int { return (ceilDiv(n, 16) | 1) * 16 }
