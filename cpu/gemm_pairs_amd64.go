package cpu

//go:generate go run ./encode

var avx512BF16Pairs = pairKernels{
	productKernels: productKernels{mr: 8, nr: 32, wide: dot8x32, narrow: dot8x16, transpose: transpose8, copyRows: copyRows},
	reducer:        batchReducer{mr: 8, nr: 32, wide: brdot8x32, narrow: brdot8x16},
	interleave:     interleaveAVX512,
	rate:           2,
}

// The micro-kernels of words: a sum of dotPair(sum, a[i*rs+p*ks], b[p*ldb+j]) starts
// from zero; init is added at the end. dot8x16 has two of them, of even p and of
// odd. gemm_pairs_go.go has the loops. No bound is checked.

//go:noescape
func dot8x32(c []float32, ldc int, init []float32, ldi int, a []float32, rs, ks int, b []float32, ldb, k int)

//go:noescape
func dot8x16(c []float32, ldc int, init []float32, ldi int, a []float32, rs, ks int, b []float32, ldb, k int)

// The batchKernels of words: a sum of dotPair(sum, a[t.a+i*s.rs+p*s.ks],
// b[t.b+p*s.ldb+j]) starts from init. brdot8x16 has one of even p, and one of odd p
// that starts from zero and is added at the end. No bound is checked.

//go:noescape
func brdot8x32(c, init, a, b []float32, terms []term, s *strides)

//go:noescape
func brdot8x16(c, init, a, b []float32, terms []term, s *strides)

// interleaveAVX512 is interleaveGo where cols is a multiple of conversionLen.
//
//go:noescape
func interleaveAVX512(dst []float32, ldd int, lo, hi []bfloat16, lds, cols, rows int)
