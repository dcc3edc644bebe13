package backward

import "example.org/chainrule/tensor"

// MaxPool returns the largest element of each window on x, [N, H, W, C], as
// [N, OH, OW, C]: the first of equal ones; padding never wins. OH and OW follow as
// for [tensor.Conv2D].
//
//	dx = Σ dy over the windows that chose x
func (x *Var) MaxPool(w tensor.Window) *Var {
	var index *tensor.Tensor
	return record(Op{"MaxPool", w},
		func(f *Frame) (y *tensor.Tensor, err error) {
			if y, index, err = tensor.MaxPool(x.value, w); err == nil {
				f.Save(index)
			}
			return y, err
		},
		func(_, dy *tensor.Tensor) error { return tensor.MaxPoolGradInto(x.grad(), dy, index, w) }, x)
}

// AvgPool returns the mean of each window on x, [N, H, W, C], as [N, OH, OW, C]:
// over all its places, or with w.ExcludePad over those inside the image.
//
//	dx = Σ dy / places of the window
func (x *Var) AvgPool(w tensor.Window) *Var {
	return record(Op{"AvgPool", w},
		func(*Frame) (*tensor.Tensor, error) { return tensor.AvgPool(x.value, w) },
		func(_, dy *tensor.Tensor) error { return tensor.AvgPoolGradInto(x.grad(), dy, w) }, x)
}

// AdaptiveAvgPool returns the means of oh by ow windows that divide each image
// of x, [N, H, W, C], as [N, oh, ow, C]: rows ⌊i H/oh⌋ to ⌈(i+1) H/oh⌉ of it, and
// columns alike.
//
//	dx = Σ dy / places of the window
func (x *Var) AdaptiveAvgPool(oh, ow int) *Var {
	return record(Op{"AdaptiveAvgPool", [2]int{oh, ow}},
		func(*Frame) (*tensor.Tensor, error) { return tensor.AdaptiveAvgPool(x.value, oh, ow) },
		func(_, dy *tensor.Tensor) error { return tensor.AdaptiveAvgPoolGradInto(x.grad(), dy) }, x)
}

// GlobalAvgPool returns the mean of each channel of x, [N, H, W, C], as [N, C].
// Lin 2014, "Network in network".
//
//	dx = dy / HW
func (x *Var) GlobalAvgPool() *Var { return x.Mean(1, 2) }
