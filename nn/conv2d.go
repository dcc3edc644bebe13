package nn

import (
	"example.org/chainrule/backward"
	"example.org/chainrule/device"
	"example.org/chainrule/tensor"
)

// A Conv2D is f(x * W + b) over images, a cross-correlation. LeCun 1989.
type Conv2D struct {
	Weight *backward.Param // [out, kh, kw, in/groups]; stored [out, in/groups, kh, kw]
	Bias   *backward.Param // [out], or nil
	Conv   tensor.Conv     // geometry and activation
}

// Conv2DOptions configure a Conv2D with square kernels; zero values of Stride,
// Dilation and Groups mean 1.
type Conv2DOptions struct {
	In, Out  int // channels
	Kernel   int // height and width, in pixels
	Stride   int // pixels from one window to the next
	Padding  int // zeros on all four sides, in pixels
	Dilation int // pixels from one place of the kernel to the next
	Groups   int // divides In and Out
	NoBias   bool
	Act      Activation
	Init     backward.Init // of the weight; nil for PyTorch's, ±1/√(inputs of a unit)
}

// NewConv2D declares "weight" and, without NoBias, "bias" on ps. It panics as
// [backward.Params.Param] does.
func NewConv2D(ps *backward.Params, o Conv2DOptions) *Conv2D {
	if o.Init == nil {
		o.Init = defaultWeight()
	}
	in := o.In / max(o.Groups, 1)
	layout := backward.Layout{Stored: []int{o.Out, in, o.Kernel, o.Kernel}, Axes: []int{0, 2, 3, 1}}
	p := o.Padding
	c := &Conv2D{
		Weight: ps.Param("weight", layout, o.Init),
		Conv: tensor.Conv{
			Stride: [2]int{o.Stride, o.Stride}, Dilation: [2]int{o.Dilation, o.Dilation},
			Padding: [4]int{p, p, p, p}, Groups: o.Groups, Act: device.Unary(o.Act),
		},
	}
	if !o.NoBias {
		c.Bias = ps.Param("bias", backward.Plain(o.Out), defaultBias(in*o.Kernel*o.Kernel))
	}
	return c
}

// Forward maps x, [N, H, W, in], to [N, OH, OW, out]; see [tensor.Conv2D] for OH
// and OW.
func (c *Conv2D) Forward(x *backward.Var) *backward.Var {
	t := x.Tape()
	return x.Conv2D(t.Weight(c.Weight), param(t, c.Bias), c.Conv)
}
