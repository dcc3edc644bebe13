package cpu

import "example.org/chainrule/device"

// A filterGradient sums, over the images n and positions (i, j), for every tap
// and the channels c and filters o of each group,
//
//	sums[dh, dw, c, o] = Σ image[n, i strideH + dh, j strideW + dw, c] dy[n, i, j, o]
//
// which is the gradient transposed. Both factors are read where they lie: the
// rows of a micro-tile are elements of a window's line, its columns are filters,
// and it sums over the positions of a block, so few that what they read stays in
// the first cache. Tiles want positions to be neighbours: there the rows are channels
// of a tap, of images turned. Each of a fixed number of parts of the blocks makes sums of its own.
type filterGradient struct {
	sweep
	reducer        *batchReducer
	images, groups int
	out            int    // filters of a group
	from, dy       frames // dy without margins
	to             device.Dst

	strips   []filterStrip
	columns  int // of all strips
	taps     []tapRun
	length   int         // rows of a run of taps: elements, or taps
	step     int         // elements from row to row
	rows     int         // of a run in the sums: whole micro-tiles
	block    pixelBlock  // of positions that are summed at once
	products products    // of a whole block
	sums     [][]float32 // of each part
	cuts     int         // tasks that share the strips of a part
}

// plan adds the phases of the gradient to p.
func (g *filterGradient) plan(p *plan) {
	if g.groups*g.out == 0 {
		return
	}
	g.layRows(p.dev.kernel)
	g.strips, g.columns = g.reducer.strips(g.groups, g.out, g.from.channels/g.groups)
	g.cut()
	g.place(p)
	g.multiplyLines()
	size := (len(g.taps)*g.rows + 8) * g.columns // transposing may read beyond
	for range g.split(size) {
		g.sums = append(g.sums, p.floats(size))
	}
	if p.failed {
		return
	}
	p.each(len(g.sums)*g.cuts, g.task)
	g.planSum(p, size)
	g.planStore(p)
}

// layRows decides what the rows of the sums are, and which micro-tile fits them.
func (g *filterGradient) layRows(k *kernels) {
	g.step = 1
	g.taps, g.length = g.runs(g.groups, g.from.channels)
	if g.reducer.alongK {
		g.from.turned = turningOf(g.from.cols, g.strideW, &k.productKernels)
		g.step = g.from.turned.pitch
		g.taps, g.length = g.eachTap(), g.from.channels/g.groups
	}
	if g.reducer == &k.reducer {
		g.reducer = k.tilesOf(g.length)
	}
	g.rows = roundUp(g.length, g.reducer.mr)
}

const (
	blockPositions = 128     // a strip of dy fits half the first cache: 16 KiB with AVX-512
	mostSums       = 1 << 22 // elements of all parts
)

// cut decides which positions are summed at once.
func (g *filterGradient) cut() {
	g.block = pixelBlock{images: 1, lines: max(1, min(g.height, blockPositions/max(g.width, 1)))}
	if g.block.lines == g.height {
		image := g.lines(g.height) * g.from.cols * g.from.channels
		most := min(blockPositions/max(g.height*g.width, 1), frameSize/max(image, 1))
		g.block.images = max(1, min(g.images, most))
	}
}

// blocks is how many there are.
func (g *filterGradient) blocks() int {
	if g.width == 0 {
		return 0
	}
	return ceilDiv(g.images, g.block.images) * ceilDiv(g.height, g.block.lines)
}

// split divides the work and says into how many parts, whose sums take size each.
func (g *filterGradient) split(size int) int {
	parts := max(1, min(enoughTasks, g.blocks(), mostSums/size))
	g.cuts = min(len(g.strips), ceilDiv(enoughTasks, parts))
	return parts
}

// place decides where images are read.
func (g *filterGradient) place(p *plan) {
	lines := g.lines(g.block.lines)
	exact := g.columns == g.groups*g.out
	g.from.inPlace = g.length == g.rows && g.from.fits(g.lines(g.height))
	g.from.prepare(p, g.block.images, lines, g.reducer.mr*g.step+g.reducer.nr)
	g.dy.inPlace = exact && g.dy.fits(g.height)
	g.dy.prepare(p, g.block.images, g.block.lines, g.reducer.nr)
}

// multiplyLines makes a term of each line of positions.
func (g *filterGradient) multiplyLines() {
	g.products.strides = strides{
		ldc: g.columns, ldi: g.columns, k: g.width,
		rs: g.step, ks: g.strideW * g.from.channels, ldb: g.dy.channels,
	}
	if g.reducer.alongK {
		g.products.ks = 1
	}
	for n := range g.block.images {
		for h := range g.block.lines {
			g.products.terms = append(g.products.terms, term{n*g.from.image + h*g.strideH*g.from.line, n*g.dy.image + h*g.dy.line})
		}
	}
}

// task adds the blocks of a part to some strips of its sums.
func (g *filterGradient) task(t, worker int) {
	part, cut := t/g.cuts, t%g.cuts
	strips := g.strips[cut*len(g.strips)/g.cuts : (cut+1)*len(g.strips)/g.cuts]
	sums, first := g.sums[part], strips[0].at
	last := strips[len(strips)-1]
	for r := range len(g.taps) * g.rows {
		clear(sums[r*g.columns:][first : last.at+last.width])
	}
	perImage := ceilDiv(g.height, g.block.lines)
	for b := part * g.blocks() / len(g.sums); b < (part+1)*g.blocks()/len(g.sums); b++ {
		images, lines := spanAt(b/perImage, g.block.images, g.images), spanAt(b%perImage, g.block.lines, g.height)
		from := lines.lo * g.strideH
		x := g.from.load(images, span{from, from + g.lines(lines.len())}, worker)
		dy := g.dy.load(images, lines, worker)
		for _, s := range strips {
			g.multiply(sums[s.at:], x, dy, s, images.len()*lines.len())
		}
	}
}

// multiply adds the sums over so many lines to those of a strip.
func (g *filterGradient) multiply(sums, x, dy []float32, s filterStrip, lines int) {
	kernel := g.reducer.wide
	if s.width < g.reducer.nr {
		kernel = g.reducer.narrow
	}
	x, dy = x[g.from.at(0, s.from):], dy[s.group*g.out+s.first:]
	for t, tap := range g.taps {
		at := tap.line*g.from.line + g.from.at(tap.pixel, 0)
		for r := 0; r < g.length; r += g.reducer.mr {
			c := sums[(t*g.rows+r)*g.columns:]
			kernel(c, c, x[at+r*g.step:], dy, g.products.terms[:lines], &g.products.strides)
		}
	}
}

// planSum plans to add the parts to the first one, in their order.
func (g *filterGradient) planSum(p *plan, size int) {
	if len(g.sums) == 1 {
		return
	}
	p.eachTile(size-8*g.columns, func(lo, hi, _ int) {
		for _, part := range g.sums[1:] {
			addRow(g.sums[0][lo:hi], part[lo:hi])
		}
	})
}

// planStore plans to transpose the sums, eight filters at a time, into dw.
func (g *filterGradient) planStore(p *plan) {
	size := len(g.taps) * g.length // of a filter
	ld := spread(size + 8)
	stage := perWorker(p, 8*ld)
	if p.failed {
		return
	}
	transpose, perStrip := p.dev.kernel.transpose, g.reducer.nr/8
	p.each(len(g.strips)*perStrip, func(t, worker int) {
		s, v := g.strips[t/perStrip], stage[worker]
		first := t % perStrip * 8
		if first >= s.count {
			return
		}
		for i := range g.taps {
			for r := 0; r < g.length; r += 8 {
				transpose(v[i*g.length+r:], ld, g.sums[0][(i*g.rows+r)*g.columns+s.at+first:], g.columns, 8)
			}
		}
		for o := range min(8, s.count-first) {
			store(g.to, (s.group*g.out+s.first+first+o)*size, v[o*ld:][:size])
		}
	})
}
