package tensor_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/chainrule/device"
	"example.org/chainrule/tensor"
)

func TestMoments(t *testing.T) {
	k := open(t)
	mean, variance, err := tensor.Moments(k.f32([]float32{1, 5, 1, 5, 3, 5, 3, 5}, 2, 2, 2))
	require.NoError(t, err)
	k.holds(k.made(mean, nil), []int{2}, 2, 5)
	k.holds(k.made(variance, nil), []int{2}, 1, 0)

	_, _, err = tensor.Moments(k.rank0(1))
	k.fails(err, "Moments: [] does not fit: want one axis or more")
	_, _, err = tensor.Moments(k.i32([]int32{1}))
	k.fails(err, "Moments: [1] does not fit: dtypes int32 and int32: want float32 or bfloat16, the same for all")
}

// A column with mean 2 and variance 1.
func normed(k kit) (x, mean, variance, gamma, beta *tensor.Tensor) {
	return k.f32([]float32{1, 1, 3, 3}, 4, 1), k.f32([]float32{2}), k.f32([]float32{1}), k.f32([]float32{2}), k.f32([]float32{1})
}

func TestBatchNorm(t *testing.T) {
	k := open(t)
	x, mean, variance, gamma, beta := normed(k)
	k.holds(k.made(tensor.BatchNorm(x, nil, mean, variance, gamma, beta, tensor.Norm{})), []int{4, 1}, -1, -1, 3, 3)
	k.holds(k.made(tensor.BatchNorm(x, nil, mean, variance, gamma, beta, tensor.Norm{Epsilon: 3})), []int{4, 1}, 0, 0, 2, 2)

	y, pre := k.empty(device.Float32, 4, 1), k.empty(device.Float32, 4, 1)
	residual := k.f32([]float32{0, 5, 0, 5}, 4, 1)
	require.NoError(t, tensor.BatchNormInto(tensor.To(y), tensor.To(pre), x, residual, mean, variance, gamma, beta, tensor.Norm{Act: relu}))
	k.holds(pre, []int{4, 1}, -1, 4, 3, 8)
	k.holds(y, []int{4, 1}, 0, 4, 3, 8)
}

func TestBatchNormGrad(t *testing.T) {
	k := open(t)
	x, mean, variance, gamma, _ := normed(k)
	dy := k.f32([]float32{1, 2, 3, 6}, 4, 1)
	dx, dresidual := k.empty(device.Float32, 4, 1), k.empty(device.Float32, 4, 1)
	dgamma, dbeta := k.f32([]float32{100}), k.empty(device.Float32, 1)
	grad := func(v *tensor.Tensor, n tensor.Norm) {
		require.NoError(t, tensor.BatchNormGradInto(tensor.To(dx), tensor.To(dresidual), tensor.Onto(dgamma), tensor.To(dbeta), dy, x, v, mean, variance, gamma, n))
	}
	grad(nil, tensor.Norm{})
	k.holds(dx, []int{4, 1}, -1, 1, -3, 3)
	k.holds(dresidual, []int{4, 1}, 1, 2, 3, 6)
	k.holds(dgamma, []int{1}, 106)
	k.holds(dbeta, []int{1}, 12)
	grad(k.f32([]float32{0, 0, 3, 3}, 4, 1), tensor.Norm{Fixed: true, Act: relu})
	k.holds(dx, []int{4, 1}, 0, 0, 6, 12)
	k.holds(dgamma, []int{1}, 115)
}

func TestBatchNormErrors(t *testing.T) {
	k := open(t)
	x, c, wrong := k.f32(ramp(6), 2, 3), k.f32(ramp(3)), k.f32(ramp(2))
	norm := func(x, residual, mean, variance, gamma, beta *tensor.Tensor) error {
		return failing(tensor.BatchNorm(x, residual, mean, variance, gamma, beta, tensor.Norm{}))
	}
	const op = "BatchNorm: [2 3] and [2] do not fit: "
	k.fails(norm(k.rank0(1), nil, c, c, c, c), "BatchNorm: [] does not fit: want one axis or more")
	k.fails(norm(x, nil, wrong, c, c, c), op+"mean is [2], want [3]")
	k.fails(norm(x, nil, c, wrong, c, c), op+"variance is [2], want [3]")
	k.fails(norm(x, nil, c, c, wrong, c), op+"gamma is [2], want [3]")
	k.fails(norm(x, nil, c, c, c, wrong), op+"beta is [2], want [3]")
	k.fails(norm(x, wrong, c, c, c, c), op+"want equal shapes")
	k.fails(norm(x, nil, c, c, k.empty(device.BFloat16, 3), c), "BatchNorm: [2 3] and [3] do not fit: gamma is bfloat16, want float32")
	k.fails(tensor.BatchNormInto(tensor.Dst{}, tensor.To(wrong), x, nil, c, c, c, c, tensor.Norm{}), op+"the result is [2 3] on reference")

	grad := func(dx, dresidual, dgamma, dbeta *tensor.Tensor, dy, v *tensor.Tensor) error {
		return tensor.BatchNormGradInto(tensor.To(dx), tensor.To(dresidual), tensor.To(dgamma), tensor.To(dbeta), dy, x, v, c, c, c, tensor.Norm{})
	}
	const derivative = "BatchNorm derivative: [2 3] and [2] do not fit: "
	k.fails(grad(wrong, nil, nil, nil, x, nil), derivative+"the result is [2 3] on reference")
	k.fails(grad(nil, wrong, nil, nil, x, nil), derivative+"the result is [2 3] on reference")
	k.fails(grad(nil, nil, wrong, nil, x, nil), derivative+"dgamma is [2], want [3]")
	k.fails(grad(nil, nil, nil, wrong, x, nil), derivative+"dbeta is [2], want [3]")
	k.fails(grad(nil, nil, nil, nil, wrong, nil), derivative+"want equal shapes")
	k.fails(grad(nil, nil, nil, nil, x, wrong), derivative+"want equal shapes")
}
