package optim

import (
	"fmt"

	"example.org/chainrule/backward"
	"example.org/chainrule/device"
	"example.org/chainrule/tensor"
)

// Adam holds the constants of Adam and AdamW; zero values take the usual ones:
//
//	m = β₁ m + (1-β₁) g    v = β₂ v + (1-β₂) g²
//	w -= η m/(1-β₁ᵗ) / (√(v/(1-β₂ᵗ)) + ε)
type Adam struct {
	Options
	Beta1   float32 // 0 means 0.9
	Beta2   float32 // 0 means 0.999
	Epsilon float32 // 0 means 10⁻⁸
}

// NewAdam returns Adam for ps with learning rate lr; weight decay is an L2
// penalty, g += λ w. Kingma and Ba 2015.
func NewAdam(ps *backward.Params, lr float32, o Adam) (Optimizer, error) {
	return newAdam(ps, lr, o, false)
}

// NewAdamW returns AdamW for ps with learning rate lr; weight decay is
// decoupled, w -= η λ w. Loshchilov and Hutter 2019.
func NewAdamW(ps *backward.Params, lr float32, o Adam) (Optimizer, error) {
	return newAdam(ps, lr, o, true)
}

func newAdam(ps *backward.Params, lr float32, o Adam, decoupled bool) (Optimizer, error) {
	s := device.Adam{
		Beta1: orElse(o.Beta1, 0.9), Beta2: orElse(o.Beta2, 0.999), Epsilon: orElse(o.Epsilon, 1e-8),
		Decoupled: decoupled,
	}
	if !(s.Beta1 >= 0 && s.Beta1 < 1 && s.Beta2 >= 0 && s.Beta2 < 1 && s.Epsilon > 0) {
		return nil, fmt.Errorf("optim: Adam with betas %g and %g, epsilon %g: want 0 <= beta < 1 and epsilon > 0", s.Beta1, s.Beta2, s.Epsilon)
	}
	u, err := newUpdater(ps, lr, o.Options, 2)
	if err != nil {
		return nil, err
	}
	m, v := u.slabs[0], u.slabs[1]
	u.apply = func() error { return tensor.Adam(ps.Values(), m, v, ps.Grads(), u.control, ps.Table(), s) }
	return u, nil
}

func orElse(v, def float32) float32 {
	if v == 0 {
		return def
	}
	return v
}
