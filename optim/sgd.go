package optim

import (
	"cmp"
	"fmt"

	"example.org/chainrule/backward"
	"example.org/chainrule/device"
	"example.org/chainrule/tensor"
)

// SGD is stochastic gradient descent with momentum (Sutskever 2013), in
// PyTorch's conventions:
//
//	g += λ w    v = μ v + (1-dampening) g    w -= η v    (Nesterov: w -= η (g + μ v))
//
// The first step takes v = g. Without momentum there is no v, and w -= η g.
type SGD struct {
	Options
	Momentum  float32 // μ, 0 or more
	Dampening float32 // of the gradient in v
	Nesterov  bool    // look ahead; wants momentum and no dampening
}

// NewSGD returns the optimizer for ps, which are open, with learning rate lr. The
// error names an option out of range, or is a *device.MemoryError.
func NewSGD(ps *backward.Params, lr float32, o SGD) (Optimizer, error) {
	if err := cmp.Or(atLeast0("momentum", o.Momentum), atLeast0("dampening", o.Dampening)); err != nil {
		return nil, err
	}
	if o.Nesterov && (o.Momentum == 0 || o.Dampening != 0) {
		return nil, fmt.Errorf("optim: Nesterov with momentum %g and dampening %g: want momentum and no dampening", o.Momentum, o.Dampening)
	}
	slabs := 0
	if o.Momentum != 0 {
		slabs = 1
	}
	u, err := newUpdater(ps, lr, o.Options, slabs)
	if err != nil {
		return nil, err
	}
	s := device.SGD{Momentum: o.Momentum, Dampening: o.Dampening, Nesterov: o.Nesterov}
	var v *tensor.Tensor
	if slabs > 0 {
		v = u.slabs[0]
	}
	u.apply = func() error { return tensor.SGD(ps.Values(), ps.Low(), v, ps.Grads(), u.control, ps.Table(), s) }
	return u, nil
}
