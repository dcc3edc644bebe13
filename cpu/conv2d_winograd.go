package cpu

import "example.org/chainrule/device"

// Winograd's convolution needs 36 multiplications for a tile of outputs where the
// definition needs 144 (4 by 4 outputs of 3 by 3 taps) or 100 (2 by 2 of 5 by 5):
//
//	y = Aᵀ [Σ_c (G w Gᵀ) ⊙ (Bᵀ x B)] A
//
// with the transforms of conv2d_winograd_transform.go. The sum over channels is,
// for each of the 36 values of a tile, a product of matrices: tiles by channels
// with channels by filters. A task does a block of tiles whose values stay in the
// second cache: it transforms their pixels, then for one strip of filters after
// the other multiplies and transforms back. Winograd, Arithmetic Complexity of
// Computations, 1980; Lavin and Gray, Fast Algorithms for Convolutional Neural
// Networks, 2015.
//
// The result is off by no more than
//
//	(C + 32) u |A|ᵀ [Σ_c (|G| |w| |G|ᵀ) ⊙ (|B|ᵀ |x| |B|)] |A|    u = 2⁻²⁴
//
// as each term passes C additions and less than 32 roundings of the transforms
// (Higham 2002, section 3.1). That sum of magnitudes is up to some 100 times the
// definition's, but C is a ninth of its number of terms, and roundings cancel: for
// normal numbers and 64 channels the error is 0.9 u Σ|x w|, at worst 6, much like
// the definition's. It is relative to all terms of a tile: an output of few, at the
// rim of a padded image, has the error of its neighbours, and one of none would not
// be 0, so that a padding as wide as the window is left to the definition. An Inf
// or NaN among the pixels spreads, as NaN, over the tiles that read it; see
// Options.Direct.
//
// A core of an AMD Zen 5, whose peak is 277 GFLOP/s, does the definition's work at
// 620 where 64 channels become 64, and at 300 for 16 to 16, where the transforms and
// the way to memory take most of the time.
type winograd struct {
	tileGrid
	kernel *kernels
	block  int // tiles of a task, at most

	x    []float32
	bias []float32 // of each filter, or zeros
	zero []float32 // for a strip of filters
	to   epilogue

	// For each of the 36 values:
	filters values // strips of reducer.nr filters, in each for every channel those filters
	pixels  values // of each worker, for every tile the channels
	sums    values // of each worker, for every tile a strip of filters
	results [][]float32

	products [2]strides // how a block is multiplied with a wide strip, and a narrow one
}

// oneTerm is the sum of a single product.
var oneTerm = []term{{}}

// Costs in multiplications: what a transform of a tile takes for a channel, and
// how many times fewer a convolution must need than its definition to be done so.
const (
	winogradTransform = 250
	winogradGain      = 1.3
	winogradMinTiles  = 16 // in all: for fewer the filters' transforms take too long
)

// byWinograd reports whether a convolution of data of this type is faster so. It
// is done in Float32: where pairs of BFloat16 multiply faster, it must need as many
// times fewer multiplications again.
func (d *Device) byWinograd(s device.Conv2D, data device.DType) bool {
	same := s.KH == s.KW && (s.KH == 3 || s.KH == 5) && s.Groups == 1
	dense := s.StrideH == 1 && s.StrideW == 1 && s.DilationH == 1 && s.DilationW == 1
	if d.direct || !same || !dense || s.C%16 != 0 || s.K%16 != 0 || !everyWindowMeets(s) {
		return false
	}
	g := tilesOfConv2D(s)
	cost := g.down * g.across * (36*s.C*s.K + winogradTransform*(s.C+s.K))
	gain := winogradGain
	if data == device.BFloat16 && d.kernel.pairs != nil {
		gain *= d.kernel.pairs.rate
	}
	return g.tiles() >= winogradMinTiles && float64(g.oh*g.ow*s.KH*s.KW*s.C*s.K) >= gain*float64(cost)
}

// everyWindowMeets reports whether each window of s, of stride 1, has a tap in its
// image: what lies in the padding alone must be 0, which Winograd's sums of a whole
// tile are not to the last bit.
func everyWindowMeets(s device.Conv2D) bool {
	return s.H > 0 && s.W > 0 && max(s.Top, s.Bottom) < s.KH && max(s.Left, s.Right) < s.KW
}

// widened is b in Float32: itself, or a copy that p plans to make first.
func (p *plan) widened(b *buffer) []float32 {
	if b.dtype == device.Float32 {
		return b.f32
	}
	v := p.floats(len(b.bf16))
	if !p.failed {
		p.eachTile(len(v), func(lo, hi, _ int) { p.dev.kernel.widen(v[lo:hi], b.bf16[lo:hi]) })
	}
	return v
}

// planWinograd plans a convolution; transform plans that of the filters.
func planWinograd(p *plan, to epilogue, x []float32, s device.Conv2D, transform func(g *winograd, p *plan)) {
	g := &winograd{tileGrid: tilesOfConv2D(s), x: x, bias: to.bias, to: to, kernel: p.dev.kernel}
	r := &g.kernel.reducer
	g.block = winogradBlock(g.tiles(), s.C, r.mr, p.workers())
	for i, width := range [...]int{r.nr, r.nr / 2} {
		g.products[i] = strides{ldc: width, rs: s.C, ks: 1, ldb: width, k: s.C}
	}
	g.to.rows = rows{ld: s.K}
	g.zero = make([]float32, s.K)
	if g.bias == nil {
		g.bias = g.zero
	}
	g.filters = valuesOf(p, 1, s.C*s.K)
	g.pixels = valuesOf(p, p.workers(), g.block*s.C)
	g.sums = valuesOf(p, p.workers(), g.block*r.nr)
	g.results = perWorker(p, g.block*g.outputs*g.outputs*s.K)
	if p.failed {
		return
	}
	transform(g, p)
	p.each(ceilDiv(g.tiles(), g.block), g.task)
}

// Blocks of tiles: the values of their pixels, and the sums of a strip of filters,
// leave most of the second cache to the filters, and 16 tiles share each strip that
// comes from farther away.
const (
	winogradBlockBytes = 256 << 10
	winogradMinBlock   = 16
	winogradMaxBlock   = 48
)

// winogradBlock is how many tiles a task does: whole micro-tiles, and few enough
// that there are tasks for all workers.
func winogradBlock(tiles, channels, rows, workers int) int {
	n := winogradBlockBytes / (36 * 4 * channels)
	n = max(winogradMinBlock, min(n, winogradMaxBlock, tiles/enoughTasks))
	return roundUp(min(n, ceilDiv(tiles, workers)), rows)
}

// task makes the outputs of block number i of tiles.
func (g *winograd) task(i, worker int) {
	tiles := spanAt(i, g.block, g.tiles())
	pixels, sums, results := g.pixels.of[worker], g.sums.of[worker], g.results[worker]
	g.transformPixels(g.kernel.data, pixels, g.pixels.step, g.x, tiles, span{0, g.C})
	for k := 0; k < g.K; k += g.kernel.reducer.nr {
		filters := min(g.kernel.reducer.nr, g.K-k)
		g.multiply(sums, pixels, k, filters, tiles.len())
		for t := range tiles.len() {
			g.kernel.output[g.outputs](results[t*g.outputs*g.K+k:], g.block*g.outputs*g.K, g.K,
				sums[t*filters:], g.sums.step, g.bias[k:], 0, 0, filters)
		}
	}
	g.end(results, tiles)
}

// multiply sets sums to the products of tiles with the strip of filters from k on.
func (g *winograd) multiply(sums, pixels []float32, k, filters, tiles int) {
	r := &g.kernel.reducer
	multiply, s := r.wide, &g.products[0]
	if filters < r.nr {
		multiply, s = r.narrow, &g.products[1]
	}
	for value := range 36 {
		c, a, b := sums[value*g.sums.step:], pixels[value*g.pixels.step:], g.filters.of[0][value*g.filters.step+k*g.C:]
		for t := 0; t < tiles; t += r.mr {
			multiply(c[t*filters:], g.zero, a[t*g.C:], b, oneTerm, s)
		}
	}
}

// end hands the results of tiles to the epilogue, a line of neighbours at a time.
func (g *winograd) end(results []float32, tiles span) {
	for t := tiles.lo; t < tiles.hi; {
		image, h, w := g.at(t)
		count := min(tiles.hi-t, g.across-w/g.outputs)
		width := min(count*g.outputs, g.ow-w) * g.K
		for line := range min(g.outputs, g.oh-h) {
			v := results[(line*g.block+t-tiles.lo)*g.outputs*g.K:][:width]
			g.to.end(v, 0, (image*g.oh+h+line)*g.ow+w, 0)
		}
		t += count
	}
}

// filterAt is where, among the values, filters k and on of a channel are.
func (g *winograd) filterAt(channel, k int) int {
	strip := k / g.kernel.reducer.nr * g.kernel.reducer.nr
	return strip*g.C + channel*min(g.kernel.reducer.nr, g.K-strip) + k - strip
}

// planFilters plans to transform w, [K, taps, taps, C], 16 filters at a time, which
// are transposed so that vectors run over filters.
func planFilters(w []float32) func(g *winograd, p *plan) {
	return func(g *winograd, p *plan) {
		size := g.KH * g.KW
		stages := perWorker(p, size*16*g.C)
		if p.failed {
			return
		}
		p.each(g.K/16, func(i, worker int) {
			stage, k := stages[worker], i*16
			for tap := range size {
				for half := 0; half < 16; half += 8 {
					g.kernel.transpose(stage[tap*16+half:], size*16, w[((k+half)*size+tap)*g.C:], size*g.C, g.C)
				}
			}
			for c := range g.C {
				g.transformFilters(c, k, 16, stage, c*size*16, g.KW*16, 16)
			}
		})
	}
}

// planMirroredFilters plans to transform w, [C, taps, taps, K], as the gradient of
// a convolution's input meets it: from the last tap to the first.
func planMirroredFilters(w []float32) func(g *winograd, p *plan) {
	return func(g *winograd, p *plan) {
		size, strip := g.KH*g.KW, g.kernel.reducer.nr
		p.each(g.C, func(c, _ int) {
			for k := 0; k < g.K; k += strip {
				g.transformFilters(c, k, min(strip, g.K-k), w, (c*size+size-1)*g.K+k, -g.KW*g.K, -g.K)
			}
		})
	}
}

// transformFilters makes the values of n filters from k on, for a channel. Their
// taps begin at w[at], line and pixel apart.
func (g *winograd) transformFilters(channel, k, n int, w []float32, at, line, pixel int) {
	every := uint(1<<g.KH - 1)
	g.kernel.filter[g.KH](g.filters.of[0][g.filterAt(channel, k):], g.filters.step, w, at, line, pixel, every, every, n)
}

// mirrored is the convolution of dy that makes dx, for stride 1.
func mirrored(s device.Conv2D) device.Conv2D {
	m := s
	m.H, m.W = s.Out()
	m.C, m.K = s.K, s.C
	m.Top, m.Bottom = s.KH-1-s.Top, s.KH-1-s.Bottom
	m.Left, m.Right = s.KW-1-s.Left, s.KW-1-s.Right
	return m
}
