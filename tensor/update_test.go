package tensor_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/chainrule/device"
	"example.org/chainrule/tensor"
)

// slabs are weights of 1, gradients of 2, a control block with a rate of 0.5, and
// a table for one tensor of one row.
func slabs(k kit) (w, grad, control, table *tensor.Tensor) {
	words := make([]int32, device.ControlWords)
	words[device.ControlRate] = int32(math.Float32bits(0.5))
	w, grad = k.f32(ones(device.RowLen)), k.f32(ones(device.RowLen))
	require.NoError(k, tensor.Fill(grad, 2))
	return w, grad, k.i32(words), k.i32([]int32{0, 0})
}

// all checks that every element of x is v.
func (k kit) all(x *tensor.Tensor, v float64) {
	k.Helper()
	got, err := x.Float64s()
	require.NoError(k, err)
	for i := range got {
		require.InDelta(k, v, got[i], 1e-5, "element %d", i)
	}
}

func TestGateAndSGD(t *testing.T) {
	k := open(t)
	w, grad, control, table := slabs(k)
	require.NoError(t, tensor.Gate(control, grad, k.rank0(1), device.Gate{MaxNorm: 8}))
	words, err := control.Int32s()
	require.NoError(t, err)
	require.EqualValues(t, []int32{1, 1, 0, 1}, words[:4], "steps, applied, stop, OK")
	require.InDelta(t, 16, math.Float32frombits(uint32(words[device.ControlNorm])), 1e-4)
	require.InDelta(t, 0.5, math.Float32frombits(uint32(words[device.ControlClip])), 1e-5)

	require.NoError(t, tensor.SGD(w, nil, nil, grad, control, table, device.SGD{}))
	k.all(w, 0.5)
	k.all(grad, 2)
}

func TestAdam(t *testing.T) {
	k := open(t)
	w, grad, control, table := slabs(k)
	m, v := k.empty(device.Float32, device.RowLen), k.empty(device.Float32, device.RowLen)
	require.NoError(t, tensor.Fill(m, 0))
	require.NoError(t, tensor.Fill(v, 0))
	require.NoError(t, tensor.Gate(control, grad, nil, device.Gate{}))
	require.NoError(t, tensor.Adam(w, nil, m, v, grad, control, table, device.Adam{Beta1: 0.5, Beta2: 0.75}))
	k.all(w, 0.5) // the first step goes by the rate against the sign of the gradient
	k.all(m, 1)
	k.all(v, 1)
	k.all(grad, 2)
}

func TestSettleAndLerp(t *testing.T) {
	k := open(t)
	_, grad, control, _ := slabs(k)
	mean, backup := k.f32([]float32{4}), k.f32([]float32{1})
	require.NoError(t, tensor.Lerp(mean, k.f32([]float32{3}), device.Lerp{T: 0.25, Scale: 2}))
	k.holds(mean, []int{1}, 4.5)
	require.NoError(t, tensor.Settle(mean, backup, control)) // no step was applied
	k.holds(mean, []int{1}, 1)
	require.NoError(t, tensor.Gate(control, grad, nil, device.Gate{NoNorm: true}))
	require.NoError(t, tensor.Fill(mean, 7))
	require.NoError(t, tensor.Settle(mean, backup, control))
	k.holds(backup, []int{1}, 7)
}

func TestUpdateErrors(t *testing.T) {
	k := open(t)
	w, grad, control, table := slabs(k)
	one, ids := k.f32(ramp(1)), k.i32([]int32{1})
	ints := k.empty(device.Int32, device.RowLen)
	words := fmt.Sprint(control.Shape())
	k.fails(tensor.Gate(control, grad, nil, device.Gate{MaxNorm: -1}), "Gate: [64] does not fit: norm -1 to clip at: want 0 (no clipping) or more")
	k.fails(tensor.Gate(ids, grad, nil, device.Gate{}), "Gate: [64] and [1] do not fit: control is [1], want "+words)
	k.fails(tensor.Gate(control, ints, nil, device.Gate{}), "Gate: [64] does not fit: grad is int32, want float32")
	k.fails(tensor.Gate(control, grad, w, device.Gate{}), "Gate: [64] and [64] do not fit: loss is [64], want [1]")

	k.fails(tensor.SGD(w, nil, nil, grad, control, table, device.SGD{Momentum: 0.9}), "SGD: [64] does not fit: momentum 0.9 wants a velocity")
	k.fails(tensor.SGD(w, nil, one, grad, control, table, device.SGD{}), "SGD: [64] and [1] do not fit: v is [1], want [64]")
	k.fails(tensor.SGD(w, w, nil, grad, control, table, device.SGD{}), "SGD: [64] does not fit: low is float32, want bfloat16")
	k.fails(tensor.SGD(ints, nil, nil, grad, control, table, device.SGD{}), "SGD: [64] does not fit: w is int32, want float32")
	k.fails(tensor.SGD(w, nil, nil, one, control, table, device.SGD{}), "SGD: [64] and [1] do not fit: grad is [1], want [64]")
	k.fails(tensor.SGD(w, nil, nil, grad, w, table, device.SGD{}), "SGD: [64] does not fit: control is float32, want int32")
	k.fails(tensor.SGD(w, nil, nil, grad, control, ids, device.SGD{}), "SGD: [64] and [1] do not fit: table is [1], want [2]")
	more := k.f32(ramp(65))
	k.fails(tensor.SGD(more, nil, nil, more, control, table, device.SGD{}), "SGD: [65] and [2] do not fit: table is [2], want [4]")

	adam := func(m, v, grad, control, table *tensor.Tensor) error {
		return tensor.Adam(w, nil, m, v, grad, control, table, device.Adam{})
	}
	k.fails(adam(one, w, grad, control, table), "Adam: [64] and [1] do not fit: m is [1], want [64]")
	k.fails(adam(w, one, grad, control, table), "Adam: [64] and [1] do not fit: v is [1], want [64]")
	k.fails(adam(w, w, one, control, table), "Adam: [64] and [1] do not fit: grad is [1], want [64]")
	k.fails(adam(w, w, grad, ids, table), "Adam: [64] and [1] do not fit: control is [1], want "+words)
	k.fails(adam(w, w, grad, control, ids), "Adam: [64] and [1] do not fit: table is [1], want [2]")

	k.fails(tensor.Settle(w, one, control), "Settle: [64] and [1] do not fit: backup is [1], want [64]")
	k.fails(tensor.Settle(w, grad, ids), "Settle: [64] and [1] do not fit: control is [1], want "+words)
	k.fails(tensor.Lerp(one, w, device.Lerp{}), "Lerp: [1] and [64] do not fit: x is [64], want [1]")
	k.fails(tensor.Lerp(ids, ids, device.Lerp{}), "Lerp: [1] does not fit: y is int32, want float32")
}
