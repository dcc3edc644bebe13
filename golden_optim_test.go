package chainrule_test

import (
	"example.org/chainrule/backward"
	"example.org/chainrule/device"
	"example.org/chainrule/device/devicetest"
	"example.org/chainrule/optim"
	"example.org/chainrule/tensor"

	"github.com/stretchr/testify/require"
)

// addTrainingChecks adds the families that are not expressions.
func addTrainingChecks(checks map[string]func(*golden)) {
	for op, open := range optimizers() {
		checks["optimizer/"+op] = func(c *golden) { c.onEachDevice(func(dev device.Device) { takeSteps(c, dev, open) }) }
	}
	for op, f := range schedules() {
		checks["schedule/"+op] = func(c *golden) { checkSchedule(c, f(c)) }
	}
	for kind, check := range map[string]func(*golden, device.Device){
		"clip/clip_grad_norm":  clipNorm,
		"clip/clip_grad_value": clipValue,
		"clip/ema":             average,
		"metric/accuracy":      accuracy,
	} {
		checks[kind] = func(c *golden) { c.onEachDevice(func(dev device.Device) { check(c, dev) }) }
	}
	checks["trajectory/train_cnn"] = func(c *golden) { trainCNN(c, optimizers()["sgd"]) }
	checks["trajectory/train_cnn_bn"] = func(c *golden) { trainCNN(c, optimizers()["adamw"]) }
}

func (c *golden) onEachDevice(check func(dev device.Device)) {
	for _, dev := range []device.Device{devicetest.Reference(), openCPU(c), openCUDA(c)} {
		check(dev)
		closeDevice(c, dev)
	}
}

// An opener makes the optimizer that a case's attributes describe.
type opener func(c *golden, ps *backward.Params) (optim.Optimizer, error)

func optimizers() map[string]opener {
	return map[string]opener{
		"sgd": func(c *golden, ps *backward.Params) (optim.Optimizer, error) {
			return optim.NewSGD(ps, attr[float32](c, "lr"), optim.SGD{
				Options:   decay(c),
				Momentum:  attr[float32](c, "momentum"),
				Dampening: attr[float32](c, "dampening"),
				Nesterov:  attr[bool](c, "nesterov"),
			})
		},
		"adam": func(c *golden, ps *backward.Params) (optim.Optimizer, error) {
			return optim.NewAdam(ps, attr[float32](c, "lr"), adam(c))
		},
		"adamw": func(c *golden, ps *backward.Params) (optim.Optimizer, error) {
			return optim.NewAdamW(ps, attr[float32](c, "lr"), adam(c))
		},
	}
}

func adam(c *golden) optim.Adam {
	require.False(c, attr[bool](c, "amsgrad"))
	betas := attr[[2]float32](c, "betas")
	return optim.Adam{Options: decay(c), Beta1: betas[0], Beta2: betas[1], Epsilon: attr[float32](c, "eps")}
}

// decay is of all parameters, as PyTorch does it.
func decay(c *golden) optim.Options {
	return optim.Options{WeightDecay: attr[float32](c, "weight_decay"), DecayAll: true}
}

// takeSteps gives an optimizer the case's gradients, step by step.
func takeSteps(c *golden, dev device.Device, open opener) {
	params := map[string]array{}
	for role := range c.Params {
		params[role] = c.read(c.Params, role)
	}
	ps := newParams(c, dev, params, nil)
	defer ps.Close()
	opt, err := open(c, ps)
	require.NoError(c, err)
	defer opt.Close()
	for step := range attr[int](c, "steps") {
		for role := range c.Params {
			setGrad(c, ps, role, c.read(c.GivenGrads, "g"+role).slice(step))
		}
		require.NoError(c, opt.Step())
		for role := range c.Params {
			want := c.read(c.Trajectory, role+"_after").slice(step)
			c.compare(dev.Name(), role+"_after", download(c, ps.Lookup(role).Value()), want, c.trainingBound(role+"_after"))
		}
	}
}

func setGrad(c *golden, ps *backward.Params, role string, g array) {
	require.NoError(c, tensor.Set(ps.Lookup(role).Grad(), g.values))
}

// givenGrads are parameters of value 0 with the case's inputs for gradients.
func givenGrads(c *golden, dev device.Device) *backward.Params {
	params := map[string]array{}
	for role := range c.Inputs {
		g := c.read(c.Inputs, role)
		params[role] = array{g.shape, make([]float64, len(g.values))}
	}
	ps := newParams(c, dev, params, nil)
	for role := range c.Inputs {
		setGrad(c, ps, role, c.read(c.Inputs, role))
	}
	return ps
}

// clipNorm reads the clipped gradients off a step of rate 1 from 0.
func clipNorm(c *golden, dev device.Device) {
	ps := givenGrads(c, dev)
	defer ps.Close()
	opt, err := optim.NewSGD(ps, 1, optim.SGD{Options: optim.Options{MaxNorm: attr[float32](c, "max_norm")}})
	require.NoError(c, err)
	defer opt.Close()
	require.NoError(c, opt.Step())
	for role := range c.Inputs {
		negative := func(w float64) float64 { return -w }
		c.compareOutput(dev, role+"_after", download(c, ps.Lookup(role).Value()).each(negative))
	}
	status, err := opt.Status()
	require.NoError(c, err)
	c.compareOutput(dev, "total_norm", array{nil, []float64{float64(status.Norm)}})
}

// clipValue clamps all gradients, which are one slab.
func clipValue(c *golden, dev device.Device) {
	ps := givenGrads(c, dev)
	defer ps.Close()
	limit := attr[float32](c, "clip_value")
	require.NoError(c, tensor.UnaryInto(tensor.To(ps.Grads()), ps.Grads(), device.Unary{Func: device.Clamp, A: -limit, B: limit}))
	for role := range c.Inputs {
		c.compareOutput(dev, role+"_after", download(c, ps.Lookup(role).Grad()))
	}
}

// average is an exponential moving average of the case's params.
func average(c *golden, dev device.Device) {
	mean := upload(c, dev, c.read(c.Inputs, "init"), device.Float32)
	defer mean.Free()
	params, want := c.read(c.Inputs, "params"), c.read(c.Outputs, "ema_after")
	for step := range attr[int](c, "steps") {
		x := upload(c, dev, params.slice(step), device.Float32)
		require.NoError(c, tensor.Lerp(mean, x, device.Lerp{T: float32(1 - attr[float64](c, "decay")), Scale: 1}))
		x.Free()
		c.compare(dev.Name(), "ema_after", download(c, mean), want.slice(step), c.float32Bound("ema_after", want.largest()))
	}
}

func (c *golden) compareOutput(dev device.Device, role string, got array) {
	want := c.read(c.Outputs, role)
	c.compare(dev.Name(), role, got, want, c.float32Bound(role, want.largest()))
}

// accuracy counts the rows whose largest score is the target's.
func accuracy(c *golden, dev device.Device) {
	hits, err := tensor.Scalar(dev, 0)
	require.NoError(c, err)
	defer hits.Free()
	scores, target := upload(c, dev, c.read(c.Inputs, "scores"), device.Float32), upload(c, dev, c.read(c.Ints, "target"), device.Int32)
	defer scores.Free()
	defer target.Free()
	tape := backward.NewTape(dev, backward.Mode{})
	defer tape.Close()
	tape.Input(scores).AddHits(hits, tape.Input(target))
	require.NoError(c, tape.Err())
	require.Equal(c, c.Expect["accuracy"], download(c, hits).values[0]/float64(target.Len()))
}
