package optim

import (
	"cmp"
	"fmt"

	"example.org/chainrule/backward"
	"example.org/chainrule/device"
	"example.org/chainrule/tensor"
)

// Adam holds the constants of Adam and AdamW; zero values take the usual ones:
//
//	m = β₁ m + (1-β₁) g    v = β₂ v + (1-β₂) g²
//	w -= η m/(1-β₁ᵗ) / (√(v/(1-β₂ᵗ)) + ε)
//
// t is the number of steps applied, this one counted, for all parameters alike.
type Adam struct {
	Options
	Beta1   float32 // 0 means 0.9
	Beta2   float32 // 0 means 0.999
	Epsilon float32 // 0 means 10⁻⁸
}

// NewAdam returns Adam for ps, which are open, with learning rate lr; weight decay
// is an L2 penalty, g += λ w. The error names an option out of range, or is a
// *device.MemoryError. Kingma and Ba 2015.
func NewAdam(ps *backward.Params, lr float32, o Adam) (Optimizer, error) {
	return newAdam(ps, lr, o, false)
}

// NewAdamW returns AdamW for ps, which are open, with learning rate lr; weight
// decay is decoupled, w -= η λ w. Errors are NewAdam's. Loshchilov and Hutter 2019.
func NewAdamW(ps *backward.Params, lr float32, o Adam) (Optimizer, error) {
	return newAdam(ps, lr, o, true)
}

func newAdam(ps *backward.Params, lr float32, o Adam, decoupled bool) (Optimizer, error) {
	s := device.Adam{
		Beta1: cmp.Or(o.Beta1, 0.9), Beta2: cmp.Or(o.Beta2, 0.999), Epsilon: cmp.Or(o.Epsilon, 1e-8),
		Decoupled: decoupled,
	}
	if !(s.Beta1 >= 0 && s.Beta1 < 1 && s.Beta2 >= 0 && s.Beta2 < 1) {
		return nil, fmt.Errorf("optim: Adam with betas %g and %g: want 0 or more, less than 1", s.Beta1, s.Beta2)
	}
	if err := atLeast0("epsilon", s.Epsilon); err != nil {
		return nil, err
	}
	u, err := newUpdater(ps, lr, o.Options, 2)
	if err != nil {
		return nil, err
	}
	m, v := u.slabs[0], u.slabs[1]
	u.apply = func() error { return tensor.Adam(ps.Values(), ps.Low(), m, v, ps.Grads(), u.control, ps.Table(), s) }
	return u, nil
}
