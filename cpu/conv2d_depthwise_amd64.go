package cpu

var (
	avx2Depthwise   = batchReducer{mr: 4, nr: 16, wide: depthwise4x16, narrow: depthwise4x8, channelwise: true}
	avx512Depthwise = batchReducer{mr: 4, nr: 32, wide: depthwise4x32, narrow: depthwise4x16, channelwise: true}
)

// The channelwise batchKernels in assembly. Each is the loop
//
//	for i := range mr {
//		for j := range nr {
//			sum := init[i*s.ldi+j]
//			for _, t := range terms {
//				for p := range s.k {
//					sum = fma(a[t.a+i*s.rs+p*s.ks+j], b[t.b+p*s.ldb+j], sum)
//				}
//			}
//			c[i*s.ldc+j] = sum
//		}
//	}
//
// on mr by nr as its name says. No bound is checked.

//go:noescape
func depthwise4x32(c, init, a, b []float32, terms []term, s *strides)

//go:noescape
func depthwise4x16(c, init, a, b []float32, terms []term, s *strides)

//go:noescape
func depthwise4x8(c, init, a, b []float32, terms []term, s *strides)
