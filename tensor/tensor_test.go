package tensor_test

import (
	"errors"
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.org/chainrule/device"
	"example.org/chainrule/device/devicetest"
	"example.org/chainrule/tensor"
)

// A kit is a test with a device of its own, poisoned, which must be empty and
// without a fault at the end. What it makes it frees.
type kit struct {
	*testing.T
	dev device.Device
}

func open(t *testing.T) kit {
	dev := devicetest.Reference()
	dev.Poison(true)
	t.Cleanup(func() {
		assert.NoError(t, dev.Err())
		assert.Zero(t, dev.Stats().Live, "bytes leaked")
		assert.NoError(t, dev.Close())
	})
	return kit{t, dev}
}

// made is x, freed at the end.
func (k kit) made(x *tensor.Tensor, err error) *tensor.Tensor {
	k.Helper()
	require.NoError(k, err)
	k.Cleanup(x.Free)
	return x
}

func (k kit) f32(data []float32, shape ...int) *tensor.Tensor {
	k.Helper()
	return k.made(tensor.From(k.dev, data, shape...))
}

func (k kit) i32(data []int32, shape ...int) *tensor.Tensor {
	k.Helper()
	return k.made(tensor.From(k.dev, data, shape...))
}

func (k kit) u8(data []uint8, shape ...int) *tensor.Tensor {
	k.Helper()
	return k.made(tensor.From(k.dev, data, shape...))
}

// empty is a tensor to be written.
func (k kit) empty(t device.DType, shape ...int) *tensor.Tensor {
	k.Helper()
	return k.made(tensor.New(k.dev, t, shape...))
}

// rank0 is a single number.
func (k kit) rank0(v float32) *tensor.Tensor {
	k.Helper()
	return k.made(tensor.Scalar(k.dev, v))
}

// holds checks x's shape and its values to 1e-6.
func (k kit) holds(x *tensor.Tensor, shape []int, values ...float64) {
	k.Helper()
	require.True(k, slices.Equal(shape, x.Shape()), "shape %v, want %v", x.Shape(), shape)
	got, err := x.Float64s()
	require.NoError(k, err)
	require.Len(k, got, len(values))
	for i := range values {
		if got[i] != values[i] { // so that infinities pass
			require.InDelta(k, values[i], got[i], 1e-6, "element %d of %v", i, got)
		}
	}
}

func (k kit) holdsInts(x *tensor.Tensor, shape []int, values ...int32) {
	k.Helper()
	require.True(k, slices.Equal(shape, x.Shape()), "shape %v, want %v", x.Shape(), shape)
	got, err := x.Int32s()
	require.NoError(k, err)
	require.Equal(k, values, got)
}

// fails checks that err is a *ShapeError with this message.
func (k kit) fails(err error, message string) {
	k.Helper()
	var e *tensor.ShapeError
	require.ErrorAs(k, err, &e)
	require.EqualError(k, err, "tensor: "+message)
}

// failing is the error of a call with one result more.
func failing[T any](_ T, err error) error { return err }

func ramp(n int) []float32 {
	s := make([]float32, n)
	for i := range s {
		s[i] = float32(i + 1)
	}
	return s
}

func TestNew(t *testing.T) {
	k := open(t)
	x := k.empty(device.BFloat16, 2, 0, 3)
	require.Equal(t, "bfloat16[2 0 3] on reference", x.String())
	require.Equal(t, k.dev, x.Device())
	require.Equal(t, []int{2, 0, 3}, x.Shape())
	require.Equal(t, 3, x.Rank())
	require.Equal(t, 3, x.Dim(-1))
	require.Equal(t, 2, x.Dim(0))
	require.Zero(t, x.Len())
	require.Equal(t, 1, k.rank0(2).Len())
}

func TestHostileShapes(t *testing.T) {
	k := open(t)
	make := func(shape ...int) error { return failing(tensor.New(k.dev, device.Uint8, shape...)) }
	k.fails(make(2, -1), "New: [2 -1] does not fit: extents cannot be negative")
	const most = " does not fit: a tensor holds at most 2147483647 elements"
	k.fails(make(1<<31), "New: [2147483648]"+most)
	k.fails(make(1<<32, 1<<32), "New: [4294967296 4294967296]"+most)
	k.fails(make(0, 1<<32, 1<<32), "New: [0 4294967296 4294967296]"+most)
	k.fails(make(math.MaxInt, 2), "New: [9223372036854775807 2]"+most)
}

func TestRoundTrips(t *testing.T) {
	k := open(t)
	k.holds(k.f32([]float32{1, 2, 3}), []int{3}, 1, 2, 3)
	doubles, err := k.made(tensor.From(k.dev, []float64{0.1, 1e-300}, 2, 1)).Float64s()
	require.NoError(t, err)
	require.Equal(t, []float64{0.1, 1e-300}, doubles)
	k.holdsInts(k.i32([]int32{-7, 8}), []int{2}, -7, 8)
	bytes, err := k.u8([]uint8{0, 255}).Uint8s()
	require.NoError(t, err)
	require.Equal(t, []uint8{0, 255}, bytes)

	x := k.empty(device.BFloat16, 2)
	require.NoError(t, tensor.Set(x, []float32{1.5, -2}))
	floats, err := x.Float32s()
	require.NoError(t, err)
	require.Equal(t, []float32{1.5, -2}, floats)
	require.NoError(t, tensor.Set(x, []float64{3, 4}))
	k.holds(x, []int{2}, 3, 4)
}

func TestRoundTripErrors(t *testing.T) {
	k := open(t)
	k.fails(failing(tensor.From(k.dev, []int32{1, 2}, 3)), "From: [3] does not fit: 2 values given")
	k.fails(failing(tensor.From(k.dev, []uint8{1}, -1)), "From: [-1] does not fit: 1 values given")
	x := k.f32([]float32{1, 2})
	k.fails(tensor.Set(x, []float32{1}), "Set: [2] does not fit: float32 cannot take 1 values of float32")
	k.fails(tensor.Set(x, []int32{1, 2}), "Set: [2] does not fit: float32 cannot take 2 values of int32")
	require.NoError(t, tensor.Write(x, func(v []float32) { v[0], v[1] = 5, 6 }))
	k.holds(x, []int{2}, 5, 6)
	k.fails(tensor.Write(k.i32([]int32{1}, 1), nil), "Write: [1] does not fit: int32 cannot be written as float32")
	k.fails(failing(x.Int32s()), "Download: [2] does not fit: float32 cannot be read as int32")
	k.fails(failing(x.Uint8s()), "Download: [2] does not fit: float32 cannot be read as uint8")
	k.fails(failing(k.i32([]int32{1}).Float64s()), "Download: [1] does not fit: int32 cannot be read as float64")
}

func TestReshape(t *testing.T) {
	k := open(t)
	x := k.f32(ramp(6), 2, 3)
	y := k.made(x.Reshape(3, -1))
	k.holds(y, []int{3, 2}, 1, 2, 3, 4, 5, 6)
	require.NoError(t, tensor.Fill(y, 7))
	k.holds(x, []int{2, 3}, 7, 7, 7, 7, 7, 7)
	k.holds(k.made(k.f32([]float32{5}, 1, 1).Reshape()), []int{}, 5)

	k.fails(failing(x.Reshape(4)), "Reshape: [2 3] and [4] do not fit: 6 elements")
	k.fails(failing(x.Reshape(-1, -1)), "Reshape: [2 3] and [-1 -1] do not fit: 6 elements")
	k.fails(failing(x.Reshape(-2, -3)), "Reshape: [2 3] and [-2 -3] do not fit: 6 elements")
	k.fails(failing(x.Reshape(-1, 4)), "Reshape: [2 3] and [-1 4] do not fit: 6 elements")
	none := k.empty(device.Float32, 0)
	k.holds(k.made(none.Reshape(-1, 3)), []int{0, 3})
	k.fails(failing(none.Reshape(-1, 0)), "Reshape: [0] and [-1 0] do not fit: 0 elements")
	k.fails(failing(none.Reshape(1<<32, 1<<32)), "Reshape: [0] and [4294967296 4294967296] do not fit: 0 elements")
}

func TestView(t *testing.T) {
	k := open(t)
	x := k.f32(ramp(130))
	k.holds(k.made(x.View(128, 2, 1)), []int{2, 1}, 129, 130)
	k.holds(k.made(x.View(64, 0)), []int{0})
	k.fails(failing(x.View(32, 2)), "View: [130] and [2] do not fit: from element 32")
	k.fails(failing(x.View(-64, 2)), "View: [130] and [2] do not fit: from element -64")
	k.fails(failing(x.View(128, 3)), "View: [130] and [3] do not fit: from element 128")
	k.fails(failing(x.View(math.MaxInt-63, 64)), "View: [130] and [64] do not fit: from element 9223372036854775744")
	k.fails(failing(x.View(0, -1)), "New: [-1] does not fit: extents cannot be negative")
}

func TestStorageIsCounted(t *testing.T) {
	k := open(t)
	x, err := tensor.From(k.dev, ramp(128))
	require.NoError(t, err)
	view, err := x.View(64, 64)
	require.NoError(t, err)
	other := view.Retain()

	live := k.dev.Stats().Live
	require.Positive(t, live)
	x.Free()
	view.Free()
	require.Equal(t, live, k.dev.Stats().Live)
	first, err := other.Float32s()
	require.NoError(t, err)
	require.Equal(t, float32(65), first[0])
	other.Free()
	require.Zero(t, k.dev.Stats().Live)
}

func TestFreeTwicePanics(t *testing.T) {
	k := open(t)
	x, err := tensor.Scalar(k.dev, 1)
	require.NoError(t, err)
	x.Free()
	require.PanicsWithValue(t, "tensor: freed twice", x.Free)
	var none *tensor.Tensor
	require.NotPanics(t, none.Free)
}

// A stingy device allocates a few times more, and then has no memory.
type stingy struct {
	device.Device
	left int
}

var errStingy = errors.New("no memory")

func (d *stingy) Alloc(t device.DType, n int) (device.Buffer, error) {
	if d.left == 0 {
		return nil, errStingy
	}
	d.left--
	return d.Device.Alloc(t, n)
}

// Wherever memory ends, an operation says so and leaves nothing behind.
func TestNoMemory(t *testing.T) {
	ops := map[string]struct {
		allocs int
		run    func(x *tensor.Tensor) error
	}{
		"Unary":   {1, func(x *tensor.Tensor) error { return failing(tensor.Unary(x, device.Unary{})) }},
		"Moments": {2, func(x *tensor.Tensor) error { _, _, err := tensor.Moments(x); return err }},
		"MaxPool": {2, func(x *tensor.Tensor) error {
			_, _, err := tensor.MaxPool(x, tensor.Window{Kernel: [2]int{1, 1}})
			return err
		}},
		"Expand": {2, func(x *tensor.Tensor) error { return failing(tensor.Expand(x, 2, 2, 2, 2)) }},
	}
	for name, op := range ops {
		t.Run(name, func(t *testing.T) {
			for left := range op.allocs {
				k := open(t)
				x := k.made(tensor.From(&stingy{k.dev, 1 + left}, ramp(4), 1, 2, 1, 2))
				require.ErrorIs(t, op.run(x), errStingy)
			}
		})
	}
}

func TestUseAfterFree(t *testing.T) {
	k := open(t)
	x := k.f32([]float32{1, 2}, 2)
	y := x.Retain()
	y.Free()
	for _, use := range []func(){
		func() { _ = tensor.BinaryInto(tensor.Dst{}, x, y, device.Add) },
		func() { _ = tensor.UnaryInto(tensor.To(y), x, device.Unary{}) },
		func() { _, _ = y.Float32s() },
		func() { _ = tensor.Set(y, []float32{1, 2}) },
		func() { _, _ = y.Reshape(1, 2) },
		func() { _, _ = y.View(0, 1) },
		func() { y.Retain() },
	} {
		require.PanicsWithValue(t, "tensor: used after Free", use)
	}
}
