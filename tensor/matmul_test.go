package tensor_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/chainrule/device"
	"example.org/chainrule/tensor"
)

func TestMatMul(t *testing.T) {
	k := open(t)
	a := k.f32([]float32{1, 2, 3, 4}, 2, 2)
	b := k.f32([]float32{5, 6, 7, 8}, 2, 2)
	k.holds(k.made(tensor.MatMul(a, b, nil, tensor.Product{})), []int{2, 2}, 19, 22, 43, 50)
	k.holds(k.made(tensor.MatMul(a, b, nil, tensor.Product{TransA: true})), []int{2, 2}, 26, 30, 38, 44)
	k.holds(k.made(tensor.MatMul(a, b, nil, tensor.Product{TransB: true})), []int{2, 2}, 17, 23, 39, 53)

	c, pre := k.empty(device.Float32, 2, 2), k.empty(device.Float32, 2, 2)
	bias := k.f32([]float32{-20, 1})
	require.NoError(t, tensor.MatMulInto(tensor.To(c), tensor.To(pre), a, b, bias, tensor.Product{Act: relu}))
	k.holds(pre, []int{2, 2}, -1, 23, 23, 51)
	k.holds(c, []int{2, 2}, 0, 23, 23, 51)
}

func TestMatMulBatches(t *testing.T) {
	k := open(t)
	a := k.f32([]float32{1, 2, 3, 4}, 2, 1, 2)
	k.holds(k.made(tensor.MatMul(a, k.f32([]float32{1, 10, 100, 1000}, 2, 2, 1), nil, tensor.Product{})), []int{2, 1, 1}, 21, 4300)
	k.holds(k.made(tensor.MatMul(a, k.f32([]float32{1, 10}, 2, 1), nil, tensor.Product{})), []int{2, 1, 1}, 21, 43)
	k.holds(k.made(tensor.MatMul(a, k.f32([]float32{10}, 1, 1), nil, tensor.Product{TransA: true})), []int{2, 2, 1}, 10, 20, 30, 40)
	k.holds(k.made(tensor.MatMul(k.empty(device.Float32, 2, 0), k.empty(device.Float32, 0, 1), nil, tensor.Product{})), []int{2, 1}, 0, 0)
}

func TestMatMulErrors(t *testing.T) {
	k := open(t)
	mul := func(a, b, bias *tensor.Tensor) error { return failing(tensor.MatMul(a, b, bias, tensor.Product{})) }
	a, b := k.f32(ramp(6), 2, 3), k.f32(ramp(6), 3, 2)
	k.fails(mul(a, k.f32(ramp(3)), nil), "MatMul: [2 3] and [3] do not fit: want matrices: two axes or more")
	k.fails(mul(a, k.f32(ramp(4), 2, 2), nil), "MatMul: [2 3] and [2 2] do not fit: the inner extents differ")
	k.fails(mul(k.f32(ramp(12), 2, 2, 3), k.f32(ramp(18), 3, 3, 2), nil), "MatMul: [2 2 3] and [3 3 2] do not fit: the leading axes differ")
	k.fails(mul(a, b, k.f32(ramp(3))), "MatMul: [2 3] and [3] do not fit: bias is [3], want [2]")
	k.fails(mul(a, b, k.empty(device.BFloat16, 2)), "MatMul: [2 3] and [2] do not fit: bias is bfloat16, want float32")
	k.fails(mul(a, b, open(t).f32(ramp(2))), "MatMul: [2 3] and [2] do not fit: bias is on device reference, not reference")
	k.fails(tensor.MatMulInto(tensor.Dst{}, tensor.To(a), a, b, nil, tensor.Product{}), "MatMul: [2 3] does not fit: the result is [2 2] on reference")
}
