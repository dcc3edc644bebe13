package cpu

// The loops of pool_taps.go in assembly.

var (
	avx2PoolKernels   = poolKernels{maxTaps8, maxTapsGrad8, addTaps8, addTapsGrad8}.onVectors(8)
	avx512PoolKernels = poolKernels{maxTapsAVX512, maxTapsGradAVX512, addTapsAVX512, addTapsGradAVX512}
)

// Those of AVX2 want a multiple of 8 channels, those of AVX-512 any number.

//go:noescape
func maxTaps8(y []float32, index []int32, x []float32, t tapRow)

//go:noescape
func maxTapsGrad8(dx, dy []float32, index []int32, t tapRow)

//go:noescape
func addTaps8(y, x []float32, t tapRow)

//go:noescape
func addTapsGrad8(dx, dy []float32, t tapRow)

//go:noescape
func maxTapsAVX512(y []float32, index []int32, x []float32, t tapRow)

//go:noescape
func maxTapsGradAVX512(dx, dy []float32, index []int32, t tapRow)

//go:noescape
func addTapsAVX512(y, x []float32, t tapRow)

//go:noescape
func addTapsGradAVX512(dx, dy []float32, t tapRow)
