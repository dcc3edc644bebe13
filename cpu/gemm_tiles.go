package cpu

import "math"

// Processors with AMX multiply tiles: of up to 16 rows of 16 words that are pairs of
// BFloat16, with sums in tiles of Float32. Rows of the first factor lie along k, so
// that one with ks = 1 is read where it is; the second is the same words, k by k, as
// for vectors; see gemm_pairs.go. Tiles may be smaller, but all steps of a pass over
// the terms have one shape, since another one clears the sums.

// A tilePass is steps of so many words each, of every term from word at on.
type tilePass struct{ at, words, steps int }

// tilePasses divides k words: into steps of one size, up to that of a tile, or else
// into those of a tile and a pass for the rest, which has no steps if there is none.
func tilePasses(k int) (first, rest tilePass) {
	const most = 16
	steps := ceilDiv(k, most)
	switch {
	case k == 0:
		return tilePass{words: most}, tilePass{}
	case k%steps == 0:
		return tilePass{0, k / steps, steps}, tilePass{}
	}
	return tilePass{0, most, steps - 1}, tilePass{(steps - 1) * most, k % most, 1}
}

// goTiles are the plain Go twins of the assembly for tiles, to the bit, as goPairs
// are of that for vectors.
var goTiles = pairKernels{
	productKernels: productKernels{mr: 1, nr: 16, wide: tile1x16, narrow: tile1x8, transpose: transpose8Go, copyRows: copyRowsGo, alongK: true},
	reducer:        batchReducer{mr: 1, nr: 16, wide: brtile1x16, narrow: brtile1x8, alongK: true},
	interleave:     interleaveGo,
	rate:           1,
}

// tile1x16 is a microKernel of words on a row of 16.
func tile1x16(c []float32, _ int, init []float32, _ int, a []float32, _, _ int, b []float32, ldb, k int) {
	tileRow(c[:16], init, a, b, []term{{}}, ldb, k)
}

// tile1x8 is a microKernel of words on a row of 8.
func tile1x8(c []float32, _ int, init []float32, _ int, a []float32, _, _ int, b []float32, ldb, k int) {
	tileRow(c[:8], init, a, b, []term{{}}, ldb, k)
}

// brtile1x16 is a batchKernel of words on a row of 16.
func brtile1x16(c, init, a, b []float32, terms []term, s *strides) {
	tileRow(c[:16], init, a, b, terms, s.ldb, s.k)
}

// brtile1x8 is a batchKernel of words on a row of 8.
func brtile1x8(c, init, a, b []float32, terms []term, s *strides) {
	tileRow(c[:8], init, a, b, terms, s.ldb, s.k)
}

// tileRow sets a row of sums, c.
func tileRow(c, init, a, b []float32, terms []term, ldb, k int) {
	first, rest := tilePasses(k)
	for j := range c {
		sum := first.add(init[j], a, b[j:], terms, ldb)
		c[j] = rest.add(sum, a, b[j:], terms, ldb)
	}
}

// add adds the steps of p to a sum, of a row of a and a column of b.
func (p tilePass) add(sum float32, a, b []float32, terms []term, ldb int) float32 {
	for _, t := range terms {
		for step := range p.steps {
			k := p.at + step*p.words
			sum = tileDot(sum, a[t.a+k:][:p.words], b[t.b+k*ldb:], ldb)
		}
	}
	return sum
}

// tileDot is what a step adds to a sum: the products of the lower halves and those
// of the upper halves are summed apart, each from zero on and rounded once; then
// their sum is added. Denormal numbers count as zero, before and after. Intel 64 and
// IA-32 Architectures Software Developer's Manual, TDPBF16PS.
func tileDot(sum float32, a, b []float32, ldb int) float32 {
	var lower, upper float32
	for p, x := range a {
		xl, xu := pairOf(x)
		yl, yu := pairOf(b[p*ldb])
		lower, upper = flushedFMA(xl, yl, lower), flushedFMA(xu, yu, upper)
	}
	return flushedSum(sum, flushedSum(lower, upper))
}

// flushedFMA is x y + sum, of BFloat16 x and y.
func flushedFMA(x, y, sum float32) float32 {
	return flushedRound(float64(flushed(x))*float64(flushed(y)) + float64(flushed(sum)))
}

func flushedSum(x, y float32) float32 { return flushedRound(float64(flushed(x)) + float64(flushed(y))) }

// flushedRound is v as Float32, or zero of its sign where that is denormal.
func flushedRound(v float64) float32 {
	const least = 0x1.ffffffp-127 // that is rounded to a normal number
	if math.Abs(v) < least {
		return float32(v * 0)
	}
	return float32(v)
}
