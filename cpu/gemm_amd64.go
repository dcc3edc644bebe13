package cpu

// The micro-kernels in assembly; see microKernel. Each is the loop
//
//	for i := range mr {
//		for j := range nr {
//			sum := float32(0)
//			for p := range k {
//				sum = fma(a[i*rs+p*ks], b[p*ldb+j], sum)
//			}
//			c[i*ldc+j] = init[i*ldi+j] + sum
//		}
//	}
//
// on mr by nr as its name says. No bound is checked.

//go:noescape
func gemm8x32(c []float32, ldc int, init []float32, ldi int, a []float32, rs, ks int, b []float32, ldb, k int)

//go:noescape
func gemm8x16(c []float32, ldc int, init []float32, ldi int, a []float32, rs, ks int, b []float32, ldb, k int)

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

// copyRows is the loop, with cols a multiple of 8,
//
//	for r := range rows {
//		copy(dst[r*ldd:][:cols], src[r*lds:])
//	}
//
//go:noescape
func copyRows(dst []float32, ldd int, src []float32, lds, cols, rows int)
