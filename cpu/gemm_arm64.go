package cpu

// The micro-kernels in assembly; see microKernel. Each is the loop
//
//	for i := range mr {
//		for j := range nr {
//			sum := init[i*ldi+j]
//			for p := range k {
//				sum = fma(a[i*rs+p*ks], b[p*ldb+j], sum)
//			}
//			c[i*ldc+j] = sum
//		}
//	}
//
// on mr by nr as its name says. No bound is checked.

//go:noescape
func gemm6x16(c []float32, ldc int, init []float32, ldi int, a []float32, rs, ks int, b []float32, ldb, k int)

//go:noescape
func gemm6x8(c []float32, ldc int, init []float32, ldi int, a []float32, rs, ks int, b []float32, ldb, k int)

// transpose8 is the loop, with cols a multiple of 8,
//
//	for c := range cols {
//		for r := range 8 {
//			dst[c*ldd+r] = src[r*lds+c]
//		}
//	}
//
//go:noescape
func transpose8(dst []float32, ldd int, src []float32, lds, cols int)

var neonReducer = batchReducer{mr: 6, nr: 16, wide: brgemm6x16, narrow: brgemm6x8}

// brgemm6x16 is a batchKernel on 6 rows of 16.
func brgemm6x16(c, init, a, b []float32, terms []term, s *strides) {
	brgemm(gemm6x16, 6, 16, c, init, a, b, terms, s)
}

// brgemm6x8 is a batchKernel on 6 rows of 8.
func brgemm6x8(c, init, a, b []float32, terms []term, s *strides) {
	brgemm(gemm6x8, 6, 8, c, init, a, b, terms, s)
}

// brgemm adds up the terms in c itself.
func brgemm(multiply microKernel, mr, nr int, c, init, a, b []float32, terms []term, s *strides) {
	if len(terms) == 0 {
		for i := range mr {
			copy(c[i*s.ldc:][:nr], init[i*s.ldi:])
		}
		return
	}
	ldi := s.ldi
	for _, t := range terms {
		multiply(c, s.ldc, init, ldi, a[t.a:], s.rs, s.ks, b[t.b:], s.ldb, s.k)
		init, ldi = c, s.ldc
	}
}
