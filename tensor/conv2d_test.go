package tensor_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/chainrule/device"
	"example.org/chainrule/tensor"
)

// ones are n ones.
func ones(n int) []float32 {
	s := make([]float32, n)
	for i := range s {
		s[i] = 1
	}
	return s
}

func TestConv2D(t *testing.T) {
	k := open(t)
	x, w := k.f32(ramp(9), 1, 3, 3, 1), k.f32(ones(4), 1, 2, 2, 1)
	conv := func(c tensor.Conv) *tensor.Tensor { return k.made(tensor.Conv2D(x, w, nil, c)) }
	k.holds(conv(tensor.Conv{}), []int{1, 2, 2, 1}, 12, 16, 24, 28)
	k.holds(conv(tensor.Conv{Stride: [2]int{2, 2}, Padding: [4]int{1, 1, 1, 1}}), []int{1, 2, 2, 1}, 1, 5, 11, 28)
	k.holds(conv(tensor.Conv{Dilation: [2]int{2, 2}}), []int{1, 1, 1, 1}, 20)
	k.holds(conv(tensor.Conv{Padding: [4]int{0, 0, 0, 1}, Stride: [2]int{2, 1}}), []int{1, 1, 3, 1}, 12, 16, 9)
	k.holds(conv(tensor.Conv{Padding: [4]int{0, 1, 0, 0}}), []int{1, 3, 2, 1}, 12, 16, 24, 28, 15, 17)
	k.holds(conv(tensor.Conv{Padding: [4]int{0, 0, 1, 0}}), []int{1, 2, 3, 1}, 5, 12, 16, 11, 24, 28)

	y, pre := k.empty(device.Float32, 1, 2, 2, 1), k.empty(device.Float32, 1, 2, 2, 1)
	require.NoError(t, tensor.Conv2DInto(tensor.To(y), tensor.To(pre), x, w, k.f32([]float32{-16}), tensor.Conv{Act: relu}))
	k.holds(pre, []int{1, 2, 2, 1}, -4, 0, 8, 12)
	k.holds(y, []int{1, 2, 2, 1}, 0, 0, 8, 12)
}

func TestConv2DGroups(t *testing.T) {
	k := open(t)
	x, w := k.f32([]float32{3, 5}, 1, 1, 1, 2), k.f32([]float32{2, 10}, 2, 1, 1, 1)
	c := tensor.Conv{Groups: 2}
	k.holds(k.made(tensor.Conv2D(x, w, nil, c)), []int{1, 1, 1, 2}, 6, 50)
	k.holds(k.made(tensor.Conv2DGradInput(x, w, c, 1, 1)), []int{1, 1, 1, 2}, 6, 50)
	k.holds(k.made(tensor.Conv2D(k.empty(device.Float32, 0, 1, 1, 2), w, nil, c)), []int{0, 1, 1, 2})
}

func TestConv2DGrads(t *testing.T) {
	k := open(t)
	x, w, dy := k.f32(ramp(9), 1, 3, 3, 1), k.f32(ones(4), 1, 2, 2, 1), k.f32(ones(4), 1, 2, 2, 1)
	dx := k.made(tensor.Conv2DGradInput(dy, w, tensor.Conv{}, 3, 3))
	k.holds(dx, []int{1, 3, 3, 1}, 1, 2, 1, 2, 4, 2, 1, 2, 1)
	dw := k.f32(ones(4), 1, 2, 2, 1)
	require.NoError(t, tensor.Conv2DGradFilterInto(tensor.Onto(dw), dy, x, tensor.Conv{}))
	k.holds(dw, []int{1, 2, 2, 1}, 13, 17, 25, 29)
	require.NoError(t, tensor.Conv2DGradInputInto(tensor.Dst{}, dy, w, tensor.Conv{}))
	require.NoError(t, tensor.Conv2DGradFilterInto(tensor.Dst{}, dy, x, tensor.Conv{}))
}

func TestConv2DErrors(t *testing.T) {
	k := open(t)
	x, w := k.empty(device.Float32, 1, 4, 4, 6), k.empty(device.Float32, 4, 3, 3, 6)
	conv := func(x, w *tensor.Tensor, c tensor.Conv) error { return failing(tensor.Conv2D(x, w, nil, c)) }
	const both = "Conv2D: [1 4 4 6] and [4 3 3 6] do not fit: "
	k.fails(conv(k.rank0(1), w, tensor.Conv{}), "Conv2D: [] and [4 3 3 6] do not fit: want images [n, height, width, channels]")
	k.fails(conv(x, k.rank0(1), tensor.Conv{}), "Conv2D: [1 4 4 6] and [] do not fit: want filters [filters, height, width, channels/groups]")
	k.fails(conv(x, w, tensor.Conv{Groups: 3}), both+"3 groups do not divide 6 channels and 4 filters")
	k.fails(conv(x, w, tensor.Conv{Groups: -1}), both+"-1 groups do not divide 6 channels and 4 filters")
	k.fails(conv(x, w, tensor.Conv{Groups: 2}), both+"6 channels in 2 groups want filters [filters, height, width, 3]")
	k.fails(conv(x, w, tensor.Conv{Stride: [2]int{1, -1}}), both+"stride [1 -1]: want 1 to 2147483647")
	k.fails(conv(x, w, tensor.Conv{Dilation: [2]int{-2, 1}}), both+"dilation [-2 1]: want 1 to 2147483647")
	k.fails(conv(x, w, tensor.Conv{Dilation: [2]int{2, 1}}), both+"the kernel spans 5 by 3, but the padded image is only 4 by 4")
	k.fails(conv(x, w, tensor.Conv{Padding: [4]int{0, -1, 0, 0}}), both+"padding [0 -1 0 0]: want 0 to 2147483647")
	k.fails(conv(x, w, tensor.Conv{Padding: [4]int{math.MaxInt, 0, 0, 0}}), both+"padding [9223372036854775807 0 0 0]: want 0 to 2147483647")
	k.fails(conv(x, k.empty(device.Float32, 4, 0, 3, 6), tensor.Conv{}), "Conv2D: [1 4 4 6] and [4 0 3 6] do not fit: kernel [0 3]: want 1 to 2147483647")
	k.fails(conv(x, k.empty(device.BFloat16, 4, 3, 3, 6), tensor.Conv{}), both+"dtypes float32 and bfloat16: want float32 or bfloat16, the same for all")
	k.fails(failing(tensor.Conv2D(x, w, k.f32(ramp(6)), tensor.Conv{})), "Conv2D: [1 4 4 6] and [6] do not fit: bias is [6], want [4]")
	k.fails(tensor.Conv2DInto(tensor.Dst{}, tensor.To(x), x, w, nil, tensor.Conv{}), "Conv2D: [1 4 4 6] does not fit: the result is [1 2 2 4] on reference")
}

func TestConv2DGradErrors(t *testing.T) {
	k := open(t)
	dy, w := k.empty(device.Float32, 1, 2, 2, 4), k.empty(device.Float32, 4, 3, 3, 6)
	const in, filter = "Conv2D input derivative: ", "Conv2D filter derivative: "
	k.fails(failing(tensor.Conv2DGradInput(dy, w, tensor.Conv{}, 5, 4)), in+"[4 3 3 6] and [1 2 2 4] do not fit: dy is [1 2 2 4], want [1 3 2 4]")
	k.fails(failing(tensor.Conv2DGradInput(dy, w, tensor.Conv{}, -5, 4)), in+"[1 -5 4 6] and [4 3 3 6] do not fit: the kernel spans 3 by 3, but the padded image is only -5 by 4")
	k.fails(failing(tensor.Conv2DGradInput(w, k.rank0(1), tensor.Conv{}, 4, 4)), in+"[4 3 3 6] and [] do not fit: want [n, height, width, filters] and [filters, height, width, channels/groups]")
	k.fails(tensor.Conv2DGradInputInto(tensor.To(k.empty(device.Float32, 1, 4, 4, 5)), dy, w, tensor.Conv{}),
		in+"[1 4 4 5] and [4 3 3 6] do not fit: 5 channels in 1 groups want filters [filters, height, width, 5]")
	k.fails(tensor.Conv2DGradFilterInto(tensor.To(w), dy, k.empty(device.Float32, 1, 5, 4, 6), tensor.Conv{}),
		filter+"[1 5 4 6] and [1 2 2 4] do not fit: dy is [1 2 2 4], want [1 3 2 4]")
	k.fails(tensor.Conv2DGradFilterInto(tensor.To(k.empty(device.BFloat16, 4, 3, 3, 6)), dy, k.empty(device.Float32, 1, 4, 4, 6), tensor.Conv{}),
		filter+"[1 4 4 6] and [4 3 3 6] do not fit: a result of float32 cannot go to bfloat16")
}
