package optim_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/chainrule/backward"
	"example.org/chainrule/device"
	"example.org/chainrule/device/devicetest"
	"example.org/chainrule/optim"
	"example.org/chainrule/tensor"
)

// An element is one parameter on its way, with the moments of its optimizer.
type element struct{ w, m, v float64 }

// A rule takes step t, from 1, of one element with gradient g.
type rule func(e *element, g, lr, decay float64, t int)

// sgdRule is the textbook's step; see [optim.SGD].
func sgdRule(o optim.SGD) rule {
	mu, fresh := float64(o.Momentum), 1-float64(o.Dampening)
	return func(e *element, g, lr, decay float64, t int) {
		g += decay * e.w
		if t == 1 {
			e.v = g
		} else {
			e.v = mu*e.v + fresh*g
		}
		switch {
		case mu == 0:
			e.w -= lr * g
		case o.Nesterov:
			e.w -= lr * (g + mu*e.v)
		default:
			e.w -= lr * e.v
		}
	}
}

// adamRule is the textbook's step; see [optim.Adam].
func adamRule(beta1, beta2, epsilon float32, decoupled bool) rule {
	b1, b2 := float64(beta1), float64(beta2)
	return func(e *element, g, lr, decay float64, t int) {
		if decoupled {
			e.w -= lr * decay * e.w
		} else {
			g += decay * e.w
		}
		e.m = b1*e.m + (1-b1)*g
		e.v = b2*e.v + (1-b2)*g*g
		mean := e.m / (1 - math.Pow(b1, float64(t)))
		square := e.v / (1 - math.Pow(b2, float64(t)))
		e.w -= lr * mean / (math.Sqrt(square) + float64(epsilon))
	}
}

// A trajectory is an optimizer and the rule that it is held to.
type trajectory struct {
	name string
	optim.Options
	open func(ps *backward.Params, lr float32, o optim.Options) (optim.Optimizer, error)
	rule rule
}

func sgdTrajectory(name string, o optim.SGD) trajectory {
	return trajectory{name, o.Options, func(ps *backward.Params, lr float32, _ optim.Options) (optim.Optimizer, error) {
		return optim.NewSGD(ps, lr, o)
	}, sgdRule(o)}
}

func trajectories() []trajectory {
	decay, all := optim.Options{WeightDecay: 0.1}, optim.Options{WeightDecay: 0.1, DecayAll: true}
	clip := optim.Options{MaxNorm: 3, WeightDecay: 0.1}
	adam := func(ps *backward.Params, lr float32, o optim.Options) (optim.Optimizer, error) {
		return optim.NewAdam(ps, lr, optim.Adam{Options: o})
	}
	adamW := func(ps *backward.Params, lr float32, o optim.Options) (optim.Optimizer, error) {
		return optim.NewAdamW(ps, lr, optim.Adam{Options: o})
	}
	custom := func(ps *backward.Params, lr float32, o optim.Options) (optim.Optimizer, error) {
		return optim.NewAdam(ps, lr, optim.Adam{Options: o, Beta1: 0.5, Beta2: 0.75, Epsilon: 0.01})
	}
	return []trajectory{
		sgdTrajectory("SGD", optim.SGD{}),
		sgdTrajectory("SGD with dampening of nothing", optim.SGD{Dampening: 0.5}),
		sgdTrajectory("SGD with decay of matrices", optim.SGD{Options: decay}),
		sgdTrajectory("SGD with decay of all", optim.SGD{Options: all}),
		sgdTrajectory("SGD with clipping", optim.SGD{Options: clip}),
		sgdTrajectory("momentum", optim.SGD{Momentum: 0.9}),
		sgdTrajectory("momentum with dampening and decay", optim.SGD{Momentum: 0.9, Dampening: 0.4, Options: decay}),
		sgdTrajectory("Nesterov with decay of all", optim.SGD{Momentum: 0.9, Nesterov: true, Options: all}),
		sgdTrajectory("Nesterov with clipping", optim.SGD{Momentum: 0.9, Nesterov: true, Options: clip}),
		{"Adam", optim.Options{}, adam, adamRule(0.9, 0.999, 1e-8, false)},
		{"Adam with decay of matrices", decay, adam, adamRule(0.9, 0.999, 1e-8, false)},
		{"Adam with decay of all", all, adam, adamRule(0.9, 0.999, 1e-8, false)},
		{"Adam with clipping", clip, adam, adamRule(0.9, 0.999, 1e-8, false)},
		{"Adam with constants of its own", optim.Options{}, custom, adamRule(0.5, 0.75, 0.01, false)},
		{"AdamW", optim.Options{}, adamW, adamRule(0.9, 0.999, 1e-8, true)},
		{"AdamW with decay of matrices", decay, adamW, adamRule(0.9, 0.999, 1e-8, true)},
		{"AdamW with decay of all", all, adamW, adamRule(0.9, 0.999, 1e-8, true)},
		{"AdamW with clipping", clip, adamW, adamRule(0.9, 0.999, 1e-8, true)},
	}
}

const (
	steps = 20
	rate  = float32(0.05)
	// A step rounds a number of at most 2 some ten times.
	float32Bound = steps * 10 * 2 * 0x1p-24
	// The specification rounds nothing to Float32 but what gradients of at most 1
	// are multiplied by; momentum adds up ten of them.
	referenceBound = 1e-12
	clippedBound   = steps * float64(rate) * 10 * 0x1p-24
)

// TestTrajectories holds twenty steps of every optimizer to a loop in float64.
func TestTrajectories(t *testing.T) {
	for _, c := range trajectories() {
		t.Run(c.name, func(t *testing.T) {
			c.follow(t, open(t), float32Bound)
			bound := referenceBound
			if c.MaxNorm > 0 {
				bound = clippedBound
			}
			c.follow(t, devicetest.Reference(), bound)
		})
	}
}

func (c *trajectory) follow(t *testing.T, dev device.Device, bound float64) {
	ps := backward.NewParams()
	weight := ps.Param("weight", backward.Plain(3, 25), uniform)
	bias := ps.Param("bias", backward.Plain(3), uniform)
	require.NoError(t, ps.Open(dev, 1))
	defer ps.Close()
	opt, err := c.open(ps, rate, c.Options)
	require.NoError(t, err)
	defer opt.Close()

	want := map[*backward.Param][]element{weight: elements(t, weight), bias: elements(t, bias)}
	r := rand.New(rand.NewPCG(1, 2))
	for step := 1; step <= steps; step++ {
		grads := map[*backward.Param][]float32{}
		for _, p := range []*backward.Param{weight, bias} {
			grads[p] = make([]float32, p.Len())
			uniform(grads[p], nil, r)
			require.NoError(t, tensor.Set(p.Grad(), grads[p]))
		}
		clip := c.clip(grads)
		require.NoError(t, opt.Step())
		for p, es := range want {
			decay := float64(c.WeightDecay)
			if p == bias && !c.DecayAll {
				decay = 0
			}
			for i := range es {
				c.rule(&es[i], clip*float64(grads[p][i]), float64(rate), decay, step)
			}
			expect(t, p, es, bound)
		}
	}
	padding(t, ps)
}

// clip is what the gradients are multiplied by: their norm is about 5.
func (c *trajectory) clip(grads map[*backward.Param][]float32) float64 {
	sum := 0.0
	for _, g := range grads {
		for _, x := range g {
			sum += float64(x) * float64(x)
		}
	}
	if c.MaxNorm == 0 {
		return 1
	}
	return min(1, float64(c.MaxNorm)/(math.Sqrt(sum)+1e-6))
}

func elements(t *testing.T, p *backward.Param) []element {
	es := make([]element, p.Len())
	for i, w := range floats(t, p.Value()) {
		es[i].w = float64(w)
	}
	return es
}

func expect(t *testing.T, p *backward.Param, want []element, bound float64) {
	got, err := p.Value().Float64s()
	require.NoError(t, err)
	for i, e := range want {
		require.InDelta(t, e.w, got[i], bound, "%s, element %d", p.Name(), i)
	}
}

// padding looks at what lies between the parameters of a slab.
func padding(t *testing.T, ps *backward.Params) {
	values, at := floats(t, ps.Values()), 0
	for p := range ps.All() {
		for ; p.Len() > 0 && at%device.RowLen != 0; at++ {
			require.Zero(t, values[at], "padding before %s", p.Name())
		}
		at += p.Len()
	}
	for _, x := range values[at:] {
		require.Zero(t, x, "padding at the end")
	}
	require.Equal(t, make([]float32, len(values)), floats(t, ps.Grads()))
}

func TestGroupsDecide(t *testing.T) {
	for group, decays := range map[int]bool{backward.WeightGroup: true, backward.VectorGroup: false, device.MaxGroups - 1: true} {
		ps := model(t, open(t))
		require.NoError(t, ps.SetGroups(func(*backward.Param) int { return group }))
		opt := sgd(t, ps, 0.5, optim.SGD{Options: optim.Options{WeightDecay: 0.5}})
		want := floats(t, ps.Values())
		if decays {
			for i := range want {
				want[i] *= 1 - 0.5*0.5
			}
		}
		require.NoError(t, opt.Step())
		require.InDeltaSlice(t, want, floats(t, ps.Values()), 1e-7, "group %d", group)
	}
}
