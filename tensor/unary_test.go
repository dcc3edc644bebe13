package tensor_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/chainrule/device"
	"example.org/chainrule/tensor"
)

var relu = device.Unary{Func: device.ReLU}

func TestUnary(t *testing.T) {
	k := open(t)
	x := k.f32([]float32{-1, 2}, 2, 1)
	y := k.made(tensor.Unary(x, relu))
	k.holds(y, []int{2, 1}, 0, 2)
	dy := k.f32([]float32{3, 4}, 2, 1)
	dx := k.f32([]float32{10, 10}, 2, 1)
	require.NoError(t, tensor.UnaryGradInto(tensor.Onto(dx), dy, y, relu))
	k.holds(dx, []int{2, 1}, 10, 14)
	require.NoError(t, tensor.UnaryInto(tensor.To(x), x, device.Unary{Func: device.Affine, A: 2, B: 1}))
	k.holds(x, []int{2, 1}, -1, 5)
	require.NoError(t, tensor.UnaryInto(tensor.Dst{}, x, relu))
}

func TestUnaryErrors(t *testing.T) {
	k := open(t)
	x, ids := k.f32(ramp(2)), k.i32([]int32{1, 2})
	k.fails(failing(tensor.Unary(ids, relu)), "ReLU: [2] does not fit: dtypes int32 and int32: want float32 or bfloat16, the same for all")
	k.fails(tensor.UnaryInto(tensor.To(k.empty(device.Float32, 3)), x, relu), "ReLU: [2] and [3] do not fit: the result is [2] on reference")
	k.fails(tensor.UnaryInto(tensor.To(k.empty(device.BFloat16, 2)), x, relu), "ReLU: [2] and [2] do not fit: a result of float32 cannot go to bfloat16")
	k.fails(tensor.UnaryGradInto(tensor.To(x), x, k.f32(ramp(3)), relu), "ReLU derivative: [2] and [3] do not fit: want equal shapes")
	k.fails(tensor.UnaryGradInto(tensor.To(x), x, k.empty(device.BFloat16, 2), relu),
		"ReLU derivative: [2] and [2] do not fit: dtypes float32 and bfloat16: want float32 or bfloat16, the same for all")
}
