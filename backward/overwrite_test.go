package backward_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/chainrule/backward"
	"example.org/chainrule/device"
	"example.org/chainrule/tensor"
)

// An overwriting is the model with gradients that Backward overwrites, and the same
// one whose gradients add up.
type overwriting struct {
	*testing.T
	dev            device.Device
	ps, adding     *backward.Params
	loss, addition func(tape *backward.Tape, x *tensor.Tensor) *backward.Var
}

func newOverwriting(t *testing.T) overwriting {
	o := overwriting{T: t, dev: open(t)}
	o.ps, o.loss = model(t, o.dev)
	o.adding, o.addition = model(t, o.dev)
	require.False(t, o.ps.OverwriteGrads(true), "not at first")
	return o
}

// backward takes one of the losses on rows of numbers of a seed.
func (o overwriting) backward(loss func(tape *backward.Tape, x *tensor.Tensor) *backward.Var, precision device.DType, rows int, seed uint64) {
	o.Helper()
	tape := backward.NewTape(o.dev, backward.Mode{Training: true, Precision: precision})
	defer tape.Close()
	require.NoError(o, loss(tape, from(o.T, o.dev, random(rows*4, seed), rows, 4)).Backward())
}

func TestOverwriteGrads(t *testing.T) {
	for _, precision := range []device.DType{device.Float32, device.BFloat16} {
		o := newOverwriting(t)
		o.backward(o.addition, precision, 8, 3)
		o.backward(o.loss, precision, 5, 1)
		o.backward(o.loss, precision, 8, 3)
		require.Equal(t, floats(t, o.adding.Grads()), floats(t, o.ps.Grads()), "the last one's alone")

		require.True(t, o.ps.OverwriteGrads(false))
		require.Equal(t, make([]float32, o.ps.Grads().Len()), floats(t, o.ps.Grads()), "they start from zero again")
		for range 2 {
			o.backward(o.addition, precision, 5, 4)
			o.backward(o.loss, precision, 5, 4)
		}
		o.backward(o.loss, precision, 8, 3)
		require.InDeltaSlice(t, floats(t, o.adding.Grads()), floats(t, o.ps.Grads()), 1e-6, "and add up")
	}
}

// TestOverwriteGradsOfTwoUses: the first use overwrites and the others add, also in
// one operation and in two precisions.
func TestOverwriteGradsOfTwoUses(t *testing.T) {
	o := newOverwriting(t)
	p := o.ps.Lookup("fc1.bias")
	for range 2 {
		tape := backward.NewTape(o.dev, backward.Mode{Precision: device.BFloat16})
		whole, half := tape.Param(p), tape.Weight(p)
		loss := whole.Add(whole).Add(whole.Times(3)).Sum().Add(half.Times(4).Cast(device.Float32).Sum())
		require.NoError(t, loss.Backward())
		tape.Close()
		for _, g := range floats(t, p.Grad()) {
			require.EqualValues(t, 2+3+4, g)
		}
	}
}

// TestOverwriteGradsNotReached: what a loss does not depend on has no gradient of an
// earlier one, nor has what was frozen since.
func TestOverwriteGradsNotReached(t *testing.T) {
	o := newOverwriting(t)
	o.backward(o.loss, device.Float32, 8, 3)
	bias := o.ps.Lookup("fc1.bias")
	partial := func(tape *backward.Tape, _ *tensor.Tensor) *backward.Var { return tape.Param(bias).Sum() }
	o.backward(partial, device.Float32, 1, 1)
	for p := range o.ps.All() {
		want := make([]float32, p.Len())
		if p == bias {
			require.NoError(t, tensor.Fill(p.Value(), 1))
			want = floats(t, p.Value())
		}
		require.Equal(t, want, floats(t, p.Grad()), p.Name())
	}
	require.NoError(t, bias.Freeze(true))
	o.backward(o.loss, device.Float32, 8, 3)
	require.Equal(t, make([]float32, bias.Len()), floats(t, bias.Grad()))
	require.NotEqual(t, make([]float32, 3*16), floats(t, o.ps.Lookup("fc2.weight").Grad()))
}

func TestOverwriteGradsAfterAFailure(t *testing.T) {
	o := newOverwriting(t)
	o.backward(o.loss, device.Float32, 8, 3)
	tape := backward.NewTape(o.dev, backward.Mode{Training: true})
	defer tape.Close()
	broken := backward.Apply(backward.Op{Name: "Broken"},
		func(_ *backward.Frame, x []*tensor.Tensor) (*tensor.Tensor, error) { return x[0].Retain(), nil },
		func([]tensor.Dst, *tensor.Tensor, *tensor.Tensor, []*tensor.Tensor) error {
			return errors.New("broken")
		},
		tape.Param(o.ps.Lookup("fc1.weight")))
	require.ErrorContains(t, broken.Sum().Backward(), "broken")
	require.Equal(t, make([]float32, o.ps.Grads().Len()), floats(t, o.ps.Grads()))
	o.backward(o.loss, device.Float32, 8, 3)
	o.backward(o.addition, device.Float32, 8, 3)
	require.Equal(t, floats(t, o.adding.Grads()), floats(t, o.ps.Grads()))
}

// TestOverwriteGradsRecorded replays a Backward alone, on what earlier ones left.
func TestOverwriteGradsRecorded(t *testing.T) {
	o := newOverwriting(t)
	x := from(t, o.dev, random(8*4, 3), 8, 4)
	replay, err := o.dev.Record(func() error {
		tape := backward.NewTape(o.dev, backward.Mode{Training: true})
		defer tape.Close()
		return o.loss(tape, x).Backward()
	})
	require.NoError(t, err)
	defer replay.Close()
	o.backward(o.addition, device.Float32, 8, 3)
	want := floats(t, o.adding.Grads())
	for range 2 {
		o.backward(o.loss, device.Float32, 5, 1)
		require.NoError(t, replay.Run())
		require.Equal(t, want, floats(t, o.ps.Grads()))
		require.NoError(t, replay.Run())
		require.Equal(t, want, floats(t, o.ps.Grads()))
	}
}

// TestOverwriteGradsOfTwoModels: each does as it was told, also on one tape.
func TestOverwriteGradsOfTwoModels(t *testing.T) {
	o := newOverwriting(t)
	for n := range 3 {
		tape := backward.NewTape(o.dev, backward.Mode{})
		a, b := tape.Param(o.ps.Lookup("fc1.bias")), tape.Param(o.adding.Lookup("fc1.bias"))
		require.NoError(t, a.Add(b).Sum().Backward())
		tape.Close()
		for i, g := range floats(t, o.ps.Lookup("fc1.bias").Grad()) {
			require.EqualValues(t, 1, g)
			require.EqualValues(t, n+1, floats(t, o.adding.Lookup("fc1.bias").Grad())[i])
		}
	}
}
