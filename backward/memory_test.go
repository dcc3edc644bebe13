package backward_test

import (
	"errors"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/chainrule/backward"
	"example.org/chainrule/cpu"
	"example.org/chainrule/device"
	"example.org/chainrule/tensor"
)

// TestMemoryRunsOutAnywhere lets a step fail at every place where memory can run
// out, kernels' workspaces among them: each time it is an error, nothing leaks, and
// nothing stays latched for the next step to meet.
func TestMemoryRunsOutAnywhere(t *testing.T) {
	for limit := int64(10_000); ; limit += 256 {
		dev, err := cpu.New(cpu.Options{MemoryLimit: limit, Threads: 1})
		require.NoError(t, err)
		ps := backward.NewParams()
		w := ps.Param("conv.weight", backward.Plain(8, 3, 3, 2), uniform)
		require.NoError(t, ps.Open(dev, 1))
		live := dev.Stats().Live

		tape := backward.NewTape(dev, backward.Mode{Training: true})
		x := backward.From(tape, make([]float32, 2*6*6*2), 2, 6, 6, 2)
		c := tensor.Conv{Padding: [4]int{1, 1, 1, 1}, Act: device.Unary{Func: device.GELU}}
		err = x.Conv2D(tape.Weight(w), nil, c).MaxPool(tensor.Window{Kernel: [2]int{2, 2}}).Square().Mean().Backward()
		tape.Close()
		require.Equal(t, live, dev.Stats().Live, "with %d bytes", limit)
		require.NoError(t, dev.Err(), "with %d bytes", limit)
		ps.Close()
		require.NoError(t, dev.Close())
		if err == nil {
			return
		}
		noMemory := new(device.MemoryError)
		require.ErrorAs(t, err, &noMemory)
		require.NotEmpty(t, noMemory.Holders)
	}
}

// TestFailedForwardFreesItsResult covers the idiom "return y, Into(y, ...)".
func TestFailedForwardFreesItsResult(t *testing.T) {
	dev := open(t)
	broken := errors.New("broken")
	tape := backward.NewTape(dev, backward.Mode{})
	defer tape.Close()
	backward.Apply(backward.Op{Name: "Broken"}, func(*backward.Frame, []*tensor.Tensor) (*tensor.Tensor, error) {
		y, err := tensor.New(dev, device.Float32, 1000)
		require.NoError(t, err)
		return y, broken
	}, nil, backward.From(tape, []float32{1}))
	require.ErrorIs(t, tape.Err(), broken)
}

func TestClosedTapeTakesNothing(t *testing.T) {
	dev := open(t)
	ps, _ := model(t, dev)
	x := from(t, dev, []float32{1}, 1)
	tape := backward.NewTape(dev, backward.Mode{})
	tape.Close()
	for _, v := range []*backward.Var{tape.Input(x), tape.Watch(x), backward.From(tape, []float32{1}), tape.Param(ps.Lookup("fc1.bias"))} {
		require.ErrorContains(t, v.Sum().Backward(), "the tape is closed")
	}
}

func TestDropoutRefusesProbabilities(t *testing.T) {
	dev := open(t)
	for _, p := range []float32{-0.1, 1, float32(math.NaN())} {
		for _, training := range []bool{true, false} {
			tape := backward.NewTape(dev, backward.Mode{Training: training})
			backward.From(tape, []float32{1}).Dropout(p)
			require.ErrorContains(t, tape.Err(), "want 0 or more, less than 1")
			tape.Close()
		}
	}
}

// TestProductOverNothing: a sum of no terms is zero, at every rank.
func TestProductOverNothing(t *testing.T) {
	tape := backward.NewTape(open(t), backward.Mode{})
	defer tape.Close()
	x := backward.From(tape, []float32{}, 2, 3, 0)
	for _, y := range []*backward.Var{
		x.MatMul(backward.From(tape, []float32{}, 0, 5)),
		x.Linear(backward.From(tape, []float32{}, 5, 0), nil, device.Unary{}),
	} {
		require.Equal(t, []int{2, 3, 5}, y.Shape())
		values, err := y.Float32s()
		require.NoError(t, err)
		require.Equal(t, make([]float32, 30), values)
	}
}
