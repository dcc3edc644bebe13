package cpu

import "example.org/chainrule/device"

// A depthwiseGradient is the filter gradient of a depthwise convolution: the slides
// of the convolution, which add up instead what their taps meet,
//
//	sums[kh, kw, c] = Σ x[n, i strideH + dh, j strideW + dw, c] dy[n, i, j, c]
//
// over images and positions. A slide goes over all lines of a block that meet its
// rows, with the sums in registers. Each of a fixed number of parts of the blocks
// makes sums of its own.
type depthwiseGradient struct {
	sweep
	images int
	x, dy  frames // without margins
	to     device.Dst

	slideGrad func(dw, dy, x []float32, s *slide)
	slides    []lineSlide
	block     int         // lines of positions
	sums      [][]float32 // of each part, [tap, channel]
	work      []workSlide // of each worker
}

// planDepthwiseGradFilter plans dw.
func planDepthwiseGradFilter(p *plan, dw device.Dst, dy, x *buffer, s device.Conv2D) {
	oh, ow := s.Out()
	g := &depthwiseGradient{
		sweep: sweepOf(s), images: s.N, to: dw, slideGrad: p.dev.kernel.slideGrad, work: workSlides(p),
		x: wholeLines(x, s.H, s.W, s.C), dy: wholeLines(dy, oh, ow, s.C),
	}
	g.block = g.blockLines(s.N, s.W*s.C)
	g.x.prepare(p, 1, g.lines(g.block), 0)
	g.dy.prepare(p, 1, g.block, 0)
	g.slides = g.lineSlides(&g.x, s.C)
	size := s.KH * s.KW * s.C
	for range max(1, min(enoughTasks, g.blocks(), mostSums/max(size, 1))) {
		g.sums = append(g.sums, p.floats(size))
	}
	stage := perWorker(p, s.KH*s.KW)
	if p.failed {
		return
	}
	p.each(len(g.sums), g.task)
	g.planStore(p, stage)
}

// blocks is how many there are.
func (g *depthwiseGradient) blocks() int {
	if g.width == 0 || g.height == 0 {
		return 0
	}
	return g.images * ceilDiv(g.height, g.block)
}

// task adds up the blocks of a part.
func (g *depthwiseGradient) task(part, worker int) {
	sums, perImage := g.sums[part], ceilDiv(g.height, max(g.block, 1))
	clear(sums)
	for b := part * g.blocks() / len(g.sums); b < (part+1)*g.blocks()/len(g.sums); b++ {
		image, lines := span{b / perImage, b/perImage + 1}, spanAt(b%perImage, g.block, g.height)
		inside := g.linesInside(lines, g.x.height)
		x, dy := g.x.load(image, inside, worker), g.dy.load(image, lines, worker)
		for rows := (span{0, len(g.dh)}).next(); rows.len() > 0; rows = (span{rows.hi, len(g.dh)}).next() {
			g.sumRows(sums, dy, x, rows, lines, inside.lo, worker)
		}
	}
}

// sumRows adds up what some rows of the window meet at lines of positions, as many
// lines at a time as meet the same of them.
func (g *depthwiseGradient) sumRows(sums, dy, x []float32, rows, lines span, first, worker int) {
	for h := lines.lo; h < lines.hi; {
		same := span{h, h + 1}
		meets := g.rowsInside(h, g.x.height).within(rows)
		for same.hi < lines.hi && g.rowsInside(same.hi, g.x.height).within(rows) == meets {
			same.hi++
		}
		if meets.len() > 0 {
			g.sumLines(sums, dy[(h-lines.lo)*g.dy.line:], x, meets, same, first, worker)
		}
		h = same.hi
	}
}

// sumLines adds up what rows meet at lines of positions; x begins with line first
// of the image.
func (g *depthwiseGradient) sumLines(sums, dy, x []float32, rows, lines span, first, worker int) {
	for i := range g.slides {
		a, s := &g.slides[i], &g.work[worker].slide
		if a.columns == 0 {
			continue
		}
		*s = a.slide
		a.meet(s, &g.sweep, &g.x, rows, lines.lo, first)
		s.lines = lines.len()
		s.xNext = g.strideH*g.x.line - s.columns*s.xMove
		s.yNext = g.dy.line - s.n*s.yMove
		g.slideGrad(sums, dy[a.to:], x, s)
	}
}

// planStore plans to add the parts in their order, and to turn the sums into
// filters.
func (g *depthwiseGradient) planStore(p *plan, stage [][]float32) {
	channels, size := g.x.channels, len(g.dh)*len(g.dw)
	p.each(ceilDiv(channels, planeStrip), func(t, worker int) {
		strip, filter := spanAt(t, planeStrip, channels), stage[worker]
		for tap := range size {
			sum := g.sums[0][tap*channels:][strip.lo:strip.hi]
			for _, part := range g.sums[1:] {
				p.dev.kernel.add(sum, part[tap*channels+strip.lo:][:len(sum)])
			}
		}
		for c := strip.lo; c < strip.hi; c++ {
			for tap := range filter {
				filter[tap] = g.sums[0][tap*channels+c]
			}
			store(g.to, c*size, filter)
		}
	})
}
