package tensor_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/chainrule/device"
	"example.org/chainrule/tensor"
)

func TestBinary(t *testing.T) {
	k := open(t)
	a, b := k.f32(ramp(6), 2, 3), k.f32([]float32{10, 20}, 2, 1)
	y := k.made(tensor.Binary(a, b, device.Mul))
	k.holds(y, []int{2, 3}, 10, 20, 30, 80, 100, 120)
	da, db := k.empty(device.Float32, 2, 3), k.empty(device.Float32, 2, 1)
	dy := k.f32([]float32{1, 1, 1, 2, 2, 2}, 2, 3)
	require.NoError(t, tensor.BinaryGradInto(tensor.To(da), tensor.To(db), dy, a, b, device.Mul))
	k.holds(da, []int{2, 3}, 10, 10, 10, 40, 40, 40)
	k.holds(db, []int{2, 1}, 6, 30)
	k.holds(k.made(tensor.Binary(k.rank0(1), k.empty(device.Float32, 0, 2), device.Add)), []int{0, 2})
}

// at is the element of a row-major array at an index aligned at the last axis,
// where extents of 1 repeat.
func at(shape, index []int) int {
	p := 0
	for i, n := range shape {
		p *= n
		if n > 1 {
			p += index[len(index)-len(shape)+i]
		}
	}
	return p
}

// indices calls f with every index of a shape.
func indices(shape []int, f func(index []int)) {
	n := 1
	for _, d := range shape {
		n *= d
	}
	index := make([]int, len(shape))
	for p := range n {
		for i := len(shape) - 1; i >= 0; i-- {
			index[i], p = p%shape[i], p/shape[i]
		}
		f(index)
	}
}

func TestBinaryBroadcasts(t *testing.T) {
	for _, c := range []struct{ a, b, y []int }{
		{[]int{}, []int{}, []int{}},
		{[]int{3}, []int{}, []int{3}},
		{[]int{2, 1}, []int{1, 3}, []int{2, 3}},
		{[]int{1, 1, 4}, []int{2, 3, 1}, []int{2, 3, 4}},
		{[]int{2, 3, 2, 2, 3, 2, 2, 2}, []int{2, 3, 1, 1, 3, 2, 1, 1}, []int{2, 3, 2, 2, 3, 2, 2, 2}},
		{[]int{2, 1, 2, 1, 2, 1}, []int{1, 2, 1, 2, 1, 2}, []int{2, 2, 2, 2, 2, 2}},
	} {
		t.Run(fmt.Sprint(c.a, c.b), func(t *testing.T) {
			k := open(t)
			na, nb := at(c.a, lastOf(c.a))+1, at(c.b, lastOf(c.b))+1
			a, b := k.made(k.f32(ramp(na)).Reshape(c.a...)), k.made(k.f32(ramp(nb)).Reshape(c.b...))
			var want []float64
			indices(c.y, func(index []int) { want = append(want, float64(at(c.a, index)-at(c.b, index))) })
			k.holds(k.made(tensor.Binary(a, b, device.Sub)), c.y, want...)
		})
	}
}

// lastOf is the index of the last element.
func lastOf(shape []int) []int {
	index := make([]int, len(shape))
	for i, n := range shape {
		index[i] = n - 1
	}
	return index
}

func TestBinaryErrors(t *testing.T) {
	k := open(t)
	a, b := k.f32(ramp(6), 2, 3), k.f32(ramp(2))
	k.fails(failing(tensor.Binary(a, b, device.Add)), "Add: [2 3] and [2] do not fit: 3 and 2 at axis 1 of the result: want equal extents, or 1")
	other := open(t)
	k.fails(failing(tensor.Binary(a, other.f32(ramp(3)), device.Div)), "Div: [2 3] and [3] do not fit: devices reference and reference: copy one operand over")
	k.fails(failing(tensor.Binary(k.empty(device.Float32, 2, 2, 2, 2, 2, 2, 2), k.empty(device.Float32, 1, 2, 1, 2, 1, 2, 1), device.Sub)),
		"Sub: [2 2 2 2 2 2 2] and [1 2 1 2 1 2 1] do not fit: more than 6 axes that broadcast differently")
	k.fails(tensor.BinaryGradInto(tensor.To(b), tensor.Dst{}, a, a, k.rank0(1), device.Mul),
		"Mul derivative: [2 3] and [2] do not fit: the result is [2 3] on reference")
	k.fails(tensor.BinaryGradInto(tensor.Dst{}, tensor.To(b), a, a, k.rank0(1), device.Mul),
		"Mul derivative: [] and [2] do not fit: the result is [] on reference")
	k.fails(tensor.BinaryGradInto(tensor.Dst{}, tensor.Dst{}, b, a, k.rank0(1), device.Mul),
		"Mul derivative: [2 3] and [2] do not fit: the result is [2 3] on reference")
}
