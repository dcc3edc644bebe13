package cpu

var (
	avx2Reducer   = batchReducer{mr: 6, nr: 16, wide: brgemm6x16, narrow: brgemm6x8}
	avx512Reducer = batchReducer{mr: 8, nr: 32, wide: brgemm8x32, narrow: brgemm8x16}
	avx512Slim    = batchReducer{mr: 5, nr: 32, wide: brgemm5x32, narrow: brgemm5x16}
)

// The batchKernels in assembly. Each is the loop
//
//	for i := range mr {
//		for j := range nr {
//			sum := init[i*s.ldi+j]
//			for _, t := range terms {
//				for p := range s.k {
//					sum = fma(a[t.a+i*s.rs+p*s.ks], b[t.b+p*s.ldb+j], sum)
//				}
//			}
//			c[i*s.ldc+j] = sum
//		}
//	}
//
// on mr by nr as its name says. No bound is checked.

//go:noescape
func brgemm8x32(c, init, a, b []float32, terms []term, s *strides)

//go:noescape
func brgemm8x16(c, init, a, b []float32, terms []term, s *strides)

//go:noescape
func brgemm5x32(c, init, a, b []float32, terms []term, s *strides)

//go:noescape
func brgemm5x16(c, init, a, b []float32, terms []term, s *strides)

//go:noescape
func brgemm6x16(c, init, a, b []float32, terms []term, s *strides)

//go:noescape
func brgemm6x8(c, init, a, b []float32, terms []term, s *strides)
