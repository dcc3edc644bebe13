package tensor_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/chainrule/device"
	"example.org/chainrule/tensor"
)

var ln3 = float32(math.Log(3))

func TestSoftmax(t *testing.T) {
	k := open(t)
	x := k.f32([]float32{0, ln3, 5, 5}, 2, 2)
	y := k.made(tensor.Softmax(x, false))
	k.holds(y, []int{2, 2}, 0.25, 0.75, 0.5, 0.5)
	z := k.made(tensor.Softmax(x, true))
	k.holds(z, []int{2, 2}, math.Log(0.25), math.Log(0.75), math.Log(0.5), math.Log(0.5))

	dy, dx := k.f32([]float32{4, 0, 0, 1}, 2, 2), k.empty(device.Float32, 2, 2)
	require.NoError(t, tensor.SoftmaxGradInto(tensor.To(dx), dy, y, false))
	k.holds(dx, []int{2, 2}, 0.75, -0.75, -0.25, 0.25)
	require.NoError(t, tensor.SoftmaxGradInto(tensor.To(dx), dy, z, true))
	k.holds(dx, []int{2, 2}, 3, -3, -0.5, 0.5)
}

func TestSoftmaxErrors(t *testing.T) {
	k := open(t)
	x := k.f32(ramp(2))
	k.fails(failing(tensor.Softmax(k.rank0(1), false)), "Softmax: [] does not fit: want one axis or more")
	k.fails(failing(tensor.Softmax(k.u8([]uint8{1}), false)), "Softmax: [1] does not fit: dtypes uint8 and uint8: want float32 or bfloat16, the same for all")
	k.fails(tensor.SoftmaxInto(tensor.To(k.rank0(1)), x, true), "Softmax: [2] and [] do not fit: the result is [2] on reference")
	k.fails(tensor.SoftmaxGradInto(tensor.Dst{}, x, k.f32(ramp(3)), true), "Softmax derivative: [2] and [3] do not fit: want equal shapes")
	k.fails(tensor.SoftmaxGradInto(tensor.Dst{}, k.rank0(1), x, true), "Softmax derivative: [] does not fit: want one axis or more")
	k.fails(tensor.SoftmaxGradInto(tensor.To(k.f32(ramp(3))), x, x, true), "Softmax derivative: [2] and [3] do not fit: the result is [2] on reference")
}
