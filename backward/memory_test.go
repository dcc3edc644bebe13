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

// TestFailedForwardLeavesStatistics: no Backward needs to be called.
func TestFailedForwardLeavesStatistics(t *testing.T) {
	dev := open(t)
	ps := backward.NewParams()
	one := backward.Constant(1)
	gamma, beta := ps.Param("weight", backward.Plain(2), one), ps.Param("bias", backward.Plain(2), one)
	mean, variance := ps.State("running_mean", backward.Plain(2), one), ps.State("running_var", backward.Plain(2), one)
	require.NoError(t, ps.Open(dev, 1))
	defer ps.Close()
	tape := backward.NewTape(dev, backward.Mode{Training: true})
	y := backward.From(tape, []float32{1, 2, 3, 4}, 2, 2).BatchNorm(backward.BatchNorm{
		Gamma: tape.Param(gamma), Beta: tape.Param(beta), Mean: mean, Variance: variance, Epsilon: 1e-5, Momentum: 0.5})
	require.NotEqual(t, []float32{1, 1}, floats(t, mean.Value()))
	y.Reshape(3)
	tape.Close()
	require.Equal(t, []float32{1, 1}, floats(t, mean.Value()))
	require.Equal(t, []float32{1, 1}, floats(t, variance.Value()))
}

// TestNoWorkspaceIsEveryTapesError: the device tells one of them, the others see
// that it happened.
func TestNoWorkspaceIsEveryTapesError(t *testing.T) {
	dev, err := cpu.New(cpu.Options{MemoryLimit: 4000, Threads: 1})
	require.NoError(t, err)
	defer dev.Close()
	x, w := from(t, dev, random(2*6*6*2, 1), 2, 6, 6, 2), from(t, dev, random(8*3*3*2, 2), 8, 3, 3, 2)
	first, second := backward.NewTape(dev, backward.Mode{}), backward.NewTape(dev, backward.Mode{})
	first.Input(x).Conv2D(first.Input(w), nil, tensor.Conv{})
	require.EqualValues(t, 1, dev.Stats().Skipped)
	noMemory := new(device.MemoryError)
	require.ErrorAs(t, second.Err(), &noMemory)
	require.ErrorAs(t, first.Err(), &noMemory)
	first.Close()
	second.Close()
}
