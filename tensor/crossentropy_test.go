package tensor_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/chainrule/device"
	"example.org/chainrule/tensor"
)

func TestCrossEntropy(t *testing.T) {
	k := open(t)
	logits := k.f32([]float32{0, 0, 0, ln3, 9, 9}, 3, 2)
	labels, weights := k.i32([]int32{0, 1, -100}), k.f32([]float32{2, 1})
	o := tensor.CrossEntropyOptions{Ignore: -100}
	loss, weight, lse := k.empty(device.Float32, 3), k.empty(device.Float32, 3), k.empty(device.Float32, 3)

	require.NoError(t, tensor.CrossEntropyInto(tensor.To(loss), tensor.To(weight), tensor.To(lse), logits, labels, weights, o))
	k.holds(loss, []int{3}, 2*math.Ln2, math.Log(4.0/3), 0)
	k.holds(weight, []int{3}, 2, 1, 0)
	k.holds(lse, []int{3}, math.Ln2, math.Log(4), 9+math.Ln2)

	dloss, dlogits := k.f32([]float32{1, 10, 100}), k.empty(device.Float32, 3, 2)
	require.NoError(t, tensor.CrossEntropyGradInto(tensor.To(dlogits), dloss, logits, lse, labels, weights, o))
	k.holds(dlogits, []int{3, 2}, -1, 1, 2.5, -2.5, 0, 0)

	o.Smoothing = 0.5
	require.NoError(t, tensor.CrossEntropyInto(tensor.To(loss), tensor.Dst{}, tensor.Dst{}, logits, labels, nil, o))
	k.holds(loss, []int{3}, math.Ln2, 0.75*math.Log(4.0/3)+0.25*math.Log(4), 0)
}

func TestCrossEntropyNamesALabelOutOfRange(t *testing.T) {
	k := open(t)
	loss := k.empty(device.Float32, 2)
	labels := k.i32([]int32{1, 2})
	require.NoError(t, tensor.CrossEntropyInto(tensor.To(loss), tensor.Dst{}, tensor.Dst{}, k.f32(ramp(4), 2, 2), labels, nil, tensor.CrossEntropyOptions{}))
	var fault *device.Fault
	require.ErrorAs(t, k.dev.Err(), &fault)
	require.Equal(t, device.Fault{Op: fault.Op, Index: 1, Value: 2, Limit: 2}, *fault)
	k.dev.ClearFault()
}

func TestHits(t *testing.T) {
	k := open(t)
	logits, labels := k.f32([]float32{1, 2, 5, 5, 3, 1}, 3, 2), k.i32([]int32{1, 0, 1})
	hits := k.rank0(10)
	require.NoError(t, tensor.HitsInto(tensor.Onto(hits), logits, labels))
	k.holds(hits, []int{}, 12)
	one := k.empty(device.Float32, 1)
	require.NoError(t, tensor.HitsInto(tensor.To(one), logits, labels))
	k.holds(one, []int{1}, 2)

	k.fails(tensor.HitsInto(tensor.To(k.empty(device.Float32, 2)), logits, labels), "Hits: [3 2] and [2] do not fit: hits is [2], want [1]")
	k.fails(tensor.HitsInto(tensor.To(k.empty(device.Int32)), logits, labels), "Hits: [3 2] and [] do not fit: hits is int32, want float32")
	k.fails(tensor.HitsInto(tensor.To(hits), logits, one), "Hits: [3 2] and [1] do not fit: labels is float32, want int32")
	k.fails(tensor.HitsInto(tensor.To(hits), hits, labels), "Hits: [] does not fit: want one axis or more")
}

func TestCrossEntropyErrors(t *testing.T) {
	k := open(t)
	logits, labels, two := k.f32(ramp(6), 3, 2), k.i32([]int32{0, 1, 0}), k.f32(ramp(2))
	run := func(loss *tensor.Tensor, logits, labels, weights *tensor.Tensor, smoothing float32) error {
		return tensor.CrossEntropyInto(tensor.To(loss), tensor.To(loss), tensor.To(loss), logits, labels, weights, tensor.CrossEntropyOptions{Smoothing: smoothing})
	}
	k.fails(run(nil, logits, labels, nil, 1.5), "CrossEntropy: [3 2] does not fit: smoothing 1.5: want 0 to 1")
	k.fails(run(nil, logits, labels, nil, float32(math.NaN())), "CrossEntropy: [3 2] does not fit: smoothing NaN: want 0 to 1")
	k.fails(run(nil, k.rank0(1), labels, nil, 0), "CrossEntropy: [] does not fit: want one axis or more")
	k.fails(run(nil, labels, labels, nil, 0), "CrossEntropy: [3] does not fit: dtypes int32 and int32: want float32 or bfloat16, the same for all")
	k.fails(run(nil, logits, k.i32([]int32{1}), nil, 0), "CrossEntropy: [3 2] and [1] do not fit: labels is [1], want [3]")
	k.fails(run(nil, logits, two, nil, 0), "CrossEntropy: [3 2] and [2] do not fit: labels is float32, want int32")
	k.fails(run(nil, logits, labels, labels, 0), "CrossEntropy: [3 2] and [3] do not fit: weights is int32, want float32")
	k.fails(run(two, logits, labels, two, 0), "CrossEntropy: [3 2] and [2] do not fit: loss is [2], want [3]")
	k.fails(tensor.CrossEntropyGradInto(tensor.Dst{}, two, logits, two, labels, nil, tensor.CrossEntropyOptions{}),
		"CrossEntropy derivative: [3 2] and [2] do not fit: dloss is [2], want [3]")
	three := k.f32(ramp(3))
	k.fails(tensor.CrossEntropyGradInto(tensor.Dst{}, three, logits, two, labels, nil, tensor.CrossEntropyOptions{}),
		"CrossEntropy derivative: [3 2] and [2] do not fit: lse is [2], want [3]")
	k.fails(tensor.CrossEntropyGradInto(tensor.To(two), three, logits, three, labels, nil, tensor.CrossEntropyOptions{}),
		"CrossEntropy derivative: [3 2] and [2] do not fit: the result is [3 2] on reference")
}
