package optim_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/chainrule/backward"
	"example.org/chainrule/cpu"
	"example.org/chainrule/device"
	"example.org/chainrule/optim"
	"example.org/chainrule/tensor"
)

// open is a CPU that poisons freed memory and must end without leaks.
func open(t *testing.T) *cpu.Device {
	t.Helper()
	dev, err := cpu.New(cpu.Options{Threads: 2})
	require.NoError(t, err)
	dev.Poison(true)
	t.Cleanup(func() {
		require.Zero(t, dev.Stats().Live, "leaked device memory")
		require.NoError(t, dev.Close())
	})
	return dev
}

// model is a matrix and a vector, open.
func model(t *testing.T, dev device.Device) *backward.Params {
	t.Helper()
	ps := backward.NewParams()
	ps.Param("weight", backward.Plain(3, 25), uniform)
	ps.Param("bias", backward.Plain(3), uniform)
	require.NoError(t, ps.Open(dev, 1))
	t.Cleanup(ps.Close)
	return ps
}

func uniform(w []float32, _ []int, r *rand.Rand) {
	for i := range w {
		w[i] = 2*r.Float32() - 1
	}
}

func floats(t *testing.T, x *tensor.Tensor) []float32 {
	t.Helper()
	s, err := x.Float32s()
	require.NoError(t, err)
	return s
}

func sgd(t *testing.T, ps *backward.Params, lr float32, o optim.SGD) optim.Optimizer {
	t.Helper()
	opt, err := optim.NewSGD(ps, lr, o)
	require.NoError(t, err)
	t.Cleanup(opt.Close)
	return opt
}

func status(t *testing.T, opt optim.Optimizer) optim.Status {
	t.Helper()
	s, err := opt.Status()
	require.NoError(t, err)
	return s
}

// setGrads gives every element of every gradient the value g.
func setGrads(t *testing.T, ps *backward.Params, g float32) {
	t.Helper()
	for p := range ps.All() {
		if !p.IsState() {
			require.NoError(t, tensor.Fill(p.Grad(), g))
		}
	}
}

func TestClipping(t *testing.T) {
	ps := model(t, open(t))
	require.NoError(t, tensor.Fill(ps.Values(), 0))
	opt := sgd(t, ps, 1, optim.SGD{Options: optim.Options{MaxNorm: 2}})
	step := func(weight, bias float32) (w, b float32) {
		g := make([]float32, 75)
		g[74] = weight
		require.NoError(t, tensor.Set(ps.Lookup("weight").Grad(), g))
		require.NoError(t, tensor.Set(ps.Lookup("bias").Grad(), []float32{0, bias, 0}))
		require.NoError(t, opt.Step())
		return floats(t, ps.Lookup("weight").Value())[74], floats(t, ps.Lookup("bias").Value())[1]
	}
	w, b := step(3, 4)
	require.InDelta(t, -2*3.0/5, w, 1e-6, "over all parameters together")
	require.InDelta(t, -2*4.0/5, b, 1e-6)
	require.EqualValues(t, 5, status(t, opt).Norm, "before clipping")
	w2, b2 := step(0.3, -0.4)
	require.InDelta(t, w-0.3, w2, 1e-6, "a small gradient is left alone")
	require.InDelta(t, b+0.4, b2, 1e-6)
	require.InDelta(t, 0.5, status(t, opt).Norm, 1e-7)
}

func TestStepZeroesGradients(t *testing.T) {
	ps := model(t, open(t))
	opt := sgd(t, ps, 0.1, optim.SGD{})
	setGrads(t, ps, 1)
	require.NoError(t, opt.Step())
	require.Equal(t, make([]float32, ps.Grads().Len()), floats(t, ps.Grads()))
	before := floats(t, ps.Values())
	require.NoError(t, opt.Step())
	require.Equal(t, before, floats(t, ps.Values()), "nothing to apply")
	require.Equal(t, optim.Status{Steps: 2, Applied: 2}, status(t, opt))
}

// TestNoNorm: the same step, and nobody looks at the gradients.
func TestNoNorm(t *testing.T) {
	guarded, unguarded := model(t, open(t)), model(t, open(t))
	setGrads(t, guarded, 1)
	setGrads(t, unguarded, 1)
	require.NoError(t, sgd(t, guarded, 0.1, optim.SGD{}).Step())
	opt := sgd(t, unguarded, 0.1, optim.SGD{Options: optim.Options{NoNorm: true}})
	require.NoError(t, opt.Step())
	require.Equal(t, floats(t, guarded.Values()), floats(t, unguarded.Values()))
	require.NoError(t, tensor.Fill(unguarded.Lookup("bias").Grad(), float32(math.NaN())))
	require.NoError(t, opt.Step())
	require.Equal(t, optim.Status{Steps: 2, Applied: 2}, status(t, opt))
	require.True(t, math.IsNaN(float64(floats(t, unguarded.Lookup("bias").Value())[0])))
}

func TestGradientNotFiniteStops(t *testing.T) {
	for name, g := range map[string]float32{
		"NaN": float32(math.NaN()), "Inf": float32(math.Inf(-1)), "norm beyond float32": 1e38,
	} {
		t.Run(name, func(t *testing.T) {
			ps := model(t, open(t))
			opt := sgd(t, ps, 0.1, optim.SGD{Momentum: 0.9})
			for range 2 {
				setGrads(t, ps, 1)
				require.NoError(t, opt.Step())
			}
			before := floats(t, ps.Values())
			bad := make([]float32, 75)
			for i := range 40 {
				bad[i] = g
			}
			require.NoError(t, tensor.Set(ps.Lookup("weight").Grad(), bad))
			require.NoError(t, opt.Step(), "nothing waits for the device")
			require.Equal(t, before, floats(t, ps.Values()))
			require.Equal(t, make([]float32, ps.Grads().Len()), floats(t, ps.Grads()))

			setGrads(t, ps, 1)
			require.NoError(t, opt.Step())
			require.Equal(t, before, floats(t, ps.Values()), "later steps are refused too")
			s := status(t, opt)
			s.Norm = 0
			require.Equal(t, optim.Status{Steps: 4, Applied: 2, Stopped: 3}, s)
		})
	}
}

func TestFrozenParametersStay(t *testing.T) {
	dev := open(t)
	ps, always := model(t, dev), model(t, dev)
	weight := ps.Lookup("weight")
	opt := sgd(t, ps, 0.1, optim.SGD{Momentum: 0.5, Options: optim.Options{WeightDecay: 0.1, DecayAll: true}})
	rest := sgd(t, always, 0.1, optim.SGD{Momentum: 0.5, Options: optim.Options{WeightDecay: 0.1, DecayAll: true}})
	step := func(opt optim.Optimizer, ps *backward.Params) {
		setGrads(t, ps, 1)
		require.NoError(t, opt.Step())
	}
	step(opt, ps)
	step(rest, always)

	before := floats(t, weight.Value())
	require.NoError(t, weight.Freeze(true))
	for range 3 {
		step(opt, ps)
	}
	require.Equal(t, before, floats(t, weight.Value()))
	require.Equal(t, make([]float32, 75), floats(t, weight.Grad()), "zeroed all the same")
	require.NotEqual(t, floats(t, always.Lookup("bias").Value()), floats(t, ps.Lookup("bias").Value()), "the others went on")

	require.NoError(t, weight.Freeze(false))
	step(opt, ps)
	step(rest, always)
	require.Equal(t, floats(t, always.Lookup("weight").Value()), floats(t, weight.Value()), "its momentum was kept")
}

func TestSetRate(t *testing.T) {
	ps := model(t, open(t))
	require.NoError(t, tensor.Fill(ps.Lookup("bias").Value(), 0))
	opt := sgd(t, ps, 0.5, optim.SGD{})
	step := func() float32 {
		setGrads(t, ps, 1)
		require.NoError(t, opt.Step())
		return floats(t, ps.Lookup("bias").Value())[0]
	}
	require.EqualValues(t, -0.5, step())
	require.NoError(t, opt.SetRate(0.25))
	require.EqualValues(t, -0.75, step())
	for _, lr := range []float64{-1, math.NaN(), math.Inf(1)} {
		require.ErrorContains(t, opt.SetRate(float32(lr)), "learning rate")
	}
	require.EqualValues(t, -1, step(), "a refused rate changes nothing")
	require.NoError(t, opt.SetRate(0))
	require.EqualValues(t, -1, step())
}

// badOptions are refused, with these words; either optimizer may be missing.
type badOptions struct {
	lr   float32
	sgd  *optim.SGD
	adam *optim.Adam
	want string
}

func allBadOptions() []badOptions {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	cases := []badOptions{
		{0.1, &optim.SGD{Nesterov: true}, nil, "Nesterov with momentum 0 and dampening 0: want momentum"},
		{0.1, &optim.SGD{Nesterov: true, Momentum: 0.9, Dampening: 0.1}, nil, "Nesterov with momentum 0.9 and dampening 0.1"},
		{0.1, nil, &optim.Adam{Beta1: 1}, "betas 1 and 0.999"},
		{0.1, nil, &optim.Adam{Beta2: 1.5}, "betas 0.9 and 1.5"},
		{0.1, nil, &optim.Adam{Beta1: nan}, "betas NaN"},
		{0.1, nil, &optim.Adam{Beta2: -0.1}, "betas 0.9 and -0.1"},
	}
	both := optim.Options{MaxNorm: 1, NoNorm: true}
	cases = append(cases, badOptions{0.1, &optim.SGD{Options: both}, &optim.Adam{Options: both}, "MaxNorm 1 with NoNorm"})
	for _, v := range []float32{-1, nan, inf} {
		cases = append(cases,
			badOptions{v, &optim.SGD{}, &optim.Adam{}, "learning rate"},
			badOptions{0.1, &optim.SGD{Options: optim.Options{WeightDecay: v}}, &optim.Adam{Options: optim.Options{WeightDecay: v}}, "weight decay"},
			badOptions{0.1, &optim.SGD{Options: optim.Options{MaxNorm: v}}, &optim.Adam{Options: optim.Options{MaxNorm: v}}, "clipping norm"},
			badOptions{0.1, &optim.SGD{Momentum: v}, nil, "momentum"},
			badOptions{0.1, &optim.SGD{Momentum: 0.9, Dampening: v}, nil, "dampening"},
			badOptions{0.1, nil, &optim.Adam{Epsilon: v}, "epsilon"})
	}
	return cases
}

func TestBadOptions(t *testing.T) {
	dev := open(t)
	ps := model(t, dev)
	for _, c := range allBadOptions() {
		var errs []error
		if c.sgd != nil {
			_, err := optim.NewSGD(ps, c.lr, *c.sgd)
			errs = append(errs, err)
		}
		if c.adam != nil {
			_, err := optim.NewAdam(ps, c.lr, *c.adam)
			_, errW := optim.NewAdamW(ps, c.lr, *c.adam)
			errs = append(errs, err, errW)
		}
		for _, err := range errs {
			require.ErrorContains(t, err, c.want)
			require.Regexp(t, "^optim: [^\n]*want [^\n]*$", err.Error(), "one line that says what to do")
		}
	}
}

func TestParametersNotOpen(t *testing.T) {
	ps := backward.NewParams()
	_, err := optim.NewSGD(ps, 0.1, optim.SGD{})
	require.ErrorContains(t, err, "call Params.Open first")
	_, err = optim.NewAdam(ps, 0.1, optim.Adam{})
	require.ErrorContains(t, err, "call Params.Open first")
}

func TestModelWithoutParameters(t *testing.T) {
	ps := backward.NewParams()
	require.NoError(t, ps.Open(open(t), 1))
	defer ps.Close()
	opt, err := optim.NewAdam(ps, 0.1, optim.Adam{Options: optim.Options{MaxNorm: 1}})
	require.NoError(t, err)
	defer opt.Close()
	require.NoError(t, opt.Step())
	require.Equal(t, optim.Status{Steps: 1, Applied: 1}, status(t, opt))
}

func TestCloseTwice(t *testing.T) {
	ps := model(t, open(t))
	opt, err := optim.NewAdam(ps, 0.1, optim.Adam{})
	require.NoError(t, err)
	opt.Close()
	opt.Close()
	require.NotEmpty(t, floats(t, ps.Values()), "the parameters are still there")
}

func TestNoMemoryForTheNorm(t *testing.T) {
	dev, err := cpu.New(cpu.Options{MemoryLimit: 1 << 20})
	require.NoError(t, err)
	defer dev.Close()
	ps := model(t, dev)
	opt := sgd(t, ps, 0.1, optim.SGD{Momentum: 0.9})
	setGrads(t, ps, 1)
	require.NoError(t, opt.Step())

	before := floats(t, ps.Values())
	setGrads(t, ps, 1)
	var memory *device.MemoryError
	hogs := fill(dev)
	require.ErrorAs(t, opt.Step(), &memory)
	for _, hog := range hogs {
		hog.Free()
	}
	require.Equal(t, before, floats(t, ps.Values()), "nothing was applied")
	require.Equal(t, make([]float32, ps.Grads().Len()), floats(t, ps.Grads()))

	setGrads(t, ps, 1)
	require.NoError(t, opt.Step(), "training goes on")
	require.Equal(t, 2, status(t, opt).Applied)
	require.NotEqual(t, before, floats(t, ps.Values()))
}

// fill takes all memory of a device.
func fill(dev device.Device) (hogs []*tensor.Tensor) {
	for {
		hog, err := tensor.Scalar(dev, 0)
		if err != nil {
			return hogs
		}
		hogs = append(hogs, hog)
	}
}

func TestNoMemoryForState(t *testing.T) {
	dev, err := cpu.New(cpu.Options{MemoryLimit: 1 << 20})
	require.NoError(t, err)
	defer dev.Close()
	ps := backward.NewParams()
	ps.Param("weight", backward.Plain(80_000), uniform)
	require.NoError(t, ps.Open(dev, 1))
	defer ps.Close()
	live := dev.Stats().Live
	_, err = optim.NewAdam(ps, 0.1, optim.Adam{})
	var memory *device.MemoryError
	require.ErrorAs(t, err, &memory, "values, gradients and one moment fit, the second does not")
	require.Equal(t, live, dev.Stats().Live, "nothing is held")
}

func TestUseAfterClose(t *testing.T) {
	dev := open(t)
	ps := model(t, dev)
	closed, orphan := sgd(t, ps, 0.1, optim.SGD{Momentum: 0.9}), sgd(t, ps, 0.1, optim.SGD{})
	closed.Close()
	ps.Close()
	for opt, want := range map[optim.Optimizer]string{closed: "optim: the optimizer is closed", orphan: "optim: the parameters are closed"} {
		require.ErrorContains(t, opt.Step(), want)
		require.ErrorContains(t, opt.SetRate(0.2), want)
		_, err := opt.Status()
		require.ErrorContains(t, err, want)
	}
}
