package tensor_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/chainrule/device"
	"example.org/chainrule/tensor"
)

func TestCast(t *testing.T) {
	k := open(t)
	x := k.f32([]float32{1.5, -2}, 2, 1)
	y := k.made(tensor.Cast(x, device.BFloat16))
	require.Equal(t, device.BFloat16, y.DType())
	k.holds(y, []int{2, 1}, 1.5, -2)
	require.NoError(t, tensor.CastInto(tensor.Onto(x), y))
	k.holds(x, []int{2, 1}, 3, -4)
	require.NoError(t, tensor.CastInto(tensor.Dst{}, x))
}

func TestFill(t *testing.T) {
	k := open(t)
	x := k.empty(device.BFloat16, 2)
	require.NoError(t, tensor.Fill(x, 3))
	k.holds(x, []int{2}, 3, 3)
}

func TestNormalize(t *testing.T) {
	k := open(t)
	x := k.u8([]uint8{0, 1, 2, 255}, 2, 2)
	scale, shift := k.f32([]float32{2, 10}), k.f32([]float32{1, 0})
	k.holds(k.made(tensor.Normalize(x, scale, shift, device.Float32)), []int{2, 2}, 1, 10, 5, 2550)
	y := k.made(tensor.Normalize(x, scale, shift, device.BFloat16))
	require.Equal(t, device.BFloat16, y.DType())
	k.holds(y, []int{2, 2}, 1, 10, 5, 2550)
}

func TestConvertErrors(t *testing.T) {
	k := open(t)
	x, ids := k.f32(ramp(2)), k.i32([]int32{1, 2})
	k.fails(failing(tensor.Cast(ids, device.Float32)), "Cast: [2] does not fit: dtypes int32 and int32: want float32 or bfloat16, the same for all")
	k.fails(failing(tensor.Cast(x, device.Int32)), "Cast: [2] and [2] do not fit: the result is int32, want float32 or bfloat16")
	k.fails(tensor.CastInto(tensor.To(k.rank0(1)), x), "Cast: [2] and [] do not fit: the result is [], want [2]")
	k.fails(tensor.CastInto(tensor.To(open(t).f32(ramp(2))), x), "Cast: [2] and [2] do not fit: the result is on device reference, not reference")
	k.fails(tensor.Fill(ids, 0), "Fill: [2] does not fit: dtypes int32 and int32: want float32 or bfloat16, the same for all")

	pixels, one := k.u8([]uint8{1, 2}, 1, 2), k.f32(ramp(1))
	k.fails(failing(tensor.Normalize(x, x, x, device.Float32)), "Normalize: [2] does not fit: x is float32, want uint8")
	k.fails(failing(tensor.Normalize(k.made(k.u8([]uint8{1}).Reshape()), x, x, device.Float32)), "Normalize: [] does not fit: want one axis or more")
	k.fails(failing(tensor.Normalize(pixels, one, x, device.Float32)), "Normalize: [1 2] and [1] do not fit: scale is [1], want [2]")
	k.fails(failing(tensor.Normalize(pixels, x, one, device.Float32)), "Normalize: [1 2] and [1] do not fit: shift is [1], want [2]")
	k.fails(failing(tensor.Normalize(pixels, x, x, device.Uint8)), "Normalize: [1 2] and [1 2] do not fit: the result is uint8, want float32 or bfloat16")
	k.fails(tensor.NormalizeInto(tensor.To(one), pixels, x, x), "Normalize: [1 2] and [1] do not fit: the result is [1], want [1 2]")
}
