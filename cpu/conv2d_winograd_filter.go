package cpu

import "example.org/chainrule/device"

// The gradient of the filters is a convolution too, of tiles of pixels with tiles
// of dy as filters, whose outputs are the taps. The sum over tiles and images is
// taken before the transform back:
//
//	dw = Aᵀ [Σ_tiles (G dy Gᵀ) ⊙ (Bᵀ x B)] A
//
// for each of the 36 values a product of matrices, filters by tiles with tiles by
// channels. A task sums a part of the tiles for a block of filters and channels,
// whose sums and the values of a few tiles stay in the second cache. Then the
// parts of each filter are transformed back and added, in their order. The bound of
// the error is that of winograd, with the tiles in place of the C channels.
type winogradGrad struct {
	tileGrid
	kernel *kernels
	x, dy  []float32
	to     epilogue // of the rows of dw

	parts             int // runs of tiles that are summed apart
	filters, channels int // blocks of them

	// For each of the 36 values:
	pixels values // of each worker, for every tile of a chunk a block of channels
	grads  values // of each worker, for every tile a block of filters
	sums   values // of each part and block, filters by channels

	zeros   []float32
	results [][]float32 // of each worker the taps of a filter
}

const (
	gradBlock = 64 // filters and channels of a block, at most
	gradChunk = 32 // tiles at a time
	gradTiles = 64 // in all, at least: see byWinogradGrad
)

// byWinogradGrad reports whether a gradient of filters is faster so. Its error is
// a few, at worst some 30, u Σ|dy x| however many terms there are; few terms would
// show it beside the definition's, and so would a tap that meets no pixel, as may be
// where the image is smaller than the window.
func (d *Device) byWinogradGrad(s device.Conv2D, data device.DType) bool {
	if !d.byWinograd(s, data) || s.H < s.KH || s.W < s.KW {
		return false
	}
	g := tilesOfConv2D(s)
	return g.tiles() >= gradTiles
}

// planWinogradGrad plans the gradient of the filters of s.
func planWinogradGrad(p *plan, dw device.Dst, dy, x []float32, s device.Conv2D) {
	g := &winogradGrad{tileGrid: tilesOfConv2D(s), kernel: p.dev.kernel, x: x, dy: dy}
	g.to = epilogue{dst: dw, rows: rows{ld: s.KH * s.KW * s.C}}
	g.filters, g.channels = ceilDiv(s.K, gradBlock), ceilDiv(s.C, gradBlock)
	g.parts = max(1, min(enoughTasks/(g.filters*g.channels), g.tiles()/gradChunk))
	g.pixels = valuesOf(p, p.workers(), gradChunk*min(s.C, gradBlock))
	g.grads = valuesOf(p, p.workers(), gradChunk*g.rows())
	g.sums = valuesOf(p, g.parts*g.filters*g.channels, g.rows()*min(s.C, gradBlock))
	g.results = perWorker(p, s.KH*s.KW*s.C)
	g.zeros = make([]float32, gradBlock)
	if p.failed {
		return
	}
	p.each(g.parts*g.filters*g.channels, g.sum)
	p.each(s.K, g.finish)
}

// rows is how many filters a block has, rounded up to whole micro-tiles.
func (g *winogradGrad) rows() int { return roundUp(min(g.K, gradBlock), g.kernel.mr) }

// sum makes the sums of a part for a block of filters and of channels.
func (g *winogradGrad) sum(i, worker int) {
	part, block := i/(g.filters*g.channels), i%(g.filters*g.channels)
	filters, channels := spanAt(block/g.channels, gradBlock, g.K), spanAt(block%g.channels, gradBlock, g.C)
	clear(g.sums.of[i])
	end := (part + 1) * g.tiles() / g.parts
	for t := part * g.tiles() / g.parts; t < end; t += gradChunk {
		tiles := span{t, min(t+gradChunk, end)}
		g.transformPixels(g.kernel.data, g.pixels.of[worker], g.pixels.step, g.x, tiles, channels)
		g.transformGrads(g.grads.of[worker], tiles, filters)
		g.multiply(g.sums.of[i], worker, tiles.len(), filters.len(), channels.len())
	}
}

// transformGrads sets v to the values of tiles of dy, for some filters.
func (g *winogradGrad) transformGrads(v []float32, tiles, filters span) {
	for t := tiles.lo; t < tiles.hi; t++ {
		image, h, w := g.at(t)
		g.kernel.filter[g.outputs](v[(t-tiles.lo)*g.rows():], g.grads.step, g.dy, ((image*g.oh+h)*g.ow+w)*g.K+filters.lo, g.ow*g.K, g.K,
			inside(h, g.outputs, g.oh), inside(w, g.outputs, g.ow), filters.len())
	}
}

// multiply adds the products of a worker's tiles to sums.
func (g *winogradGrad) multiply(sums []float32, worker, tiles, filters, channels int) {
	for value := range 36 {
		c := sums[value*g.sums.step:]
		a, b := g.grads.of[worker][value*g.grads.step:], g.pixels.of[worker][value*g.pixels.step:]
		for j := 0; j < channels; j += g.kernel.nr {
			multiply := g.kernel.wide
			if channels-j <= g.kernel.nr/2 {
				multiply = g.kernel.narrow
			}
			for i := 0; i < filters; i += g.kernel.mr {
				c := c[i*channels+j:]
				multiply(c, channels, c, channels, a[i:], 1, g.rows(), b[j:], channels, tiles)
			}
		}
	}
}

// finish makes filter k's gradient of its sums.
func (g *winogradGrad) finish(k, worker int) {
	dw, taps, line := g.results[worker], g.KH, g.KW*g.C
	for block := range g.channels {
		channels := spanAt(block, gradBlock, g.C)
		row := k % gradBlock * channels.len()
		to := dw[channels.lo:]
		for part := range g.parts {
			sums := g.sums.of[(part*g.filters+k/gradBlock)*g.channels+block]
			if part == 0 {
				g.kernel.output[taps](to, line, g.C, sums[row:], g.sums.step, g.zeros, 0, 0, channels.len())
			} else {
				g.kernel.output[taps](to, line, g.C, sums[row:], g.sums.step, to, line, g.C, channels.len())
			}
		}
	}
	g.to.end(dw[:taps*line], 0, k, 0)
}
