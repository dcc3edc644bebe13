package optim_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/chainrule/backward"
	"example.org/chainrule/device"
	"example.org/chainrule/optim"
	"example.org/chainrule/tensor"
)

func TestBFloat16CopyFollowsTheUpdate(t *testing.T) {
	dev := open(t)
	ps := model(t, dev)
	weight := ps.Lookup("weight")
	low := func() float32 {
		tape := backward.NewTape(dev, backward.Mode{NoGrad: true, Precision: device.BFloat16})
		defer tape.Close()
		s, err := tape.Weight(weight).Float32s()
		require.NoError(t, err)
		return s[0]
	}
	before := low()
	opt := sgd(t, ps, 1, optim.SGD{})
	setGrads(t, ps, 2)
	require.NoError(t, opt.Step())
	require.NotEqual(t, before, low())
	require.InEpsilon(t, floats(t, weight.Value())[0], low(), 1.0/256, "half a unit of eight bits")
}

// TestKeptCopyIsTheRoundedWeights writes weights in every way there is: the copy that
// is kept has the bits that rounding them anew would give, and a recorded step that
// reads it takes the same way as one that rounds.
func TestKeptCopyIsTheRoundedWeights(t *testing.T) {
	dev := open(t)
	kept, cast := model(t, dev), model(t, dev)
	require.NoError(t, kept.KeepBFloat16())
	require.NoError(t, kept.KeepBFloat16(), "once is enough")
	require.Nil(t, cast.Low())
	follows := func(when string) {
		rounded, err := tensor.Cast(kept.Values(), device.BFloat16)
		require.NoError(t, err)
		defer rounded.Free()
		require.Equal(t, floats(t, rounded), floats(t, kept.Low()), when)
	}
	follows("when it is made")

	for _, ps := range []*backward.Params{kept, cast} {
		opt, err := optim.NewAdam(ps, 0.1, optim.Adam{})
		require.NoError(t, err)
		defer opt.Close()
		step := squares(t, dev, ps, opt)
		require.NoError(t, step())
		replay, err := dev.Record(step)
		require.NoError(t, err)
		for range 3 {
			require.NoError(t, replay.Run())
		}
		replay.Close()
	}
	require.Equal(t, floats(t, cast.Values()), floats(t, kept.Values()))
	follows("after steps, eager and replayed")

	weight := kept.Lookup("weight")
	require.NoError(t, weight.Freeze(true))
	opt := sgd(t, kept, 1, optim.SGD{Momentum: 0.9})
	setGrads(t, kept, 1)
	require.NoError(t, opt.Step())
	follows("with a frozen parameter")
	require.NoError(t, kept.SetStored(map[*backward.Param][]float32{weight: make([]float32, weight.Len())}))
	follows("loaded")
	require.NoError(t, tensor.Fill(weight.Value(), 3))
	require.NoError(t, kept.Written())
	follows("written directly")
	setGrads(t, kept, float32(math.NaN()))
	require.NoError(t, opt.Step())
	follows("after a step refused")
}

// squares is a step that reads the weight in BFloat16.
func squares(t *testing.T, dev device.Device, ps *backward.Params, opt optim.Optimizer) func() error {
	x, err := tensor.From(dev, make([]float32, 50), 2, 25)
	require.NoError(t, err)
	require.NoError(t, tensor.Fill(x, 0.5))
	t.Cleanup(x.Free)
	return func() error {
		tape := backward.NewTape(dev, backward.Mode{Training: true, Precision: device.BFloat16})
		defer tape.Close()
		y := tape.Input(x).Linear(tape.Weight(ps.Lookup("weight")), tape.Param(ps.Lookup("bias")), device.Unary{})
		if err := y.Square().Mean().Backward(); err != nil {
			return err
		}
		return opt.Step()
	}
}
