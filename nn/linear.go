package nn

import (
	"example.org/chainrule/backward"
	"example.org/chainrule/device"
)

// A Linear is f(x Wᵀ + b).
type Linear struct {
	Weight *backward.Param // [out, in]
	Bias   *backward.Param // [out], or nil
	Act    Activation
}

// LinearOptions configure a Linear.
type LinearOptions struct {
	In, Out int
	NoBias  bool
	Act     Activation
	// Image is the height and width of the image that Flatten made the input
	// of. Files hold the weights for channels first, memory for channels last.
	Image [2]int
	Init  backward.Init // of the weight; nil for PyTorch's
}

// NewLinear declares "weight" and "bias" on ps.
func NewLinear(ps *backward.Params, o LinearOptions) *Linear {
	layout := backward.Plain(o.Out, o.In)
	if hw := o.Image[0] * o.Image[1]; hw > 1 {
		layout.Split = []int{o.Out, o.In / hw, o.Image[0], o.Image[1]}
		layout.Axes = []int{0, 2, 3, 1}
		layout.Shape = []int{o.Out, o.In}
	}
	if o.Init == nil {
		o.Init = defaultWeight()
	}
	l := &Linear{Weight: ps.Param("weight", layout, o.Init), Act: o.Act}
	if !o.NoBias {
		l.Bias = ps.Param("bias", backward.Plain(o.Out), defaultBias(o.In))
	}
	return l
}

// Forward maps [..., in] to [..., out].
func (l *Linear) Forward(x *backward.Var) *backward.Var {
	t := x.Tape()
	return x.Linear(t.Weight(l.Weight), param(t, l.Bias), device.Unary(l.Act))
}

// param is p on the tape; nil for nil.
func param(t *backward.Tape, p *backward.Param) *backward.Var {
	if p == nil {
		return nil
	}
	return t.Param(p)
}
