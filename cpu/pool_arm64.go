package cpu

// The loops of pool_taps.go in assembly.

var neonPoolKernels = poolKernels{maxTaps4, maxTapsGrad4, addTaps4, addTapsGrad4}.onVectors(4)

// They want a multiple of 4 channels.

//go:noescape
func maxTaps4(y []float32, index []int32, x []float32, t tapRow)

//go:noescape
func maxTapsGrad4(dx, dy []float32, index []int32, t tapRow)

//go:noescape
func addTaps4(y, x []float32, t tapRow)

//go:noescape
func addTapsGrad4(dx, dy []float32, t tapRow)
