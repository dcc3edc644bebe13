package cpu

import "example.org/chainrule/device"

// A scatter is the data gradient of images of few channels, which would leave most
// columns of a micro-tile empty. Here columns are pixels of a line, and rows are
// the channels of the lines that a line of dy reaches:
//
//	part[kh, c, w] = Σ dy[n, i, w + Left - kw, o] filter[o, kh, kw, c]
//
// over kw and o, which line i of dy adds to line i + kh - Top of dx. It reads dy
// turned, a line for every output channel. Strides and dilations are 1.
type scatter struct {
	device.Conv2D
	dy      frames
	w       *buffer
	to      device.Dst
	kernel  *kernels
	reducer *batchReducer

	ld, turnedLd  int       // between lines of sums, and of a line of dy turned
	filters       []float32 // [kh, c, kw, o]
	taps          []term    // one for every kw
	strides       strides
	zeros         []float32
	lines, blocks int         // of dx that a task makes, and how many tasks an image is
	turned, parts [][]float32 // of each worker
	sums, pixels  [][]float32 // of each worker: lines of dx [line, c, w], one of them [w, c]
}

// scatters reports whether the data gradient of s is faster as a scatter.
func (k *kernels) scatters(s device.Conv2D) bool {
	dense := s.StrideH == 1 && s.StrideW == 1 && s.DilationH == 1 && s.DilationW == 1
	return dense && s.Groups == 1 && s.C < k.reducer.nr/4
}

// planScatter plans dx.
func planScatter(p *plan, dx device.Dst, dy, w *buffer, s device.Conv2D) {
	oh, ow := s.Out()
	k := p.dev.kernel
	g := &scatter{Conv2D: s, w: w, to: dx, kernel: k, reducer: k.tilesOf(s.KH * s.C)}
	g.dy = frames{buf: dy, height: oh, width: ow, channels: s.K, left: s.KW - 1 - s.Left, cols: s.W + s.KW - 1}
	g.ld = roundUp(s.W, g.reducer.nr)
	g.turnedLd = spread(g.ld + s.KW + 8)
	g.zeros = make([]float32, g.reducer.nr)
	g.strides = strides{ldc: g.ld, rs: s.KW * s.K, ks: 1, ldb: g.turnedLd, k: s.K}
	for kw := range s.KW {
		g.taps = append(g.taps, term{kw * s.K, s.KW - 1 - kw})
	}
	g.lines = ceilDiv(s.H, ceilDiv(p.workers(), max(s.N, 1)))
	g.blocks = ceilDiv(s.H, max(g.lines, 1))
	rows := roundUp(s.KH*s.C, g.reducer.mr)
	g.dy.prepare(p, 1, 1, 8*s.K+8) // turning may read eight pixels beyond
	g.turned = perWorker(p, roundUp(s.K, 8)*g.turnedLd)
	g.parts = perWorker(p, rows*g.ld)
	g.sums = perWorker(p, (g.lines+2*(s.KH-1))*s.C*g.ld) // lines of dy reach beyond the block
	g.pixels = perWorker(p, s.W*s.C)
	g.filters = p.floats(rows * s.KW * s.K)
	if p.failed {
		return
	}
	p.each(s.KH*s.C, g.fill)
	p.each(s.N*g.blocks, g.block)
}

// fill lays out the filters of a row, (kh, c).
func (g *scatter) fill(row, _ int) {
	for kw := range g.KW {
		for o := range g.K {
			at := ((o*g.KH+row/g.C)*g.KW+kw)*g.C + row%g.C
			g.w.copyTo(g.filters[(row*g.KW+kw)*g.K+o:][:1], at)
		}
	}
}

// block makes block number t of lines of dx, each of which is a sum over lines of dy in
// their order, however lines are dealt out.
func (g *scatter) block(t, worker int) {
	n, lines := t/g.blocks, spanAt(t%g.blocks, g.lines, g.H)
	sums, part := g.sums[worker], g.parts[worker]
	clear(sums)
	first := lines.lo - (g.KH - 1) // of dx in sums
	for i := max(0, first+g.Top); i < min(g.dy.height, lines.hi+g.Top); i++ {
		g.multiply(part, g.turn(n, i, worker))
		reached := g.KH * g.C * g.ld // of the lines i-Top to i-Top+KH-1, one after the other
		g.kernel.add(sums[(i-g.Top-first)*g.C*g.ld:][:reached], part[:reached])
	}
	for h := lines.lo; h < lines.hi; h++ {
		g.storeLine(n, h, sums[(h-first)*g.C*g.ld:], g.pixels[worker])
	}
}

// turn is line i of dy of image n, a line for every output channel.
func (g *scatter) turn(n, i, worker int) []float32 {
	dy, v := g.dy.load(span{n, n + 1}, span{i, i + 1}, worker), g.turned[worker]
	for w := 0; w < g.dy.cols; w += 8 {
		g.kernel.transpose(v[w:], g.turnedLd, dy[w*g.K:], g.K, roundUp(g.K, 8))
	}
	return v
}

// multiply makes the part of a line of dy.
func (g *scatter) multiply(part, turned []float32) {
	for r := 0; r < g.KH*g.C; r += g.reducer.mr {
		for w := 0; w < g.W; w += g.reducer.nr {
			g.reducer.wide(part[r*g.ld+w:], g.zeros, g.filters[r*g.KW*g.K:], turned[w:], g.taps, &g.strides)
		}
	}
}

// storeLine puts line h of dx of image n where it belongs.
func (g *scatter) storeLine(n, h int, sums, pixels []float32) {
	for c := range g.C {
		for w, x := range sums[c*g.ld:][:g.W] {
			pixels[w*g.C+c] = x
		}
	}
	store(g.to, (n*g.H+h)*g.W*g.C, pixels)
}
