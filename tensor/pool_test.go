package tensor_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/chainrule/device"
	"example.org/chainrule/tensor"
)

var (
	two    = tensor.Window{Kernel: [2]int{2, 2}}
	padded = tensor.Window{Kernel: [2]int{2, 2}, Padding: [4]int{1, 1, 1, 1}}
)

func TestMaxPool(t *testing.T) {
	k := open(t)
	x := k.f32(ramp(8), 1, 2, 4, 1)
	y, index, err := tensor.MaxPool(x, two)
	require.NoError(t, err)
	defer y.Free()
	defer index.Free()
	k.holds(y, []int{1, 1, 2, 1}, 6, 8)
	k.holdsInts(index, []int{1, 1, 2, 1}, 5, 7)

	dx := k.empty(device.Float32, 1, 2, 4, 1)
	require.NoError(t, tensor.MaxPoolGradInto(tensor.To(dx), k.f32([]float32{3, 4}, 1, 1, 2, 1), index, two))
	k.holds(dx, []int{1, 2, 4, 1}, 0, 0, 0, 0, 0, 3, 0, 4)
	require.NoError(t, tensor.MaxPoolGradInto(tensor.Dst{}, y, index, two))

	overlapping := tensor.Window{Kernel: [2]int{2, 2}, Stride: [2]int{1, 1}}
	z := k.empty(device.Float32, 1, 1, 3, 1)
	require.NoError(t, tensor.MaxPoolInto(tensor.To(z), tensor.Dst{}, x, overlapping))
	k.holds(z, []int{1, 1, 3, 1}, 6, 7, 8)
}

func TestAvgPool(t *testing.T) {
	k := open(t)
	k.holds(k.made(tensor.AvgPool(k.f32(ramp(8), 1, 2, 4, 1), two)), []int{1, 1, 2, 1}, 3.5, 5.5)
	x := k.f32(ramp(4), 1, 2, 2, 1)
	k.holds(k.made(tensor.AvgPool(x, padded)), []int{1, 2, 2, 1}, 0.25, 0.5, 0.75, 1)
	inside := padded
	inside.ExcludePad = true
	k.holds(k.made(tensor.AvgPool(x, inside)), []int{1, 2, 2, 1}, 1, 2, 3, 4)

	dx := k.f32(ones(4), 1, 2, 2, 1)
	require.NoError(t, tensor.AvgPoolGradInto(tensor.Onto(dx), k.f32([]float32{4}, 1, 1, 1, 1), two))
	k.holds(dx, []int{1, 2, 2, 1}, 2, 2, 2, 2)
	require.NoError(t, tensor.AvgPoolGradInto(tensor.Dst{}, dx, two))
}

func TestAdaptiveAvgPool(t *testing.T) {
	k := open(t)
	x := k.f32(ramp(3), 1, 1, 3, 1)
	k.holds(k.made(tensor.AdaptiveAvgPool(x, 1, 1)), []int{1, 1, 1, 1}, 2)
	k.holds(k.made(tensor.AdaptiveAvgPool(x, 1, 2)), []int{1, 1, 2, 1}, 1.5, 2.5)
	dx := k.empty(device.Float32, 1, 1, 3, 1)
	require.NoError(t, tensor.AdaptiveAvgPoolGradInto(tensor.To(dx), k.f32([]float32{2, 4}, 1, 1, 2, 1)))
	k.holds(dx, []int{1, 1, 3, 1}, 1, 3, 2)
	require.NoError(t, tensor.AdaptiveAvgPoolGradInto(tensor.Dst{}, x))
}

func TestPoolErrors(t *testing.T) {
	k := open(t)
	x, y := k.f32(ramp(8), 1, 2, 4, 1), k.f32(ramp(2), 1, 1, 2, 1)
	index := k.i32([]int32{0, 1}, 1, 1, 2, 1)
	maxPool := func(x *tensor.Tensor, w tensor.Window) error { _, _, err := tensor.MaxPool(x, w); return err }
	k.fails(maxPool(k.rank0(1), two), "MaxPool: [] does not fit: want images [n, height, width, channels]")
	k.fails(maxPool(x, tensor.Window{}), "MaxPool: [1 2 4 1] does not fit: kernel [0 0]: want 1 to 2147483647")
	k.fails(maxPool(x, tensor.Window{Kernel: [2]int{3, 3}}), "MaxPool: [1 2 4 1] does not fit: the kernel spans 3 by 3, but the padded image is only 2 by 4")
	k.fails(maxPool(x, tensor.Window{Kernel: [2]int{2, 3}, Padding: [4]int{1, 1, 2, 0}}),
		"MaxPool: [1 2 4 1] does not fit: padding [1 1 2 0]: want at most half the kernel, 2 by 3")
	k.fails(maxPool(x, tensor.Window{Kernel: [2]int{3, 2}, Padding: [4]int{0, 2, 0, 0}}),
		"MaxPool: [1 2 4 1] does not fit: padding [0 2 0 0]: want at most half the kernel, 3 by 2")
	k.fails(maxPool(index, tensor.Window{Kernel: [2]int{1, 1}}), "MaxPool: [1 1 2 1] does not fit: dtypes int32 and int32: want float32 or bfloat16, the same for all")
	k.fails(tensor.MaxPoolInto(tensor.Dst{}, tensor.To(y), x, two), "MaxPool: [1 2 4 1] and [1 1 2 1] do not fit: index is float32, want int32")
	k.fails(tensor.MaxPoolInto(tensor.Dst{}, tensor.Onto(index), x, two), "MaxPool: [1 1 2 1] does not fit: int32 cannot be added to")
	k.fails(tensor.MaxPoolInto(tensor.To(x), tensor.To(index), x, two), "MaxPool: [1 2 4 1] does not fit: the result is [1 1 2 1] on reference")
	k.fails(tensor.MaxPoolGradInto(tensor.To(x), x, index, two), "MaxPool derivative: [1 2 4 1] does not fit: dy is [1 2 4 1], want [1 1 2 1]")
	k.fails(tensor.MaxPoolGradInto(tensor.To(x), y, y, two), "MaxPool derivative: [1 1 2 1] does not fit: index is float32, want int32")
	k.fails(failing(tensor.AvgPool(x, tensor.Window{Kernel: [2]int{1, 1}, Stride: [2]int{-1, 0}})),
		"AvgPool: [1 2 4 1] does not fit: stride [-1 1]: want 1 to 2147483647")
	k.fails(tensor.AvgPoolInto(tensor.To(x), x, two), "AvgPool: [1 2 4 1] does not fit: the result is [1 1 2 1] on reference")
	k.fails(tensor.AvgPoolGradInto(tensor.To(x), x, two), "AvgPool derivative: [1 2 4 1] does not fit: dy is [1 2 4 1], want [1 1 2 1]")
}

func TestAdaptiveAvgPoolErrors(t *testing.T) {
	k := open(t)
	x := k.f32(ramp(8), 1, 2, 4, 1)
	k.fails(failing(tensor.AdaptiveAvgPool(k.rank0(1), 1, 1)), "AdaptiveAvgPool: [] does not fit: want images [n, height, width, channels]")
	k.fails(failing(tensor.AdaptiveAvgPool(x, 0, 1)), "AdaptiveAvgPool: [1 2 4 1] does not fit: 0 by 1 windows on 2 by 4: want 1 or more of each")
	k.fails(failing(tensor.AdaptiveAvgPool(k.empty(device.Float32, 1, 0, 4, 1), 1, 1)), "AdaptiveAvgPool: [1 0 4 1] does not fit: 1 by 1 windows on 0 by 4: want 1 or more of each")
	k.fails(failing(tensor.AdaptiveAvgPool(k.u8([]uint8{1}, 1, 1, 1, 1), 1, 1)),
		"AdaptiveAvgPool: [1 1 1 1] does not fit: dtypes uint8 and uint8: want float32 or bfloat16, the same for all")
	k.fails(tensor.AdaptiveAvgPoolGradInto(tensor.To(x), k.rank0(1)), "AdaptiveAvgPool derivative: [1 2 4 1] and [] do not fit: want images [n, height, width, channels]")
	k.fails(tensor.AdaptiveAvgPoolGradInto(tensor.To(x), k.f32(ramp(2), 2, 1, 1, 1)), "AdaptiveAvgPool derivative: [1 2 4 1] and [2 1 1 1] do not fit: dy is [2 1 1 1], want [1 1 1 1]")
}
