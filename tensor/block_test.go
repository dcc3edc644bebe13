package tensor_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/chainrule/device"
	"example.org/chainrule/tensor"
)

func TestSlice(t *testing.T) {
	k := open(t)
	x := k.f32(ramp(6), 2, 3)
	k.holds(k.made(tensor.Slice(x, 1, 1, 3)), []int{2, 2}, 2, 3, 5, 6)
	k.holds(k.made(tensor.Slice(x, -2, 1, 2)), []int{1, 3}, 4, 5, 6)
	k.holds(k.made(tensor.Slice(x, 0, 1, 1)), []int{0, 3})
	k.holdsInts(k.made(tensor.Slice(k.i32([]int32{7, 8, 9}), 0, 1, 3)), []int{2}, 8, 9)
	y := k.f32([]float32{10, 20}, 2, 1)
	require.NoError(t, tensor.SliceInto(tensor.Onto(y), x, 1, 0, 1))
	k.holds(y, []int{2, 1}, 11, 24)
}

func TestSliceGrad(t *testing.T) {
	k := open(t)
	dx, dy := k.empty(device.Float32, 2, 3), k.f32([]float32{1, 2}, 2, 1)
	require.NoError(t, tensor.SliceGradInto(tensor.To(dx), dy, 1, 2))
	k.holds(dx, []int{2, 3}, 0, 0, 1, 0, 0, 2)
	require.NoError(t, tensor.SliceGradInto(tensor.Onto(dx), dy, -1, 1))
	k.holds(dx, []int{2, 3}, 0, 1, 1, 0, 2, 2)
	require.NoError(t, tensor.SliceGradInto(tensor.Dst{}, dy, 1, 2))
}

func TestConcat(t *testing.T) {
	k := open(t)
	a, b := k.f32([]float32{1, 2}, 2, 1), k.f32([]float32{3, 4, 5, 6}, 2, 2)
	k.holds(k.made(tensor.Concat(1, a, b, a)), []int{2, 4}, 1, 3, 4, 1, 2, 5, 6, 2)
	k.holds(k.made(tensor.Concat(-2, b, b)), []int{4, 2}, 3, 4, 5, 6, 3, 4, 5, 6)
	k.holdsInts(k.made(tensor.Concat(0, k.i32([]int32{1}), k.i32([]int32{2, 3}))), []int{3}, 1, 2, 3)
}

func TestPad(t *testing.T) {
	k := open(t)
	x := k.f32([]float32{1, 2}, 2, 1)
	k.holds(k.made(tensor.Pad(x, 1, 1, 2, 9)), []int{2, 4}, 9, 1, 9, 9, 9, 2, 9, 9)
	k.holds(k.made(tensor.Pad(x, 0, 0, 1, 0)), []int{3, 1}, 1, 2, 0)
}

func TestSliceErrors(t *testing.T) {
	k := open(t)
	x, ids := k.f32(ramp(6), 2, 3), k.i32([]int32{1, 2})
	k.fails(failing(tensor.Slice(x, 2, 0, 1)), "Slice: [2 3] does not fit: there is no axis 2: the rank is 2")
	k.fails(failing(tensor.Slice(x, -1, 2, 4)), "Slice: [2 3] does not fit: 2 to 4 of axis 1: want 0 <= lo <= hi <= 3")
	k.fails(failing(tensor.Slice(x, 1, 2, 1)), "Slice: [2 3] does not fit: 2 to 1 of axis 1: want 0 <= lo <= hi <= 3")
	k.fails(failing(tensor.Slice(x, 1, -1, 1)), "Slice: [2 3] does not fit: -1 to 1 of axis 1: want 0 <= lo <= hi <= 3")
	k.fails(tensor.SliceInto(tensor.To(x), x, 1, 0, 1), "Slice: [2 3] does not fit: the result is [2 1] on reference")
	k.fails(tensor.SliceInto(tensor.Onto(k.empty(device.Int32, 1)), ids, 0, 0, 1), "Slice: [1] does not fit: int32 cannot be added to")
	k.fails(tensor.SliceGradInto(tensor.To(x), k.f32(ramp(4), 2, 2), 1, 2), "Slice derivative: [2 2] and [2 3] do not fit: from 2 of axis 1 on")
	k.fails(tensor.SliceGradInto(tensor.To(x), k.f32(ramp(4), 2, 2), 1, math.MaxInt), "Slice derivative: [2 2] and [2 3] do not fit: from 9223372036854775807 of axis 1 on")
	k.fails(tensor.SliceGradInto(tensor.To(x), k.f32(ramp(4), 2, 2), 1, -1), "Slice derivative: [2 2] and [2 3] do not fit: from -1 of axis 1 on")
	k.fails(tensor.SliceGradInto(tensor.To(x), k.f32(ramp(2)), 0, 0), "Slice derivative: [2] and [2 3] do not fit: from 0 of axis 0 on")
	k.fails(tensor.SliceGradInto(tensor.To(x), k.f32(ramp(2), 1, 2), 1, 0), "Slice derivative: [1 2] and [2 3] do not fit: the result is [1 3] on reference")
	k.fails(tensor.SliceGradInto(tensor.To(ids), ids, 0, 0), "Slice derivative: [2] does not fit: dtypes int32 and int32: want float32 or bfloat16, the same for all")
}

func TestConcatErrors(t *testing.T) {
	k := open(t)
	x := k.f32(ramp(6), 2, 3)
	k.fails(failing(tensor.Concat(0)), "Concat: want one tensor or more")
	k.fails(failing(tensor.Concat(2, x)), "Concat: [2 3] does not fit: there is no axis 2: the rank is 2")
	k.fails(failing(tensor.Concat(1, x, k.f32(ramp(3), 3, 1))), "Concat: [2 3] and [3 1] do not fit: want equal extents but along axis 1")
	k.fails(failing(tensor.Concat(0, x, k.f32(ramp(3)))), "Concat: [2 3] and [3] do not fit: want equal extents but along axis 0")
	k.fails(failing(tensor.Concat(0, x, k.empty(device.Int32, 1, 3))), "Concat: [2 3] and [1 3] do not fit: float32[2 3] on reference and int32[1 3] on reference: want one dtype and device")
}

func TestPadErrors(t *testing.T) {
	k := open(t)
	x := k.f32(ramp(6), 2, 3)
	k.fails(failing(tensor.Pad(x, 2, 1, 1, 0)), "Pad: [2 3] does not fit: there is no axis 2: the rank is 2")
	k.fails(failing(tensor.Pad(x, 1, -1, 1, 0)), "Pad: [2 3] does not fit: -1 before and 1 after: want 0 to 2147483647")
	k.fails(failing(tensor.Pad(x, 1, 1, math.MaxInt, 0)), "Pad: [2 3] does not fit: 1 before and 9223372036854775807 after: want 0 to 2147483647")
	k.fails(failing(tensor.Pad(k.u8([]uint8{1}), 0, 1, 1, 0)), "Pad: [1] does not fit: dtypes uint8 and uint8: want float32 or bfloat16, the same for all")
}
