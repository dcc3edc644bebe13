package cuda

import (
	"math"
	"slices"
	"testing"

	"example.org/chainrule/device"

	"github.com/stretchr/testify/require"
)

// uploaded is a buffer with contents.
func uploaded[T float32 | int32](t *testing.T, d device.Device, x []T) device.Buffer {
	t.Helper()
	dtype := device.Float32
	if _, ok := any(x).([]int32); ok {
		dtype = device.Int32
	}
	b, err := d.Alloc(dtype, len(x))
	require.NoError(t, err)
	d.Upload(b, x)
	return b
}

// TestDropoutKeepsAtThreshold takes shares of which the threshold is exactly one of
// the random words, each of a group in turn: that element is kept.
func TestDropoutKeepsAtThreshold(t *testing.T) {
	d := simulators(t)[0].open(t, 0)
	defer func() { require.NoError(t, d.Close()) }()
	cell := uploaded(t, d, []int32{1, 2, 3, 4})
	for lane := range 4 {
		group, word := roundWord(t, lane)
		n := 4 * (group + 1)
		x := uploaded(t, d, slices.Repeat([]float32{1}, n))
		s := device.Dropout{P: float32(word) / (1 << 32), Site: 5}
		require.Equal(t, word, s.Threshold())
		d.Dropout(device.To(x), x, cell, s)
		y := make([]float32, n)
		require.NoError(t, d.Download(y, x))
		require.Equal(t, 1/(1-s.P), y[4*group+lane], "word %d", lane)
	}
}

// roundWord finds the first group whose word number lane fits a float32 exactly.
func roundWord(t *testing.T, lane int) (group int, word uint32) {
	for group := range 10_000 {
		if word := device.Philox([4]uint32{uint32(group), 5, 3, 4}, [2]uint32{1, 2})[lane]; word != 0 && word%256 == 0 {
			return group, word
		}
	}
	require.Fail(t, "no word of 24 bits")
	return 0, 0
}

// TestGateTakesLargeNorms has gradients whose squares leave float32, though the
// norm does not.
func TestGateTakesLargeNorms(t *testing.T) {
	d := simulators(t)[0].open(t, 0)
	defer func() { require.NoError(t, d.Close()) }()
	control := uploaded(t, d, make([]int32, device.ControlWords))
	grad := uploaded(t, d, slices.Repeat([]float32{1e25}, 10_000))
	d.Gate(control, grad, nil, device.Gate{MaxNorm: 1})
	words := make([]int32, device.ControlWords)
	require.NoError(t, d.Download(words, control))
	require.EqualValues(t, 1, words[device.ControlOK])
	require.InEpsilon(t, 1e27, math.Float32frombits(uint32(words[device.ControlNorm])), 1e-6)
}

// TestFirstStepReadsNoVelocity leaves the velocity as it was allocated, which the
// simulator lets no kernel read.
func TestFirstStepReadsNoVelocity(t *testing.T) {
	d := simulators(t)[0].open(t, 0)
	defer func() { require.NoError(t, d.Close()) }()
	words := make([]int32, device.ControlWords)
	words[device.ControlOK], words[device.ControlApplied] = 1, 1
	words[device.ControlClip] = int32(math.Float32bits(1))
	words[device.ControlRate] = int32(math.Float32bits(0.5))
	v, err := d.Alloc(device.Float32, device.RowLen)
	require.NoError(t, err)
	w, grad := uploaded(t, d, make([]float32, device.RowLen)), uploaded(t, d, slices.Repeat([]float32{2}, device.RowLen))
	d.SGD(w, nil, v, grad, uploaded(t, d, words), uploaded(t, d, []int32{0, 0}), device.SGD{Momentum: 0.9})
	got := make([]float32, device.RowLen)
	require.NoError(t, d.Download(got, w))
	require.Equal(t, slices.Repeat([]float32{-1}, device.RowLen), got)
}

// TestNothingBeyondTheEnd calls kernels on operands of odd lengths, each an
// allocation of its own: the simulator finds what is read past an end too, where
// the suite's buffers have elements to spare.
func TestNothingBeyondTheEnd(t *testing.T) {
	m := newMeter(t)
	defer func() { require.NoError(t, m.Close()) }()
	const rows, cols = 33, 31
	x, row, y := m.floats(rows*cols), m.floats(cols), m.dst(rows*cols)
	half := m.buffer(device.BFloat16, rows*cols-1, make([]float32, rows*cols-1)) // whole words
	bytes := m.buffer(device.Uint8, rows*4, make([]uint8, rows*4))
	bias := device.Binary{Func: device.Power, Dims: device.Dims{1, 1, 1, 1, rows, cols}}
	bias.RepeatB[4] = true

	m.Unary(y, x, device.Unary{})
	m.UnaryGrad(y, x, x, device.Unary{})
	m.Binary(y, x, row, bias)
	m.BinaryGrad(y, m.dst(cols), x, x, row, bias)
	m.Convert(device.To(half), m.floats(rows*cols-1))
	m.Convert(m.dst(rows*cols-1), half)
	m.Fill(y, 1)
	m.Normalize(m.dst(rows*4), bytes, m.floats(3), m.floats(3))
	m.Dropout(y, x, m.ints(device.StreamWords), device.Dropout{P: 0.5})
	m.Permute(y, x, device.Permute{Dims: bias.Dims, Axes: [...]int{0, 1, 2, 3, 5, 4}})
	m.CopyBlock(y, x, device.Block{Rows: rows, Cols: cols - 2, YStride: cols, YOffset: 2, XStride: cols, XOffset: 2})
	m.Gate(m.ints(device.ControlWords), x, row, device.Gate{MaxNorm: 1})
	m.Lerp(y.Buf, x, device.Lerp{T: 0.5, Scale: 1})
	m.Settle(y.Buf, x, m.ints(device.ControlWords))
	require.NoError(t, m.Sync())
}
