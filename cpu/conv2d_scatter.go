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
	turned, parts [][]float32 // of each worker
	sums, pixels  [][]float32 // of each worker: an image [line, c, w], a line of it [w, c]
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
	rows := roundUp(s.KH*s.C, g.reducer.mr)
	g.dy.prepare(p, 1, 1, 8*s.K+8) // turning may read eight pixels beyond
	g.turned = perWorker(p, roundUp(s.K, 8)*g.turnedLd)
	g.parts = perWorker(p, rows*g.ld)
	g.sums = perWorker(p, max(oh+s.KH-1, s.H+s.Top)*s.C*g.ld)
	g.pixels = perWorker(p, s.W*s.C)
	g.filters = p.floats(rows * s.KW * s.K)
	if p.failed {
		return
	}
	p.each(s.KH*s.C, g.fill)
	p.each(s.N, g.image)
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

// image makes dx of image n.
func (g *scatter) image(n, worker int) {
	sums, part := g.sums[worker], g.parts[worker]
	clear(sums)
	for i := range g.dy.height {
		g.multiply(part, g.turn(n, i, worker))
		reached := g.KH * g.C * g.ld // of the lines i to i+KH-1, one after the other
		g.kernel.add(sums[i*g.C*g.ld:][:reached], part[:reached])
	}
	for h := range g.H {
		g.storeLine(n, h, sums[(h+g.Top)*g.C*g.ld:], g.pixels[worker])
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
