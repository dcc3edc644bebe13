package cpu

// The loops of pool_taps.go in assembly.

var avx2PoolKernels = poolKernels{maxTapsAVX2, spreadTapsAVX2}

var avx512PoolKernels = poolKernels{maxTapsAVX512, spreadTapsAVX512}

func maxTapsAVX2(y []float32, index []int32, x []float32, stride, place, step int, more bool) {
	n := len(y) &^ 7
	maxTaps8(y[:n], index, x, stride, place, step, more)
	maxTapsGo(y[n:], index[n:], x[n:], stride, place, step, more)
}

func spreadTapsAVX2(dx, dy []float32, index []int32, stride, place, step int) {
	n := len(dy) &^ 7
	spreadTaps8(dx, dy[:n], index, stride, place, step)
	spreadTapsGo(dx[n:], dy[n:], index[n:], stride, place, step)
}

// maxTaps8 is maxTaps on whole vectors of 8 channels; what is left of len(y) it
// leaves alone.
//
//go:noescape
func maxTaps8(y []float32, index []int32, x []float32, stride, place, step int, more bool)

// spreadTaps8 is spreadTaps on whole vectors of 8 channels.
//
//go:noescape
func spreadTaps8(dx, dy []float32, index []int32, stride, place, step int)

//go:noescape
func maxTapsAVX512(y []float32, index []int32, x []float32, stride, place, step int, more bool)

//go:noescape
func spreadTapsAVX512(dx, dy []float32, index []int32, stride, place, step int)
