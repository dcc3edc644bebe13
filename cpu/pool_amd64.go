package cpu

// The loops of pool_taps.go in assembly.

var avx2PoolKernels = poolKernels{maxTapsAVX2, maxTapsGradAVX2, addTapsAVX2, addTapsGradAVX2}

var avx512PoolKernels = poolKernels{maxTapsAVX512, maxTapsGradAVX512, addTapsAVX512, addTapsGradAVX512}

// split divides channels into whole vectors of 8, and what is left from channel
// at on.
func (t tapRow) split() (vectors, rest tapRow, at int) {
	vectors, rest, at = t, t, t.channels&^7
	vectors.channels, rest.channels = at, t.channels-at
	return vectors, rest, at
}

func maxTapsAVX2(y []float32, index []int32, x []float32, t tapRow) {
	vectors, rest, at := t.split()
	if at > 0 {
		maxTaps8(y, index, x, vectors)
	}
	if rest.channels > 0 {
		maxTapsGo(y[at:], index[at:], x[at:], rest)
	}
}

func maxTapsGradAVX2(dx, dy []float32, index []int32, t tapRow) {
	vectors, rest, at := t.split()
	if at > 0 {
		maxTapsGrad8(dx, dy, index, vectors)
	}
	if rest.channels > 0 {
		maxTapsGradGo(dx[at:], dy[at:], index[at:], rest)
	}
}

func addTapsAVX2(y, x []float32, t tapRow) {
	vectors, rest, at := t.split()
	if at > 0 {
		addTaps8(y, x, vectors)
	}
	if rest.channels > 0 {
		addTapsGo(y[at:], x[at:], rest)
	}
}

func addTapsGradAVX2(dx, dy []float32, t tapRow) {
	vectors, rest, at := t.split()
	if at > 0 {
		addTapsGrad8(dx, dy, vectors)
	}
	if rest.channels > 0 {
		addTapsGradGo(dx[at:], dy[at:], rest)
	}
}

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
