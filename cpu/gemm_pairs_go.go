package cpu

import "math"

// goPairs are the plain Go twins of the assembly. No level has them, since widened
// elements are faster in Go: they say what the assembly computes, to the bit.
var goPairs = pairKernels{
	productKernels: productKernels{mr: 1, nr: 16, wide: dot1x16, narrow: dot1x8, transpose: transpose8Go, copyRows: copyRowsGo},
	reducer:        batchReducer{mr: 1, nr: 16, wide: brdot1x16, narrow: brdot1x8},
	interleave:     interleaveGo,
	rate:           1,
}

// dotPair is what a micro-kernel on words adds to a sum: the products of both
// pairs, the upper first, each added without rounding it before. Denormal factors
// and sums count as zero, before and after. Intel 64 and IA-32 Architectures
// Software Developer's Manual, VDPBF16PS.
func dotPair(sum, x, y float32) float32 {
	xl, xh := pairOf(x)
	yl, yh := pairOf(y)
	sum = flushed(float32(float64(flushed(sum)) + float64(flushed(xh))*float64(flushed(yh))))
	return flushed(float32(float64(sum) + float64(flushed(xl))*float64(flushed(yl))))
}

// flushed is v, or zero of its sign where v is denormal.
func flushed(v float32) float32 {
	if math.Float32bits(v)&0x7F800000 == 0 {
		return v * 0
	}
	return v
}

func pairOf(word float32) (lo, hi float32) {
	u := math.Float32bits(word)
	return bfloat16(u).float32(), bfloat16(u >> 16).float32()
}

// addDots adds a[p*ks] dot row p of b, for p < k, to even where p is even and to
// odd where it is odd. They may be the same.
func addDots(even, odd, a []float32, ks int, b []float32, ldb, k int) {
	for p := range k {
		for j, y := range b[p*ldb:][:len(even)] {
			even[j] = dotPair(even[j], a[p*ks], y)
		}
		even, odd = odd, even
	}
}

// dot1x16 is a microKernel of words on a row of 16.
func dot1x16(c []float32, _ int, init []float32, _ int, a []float32, _, ks int, b []float32, ldb, k int) {
	var sum [16]float32
	addDots(sum[:], sum[:], a, ks, b, ldb, k)
	for j, v := range sum {
		c[j] = init[j] + v
	}
}

// dot1x8 is a microKernel of words on a row of 8.
func dot1x8(c []float32, _ int, init []float32, _ int, a []float32, _, ks int, b []float32, ldb, k int) {
	var even, odd [8]float32
	addDots(even[:], odd[:], a, ks, b, ldb, k)
	for j, v := range even {
		c[j] = init[j] + (v + odd[j])
	}
}

// brdot1x16 is a batchKernel of words on a row of 16.
func brdot1x16(c, init, a, b []float32, terms []term, s *strides) {
	sum := c[:16]
	copy(sum, init)
	for _, t := range terms {
		addDots(sum, sum, a[t.a:], s.ks, b[t.b:], s.ldb, s.k)
	}
}

// brdot1x8 is a batchKernel of words on a row of 8.
func brdot1x8(c, init, a, b []float32, terms []term, s *strides) {
	even, odd := c[:8], [8]float32{}
	copy(even, init)
	for _, t := range terms {
		addDots(even, odd[:], a[t.a:], s.ks, b[t.b:], s.ldb, s.k)
	}
	for j, v := range odd {
		even[j] += v
	}
}

// interleaveGo is the plain Go twin of interleave, for any number of columns.
func interleaveGo(dst []float32, ldd int, lo, hi []bfloat16, lds, cols, rows int) {
	for r := range rows {
		x, y := lo[r*lds:][:cols], hi[r*lds:][:cols]
		for c := range x {
			dst[r*ldd+c] = math.Float32frombits(uint32(y[c])<<16 | uint32(x[c]))
		}
	}
}
