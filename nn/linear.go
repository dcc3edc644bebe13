package nn

import (
	"fmt"

	"example.org/chainrule/backward"
	"example.org/chainrule/device"
)

// A Linear is f(x Wᵀ + b), a fully connected layer.
type Linear struct {
	Weight *backward.Param // [out, in]
	Bias   *backward.Param // [out], or nil
	Act    Activation
}

// LinearOptions configure a Linear.
type LinearOptions struct {
	In, Out int // features
	NoBias  bool
	Act     Activation
	// Image is the height and width of the image that Flatten made the input
	// of; the zero value is none. Files hold such weights channels first, memory
	// channels last.
	Image [2]int
	Init  backward.Init // of the weight; nil for PyTorch's, ±1/√In
}

// NewLinear declares "weight" and, without NoBias, "bias" on ps. It panics as
// [backward.Params.Param] does, and where In is not of whole images.
func NewLinear(ps *backward.Params, o LinearOptions) *Linear {
	if o.Init == nil {
		o.Init = defaultWeight()
	}
	l := &Linear{Weight: ps.Param("weight", o.layout(), o.Init), Act: o.Act}
	if !o.NoBias {
		l.Bias = ps.Param("bias", backward.Plain(o.Out), defaultBias(o.In))
	}
	return l
}

// layout is that of the weight: channels last in memory.
func (o LinearOptions) layout() backward.Layout {
	layout := backward.Plain(o.Out, o.In)
	if o.Image == [2]int{} {
		return layout
	}
	h, w := o.Image[0], o.Image[1]
	if h < 1 || w < 1 || o.In%(h*w) != 0 {
		panic(fmt.Sprintf("nn: NewLinear: %d inputs do not fill channels of %dx%d", o.In, h, w))
	}
	layout.Split = []int{o.Out, o.In / (h * w), h, w}
	layout.Axes = []int{0, 2, 3, 1}
	layout.Shape = []int{o.Out, o.In}
	return layout
}

// Forward maps x, [..., in], to [..., out].
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
