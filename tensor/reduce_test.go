package tensor_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/chainrule/device"
	"example.org/chainrule/tensor"
)

func TestReduce(t *testing.T) {
	k := open(t)
	x := k.f32(ramp(12), 2, 3, 2)
	k.holds(k.made(tensor.Reduce(x, device.Sum, 0, 3)), []int{}, 78)
	k.holds(k.made(tensor.Reduce(x, device.Mean, 1, 2)), []int{2, 2}, 3, 4, 9, 10)
	k.holds(k.made(tensor.Reduce(x, device.Max, 0, 2)), []int{2}, 11, 12)
	k.holds(k.made(tensor.Reduce(x, device.Min, 1, 3)), []int{2}, 1, 7)
	k.holds(k.made(tensor.Reduce(k.f32([]float32{3, 4}), device.Norm2, 0, 1)), []int{}, 5)
	k.holds(k.made(tensor.Reduce(k.f32([]float32{1, 2}), device.Sum, 1, 1)), []int{2}, 1, 2)
	k.holds(k.made(tensor.Reduce(k.empty(device.Float32, 0), device.LogSumExp, 0, 1)), []int{}, math.Inf(-1))
}

func TestReduceGrad(t *testing.T) {
	k := open(t)
	x := k.f32([]float32{1, 3, 3, 2}, 2, 2)
	y := k.made(tensor.Reduce(x, device.Max, 1, 2))
	dy, dx := k.f32([]float32{10, 20}), k.empty(device.Float32, 2, 2)
	require.NoError(t, tensor.ReduceGradInto(tensor.To(dx), dy, x, y, device.Max, 1, 2))
	k.holds(dx, []int{2, 2}, 0, 10, 20, 0)
	require.NoError(t, tensor.ReduceGradInto(tensor.Onto(dx), dy, x, nil, device.Mean, 0, 1))
	k.holds(dx, []int{2, 2}, 5, 20, 25, 10)
}

func TestReduceErrors(t *testing.T) {
	k := open(t)
	x, y := k.f32(ramp(6), 2, 3), k.f32(ramp(2))
	k.fails(failing(tensor.Reduce(x, device.Sum, 1, 3)), "Sum: [2 3] does not fit: axes 1 to 3: want 0 <= lo <= hi <= 2, hi not included")
	k.fails(failing(tensor.Reduce(x, device.Sum, -1, 1)), "Sum: [2 3] does not fit: axes -1 to 1: want 0 <= lo <= hi <= 2, hi not included")
	k.fails(failing(tensor.Reduce(x, device.Sum, 1, 0)), "Sum: [2 3] does not fit: axes 1 to 0: want 0 <= lo <= hi <= 2, hi not included")
	k.fails(failing(tensor.Reduce(k.i32([]int32{1}), device.Sum, 0, 1)), "Sum: [1] does not fit: dtypes int32 and int32: want float32 or bfloat16, the same for all")
	k.fails(tensor.ReduceInto(tensor.To(y), x, device.Mean, 0, 1), "Mean: [2 3] and [2] do not fit: the result is [3] on reference")
	k.fails(tensor.ReduceGradInto(tensor.To(x), y, x, nil, device.Mean, 0, 1), "Mean derivative: [2 3] and [2] do not fit: dy is [2], want [3]")
	k.fails(tensor.ReduceGradInto(tensor.To(x), y, x, x, device.Max, 1, 2), "Max derivative: [2 3] does not fit: y is [2 3], want [2]")
	k.fails(tensor.ReduceGradInto(tensor.To(y), y, x, y, device.Max, 1, 2), "Max derivative: [2 3] and [2] do not fit: the result is [2 3] on reference")
}

func TestArgMax(t *testing.T) {
	k := open(t)
	x := k.f32([]float32{1, 5, 5, 7, 2, 0}, 2, 3)
	k.holdsInts(k.made(tensor.ArgMax(x, -1)), []int{2}, 1, 0)
	k.holdsInts(k.made(tensor.ArgMax(x, 0)), []int{3}, 1, 0, 0)
	k.holdsInts(k.made(tensor.ArgMax(k.empty(device.Float32, 0, 2), 1)), []int{0}, []int32{}...)
	k.fails(failing(tensor.ArgMax(x, 2)), "ArgMax: [2 3] does not fit: there is no axis 2: the rank is 2")
	k.fails(failing(tensor.ArgMax(x, -3)), "ArgMax: [2 3] does not fit: there is no axis -3: the rank is 2")
	k.fails(failing(tensor.ArgMax(k.empty(device.Float32, 2, 0), 1)), "ArgMax: [2 0] does not fit: axis 1 is empty: it has no largest element")
	k.fails(failing(tensor.ArgMax(k.u8([]uint8{1}), 0)), "ArgMax: [1] does not fit: dtypes uint8 and uint8: want float32 or bfloat16, the same for all")
}

func TestExpand(t *testing.T) {
	k := open(t)
	k.holds(k.made(tensor.Expand(k.rank0(3), 2, 2)), []int{2, 2}, 3, 3, 3, 3)
	k.holds(k.made(tensor.Expand(k.f32(ramp(2)), 2)), []int{2}, 1, 2)
	k.holds(k.made(tensor.Expand(k.f32(ramp(2), 2, 1), 3, 2, 1)), []int{3, 2, 1}, 1, 2, 1, 2, 1, 2)
	k.holds(k.made(tensor.Expand(k.f32(ramp(2), 1, 2, 1), 2, 2, 3)), []int{2, 2, 3}, 1, 1, 1, 2, 2, 2, 1, 1, 1, 2, 2, 2)
	k.holds(k.made(tensor.Expand(k.f32(ramp(1)), 0)), []int{0})
	require.NoError(t, tensor.ExpandInto(tensor.Dst{}, k.rank0(1)))
}

func TestExpandGrad(t *testing.T) {
	k := open(t)
	dy := k.f32(ramp(12), 2, 2, 3)
	for _, c := range []struct {
		shape []int
		want  []float64
	}{
		{[]int{}, []float64{78}},
		{[]int{3}, []float64{22, 26, 30}},
		{[]int{2, 1}, []float64{1 + 2 + 3 + 7 + 8 + 9, 4 + 5 + 6 + 10 + 11 + 12}},
		{[]int{2, 1, 3}, []float64{5, 7, 9, 17, 19, 21}},
	} {
		dx := k.empty(device.Float32, c.shape...)
		require.NoError(t, tensor.Fill(dx, 0))
		require.NoError(t, tensor.ExpandGradInto(tensor.Onto(dx), dy))
		k.holds(dx, c.shape, c.want...)
		require.NoError(t, tensor.ExpandGradInto(tensor.To(dx), dy))
		k.holds(dx, c.shape, c.want...)
	}
	half, sum := k.made(tensor.Cast(dy, device.BFloat16)), k.empty(device.Float32, 1, 2, 1)
	require.NoError(t, tensor.ExpandGradInto(tensor.To(sum), half))
	k.holds(sum, []int{1, 2, 1}, 30, 48)
	same := k.empty(device.Float32, 2, 2, 3)
	require.NoError(t, tensor.ExpandGradInto(tensor.To(same), dy))
	k.holds(same, []int{2, 2, 3}, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12)
	require.NoError(t, tensor.ExpandGradInto(tensor.Dst{}, dy))
}

func TestExpandErrors(t *testing.T) {
	k := open(t)
	x := k.f32(ramp(2))
	k.fails(failing(tensor.Expand(x, 3)), "Expand: [2] and [3] do not fit: 2 and 3 at axis 0: want equal extents, or 1")
	k.fails(failing(tensor.Expand(x, 2, 1)), "Expand: [2] and [2 1] do not fit: 2 and 1 at axis 1: want equal extents, or 1")
	k.fails(failing(tensor.Expand(x)), "Expand: [2] and [] do not fit: a shape cannot lose axes")
	k.fails(failing(tensor.Expand(x, -1)), "New: [-1] does not fit: extents cannot be negative")
	k.fails(failing(tensor.Expand(k.i32([]int32{1}), 2)), "Expand: [1] does not fit: dtypes int32 and int32: want float32 or bfloat16, the same for all")
	k.fails(tensor.ExpandGradInto(tensor.To(x), k.f32(ramp(3))), "Expand derivative: [2] and [3] do not fit: 2 and 3 at axis 0: want equal extents, or 1")
}
