package optim

import (
	"fmt"

	"example.org/chainrule/backward"
	"example.org/chainrule/device"
	"example.org/chainrule/tensor"
)

// SGD is stochastic gradient descent with momentum (Sutskever 2013), in
// PyTorch's conventions:
//
//	g += λ w    v = μ v + (1-dampening) g    w -= η v    (Nesterov: w -= η (g + μ v))
type SGD struct {
	Options
	Momentum  float32 // μ
	Dampening float32
	Nesterov  bool
}

// NewSGD returns the optimizer for ps with learning rate lr.
func NewSGD(ps *backward.Params, lr float32, o SGD) (Optimizer, error) {
	if !(o.Momentum >= 0) || o.Nesterov && (o.Momentum == 0 || o.Dampening != 0) {
		return nil, fmt.Errorf("optim: SGD with momentum %g and dampening %g: momentum is at least 0; Nesterov wants momentum and no dampening", o.Momentum, o.Dampening)
	}
	slabs := 0
	if o.Momentum != 0 {
		slabs = 1
	}
	u, err := newUpdater(ps, lr, o.Options, slabs)
	if err != nil {
		return nil, err
	}
	if o.Momentum == 0 {
		o.Dampening = 0 // there is no v to dampen
	}
	s := device.SGD{Momentum: o.Momentum, Dampening: o.Dampening, Nesterov: o.Nesterov}
	var v *tensor.Tensor
	if slabs > 0 {
		v = u.slabs[0]
	}
	u.apply = func() error { return tensor.SGD(ps.Values(), v, ps.Grads(), u.control, ps.Table(), s) }
	return u, nil
}
