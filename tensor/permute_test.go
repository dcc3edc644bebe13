package tensor_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/chainrule/device"
	"example.org/chainrule/tensor"
)

func TestPermute(t *testing.T) {
	for _, c := range []struct{ shape, axes []int }{
		{[]int{}, []int{}},
		{[]int{3}, []int{0}},
		{[]int{2, 3}, []int{1, 0}},
		{[]int{2, 3, 4}, []int{2, 0, 1}},
		{[]int{2, 3, 4}, []int{0, 1, 2}},
		{[]int{2, 1, 3, 1}, []int{3, 2, 1, 0}},
		{[]int{2, 3, 1, 2, 2}, []int{3, 2, 4, 0, 1}},
		{[]int{2, 1, 2, 3, 2, 1, 2, 2}, []int{6, 7, 0, 5, 2, 3, 1, 4}},
		{[]int{2, 2, 2, 3, 2, 2, 2, 2}, []int{6, 7, 0, 1, 4, 5, 2, 3}}, // eight axes, four once merged
		{[]int{2, 0, 3}, []int{1, 2, 0}},
		{[]int{2, 3, 2, 2, 3, 2}, []int{5, 3, 1, 4, 2, 0}},
	} {
		t.Run(fmt.Sprint(c.shape, c.axes), func(t *testing.T) {
			k := open(t)
			n := 1
			for _, d := range c.shape {
				n *= d
			}
			data := make([]int32, n)
			for i := range data {
				data[i] = int32(i)
			}
			x := k.made(k.i32(data).Reshape(c.shape...))
			shape := make([]int, len(c.axes))
			for i, a := range c.axes {
				shape[i] = c.shape[a]
			}
			want := []int32{}
			indices(shape, func(index []int) {
				source := make([]int, len(index))
				for i, a := range c.axes {
					source[a] = index[i]
				}
				want = append(want, int32(at(c.shape, source)))
			})
			k.holdsInts(k.made(tensor.Permute(x, c.axes...)), shape, want...)
		})
	}
}

func TestPermuteDTypes(t *testing.T) {
	k := open(t)
	bytes, err := k.made(tensor.Permute(k.u8([]uint8{1, 2, 3, 4}, 2, 2), -1, 0)).Uint8s()
	require.NoError(t, err)
	require.Equal(t, []uint8{1, 3, 2, 4}, bytes)
	x, y := k.empty(device.BFloat16, 1, 2), k.f32([]float32{10, 20}, 2, 1)
	require.NoError(t, tensor.Set(x, []float32{1, 2}))
	require.NoError(t, tensor.PermuteInto(tensor.Onto(y), x, 1, 0))
	k.holds(y, []int{2, 1}, 11, 22)
}

func TestPermuteErrors(t *testing.T) {
	k := open(t)
	x, ids := k.f32(ramp(6), 2, 3), k.i32([]int32{1, 2}, 2, 1)
	k.fails(failing(tensor.Permute(x, 0)), "Permute: [2 3] does not fit: axes [0]: want each of its 2 axes once")
	k.fails(failing(tensor.Permute(x, 0, 0)), "Permute: [2 3] does not fit: axes [0 0]: want each of its 2 axes once")
	k.fails(failing(tensor.Permute(x, 0, 1, 1)), "Permute: [2 3] does not fit: axes [0 1 1]: want each of its 2 axes once")
	k.fails(failing(tensor.Permute(x, 0, 2)), "Permute: [2 3] does not fit: there is no axis 2: the rank is 2")
	k.fails(tensor.PermuteInto(tensor.To(x), x, 1, 0), "Permute: [2 3] does not fit: the result is [3 2] on reference")
	k.fails(tensor.PermuteInto(tensor.Onto(k.empty(device.Int32, 1, 2)), ids, 1, 0), "Permute: [1 2] does not fit: int32 cannot be added to")
	k.fails(tensor.PermuteInto(tensor.To(k.empty(device.Float32, 1, 2)), ids, 1, 0), "Permute: [2 1] and [1 2] do not fit: a result of int32 cannot go to float32")
	k.fails(failing(tensor.Permute(k.empty(device.Float32, 2, 2, 2, 2, 2, 2, 2), 6, 5, 4, 3, 2, 1, 0)),
		"Permute: [2 2 2 2 2 2 2] does not fit: axes [6 5 4 3 2 1 0]: more than 6 that move apart")
}
