package backward

import (
	"errors"

	"example.org/chainrule/device"
	"example.org/chainrule/tensor"
)

// Conv2D returns f(x * w + b), a cross-correlation in one kernel: x is
// [N, H, W, C], w [K, KH, KW, C/groups], b [K] (always Float32) or nil; the result
// is [N, OH, OW, K]. See [tensor.Conv2D] for OH and OW. LeCun 1989; Dumoulin and
// Visin 2016.
//
//	dz = dy f'    dx = dz ⋆ w (transposed convolution)    dw = Σ dz x    db = Σ dz
func (x *Var) Conv2D(w, b *Var, c tensor.Conv) *Var {
	var v *tensor.Tensor
	return record(Op{"Conv2D", c},
		func(fr *Frame) (y *tensor.Tensor, err error) {
			shape, err := tensor.Conv2DShape(x.value, w.value, c)
			if err != nil {
				return nil, err
			}
			y, v, err = activated(fr, c.Act, shape, x.value, func(y, pre tensor.Dst) error {
				return tensor.Conv2DInto(y, pre, x.value, w.value, b.tensor(), c)
			})
			return y, err
		},
		func(y, dy *tensor.Tensor) error {
			dz, err := beforeActivation(c.Act, dy, y, v)
			if err != nil {
				return err
			}
			defer dz.Free()
			return errors.Join(
				tensor.Conv2DGradInputInto(x.grad(), dz, w.value, c),
				tensor.Conv2DGradFilterInto(w.grad(), dz, x.value, c),
				biasGrad(b, dz))
		}, x, w, b)
}

// ConvTranspose2D returns the transposed convolution of x, [N, H, W, K], with w,
// [K, KH, KW, C/groups]: the input gradient of a Conv2D over images of oh by ow
// pixels, which is the extent of the result, [N, oh, ow, C]. It has no
// activation. Zeiler 2010, "Deconvolutional networks".
//
//	dx = dy * w (convolution)    dw = Σ x dy
func (x *Var) ConvTranspose2D(w *Var, c tensor.Conv, oh, ow int) *Var {
	c.Act = device.Unary{}
	return record(Op{"ConvTranspose2D", c},
		func(*Frame) (*tensor.Tensor, error) { return tensor.Conv2DGradInput(x.value, w.value, c, oh, ow) },
		func(_, dy *tensor.Tensor) error {
			return errors.Join(
				tensor.Conv2DInto(x.grad(), tensor.Dst{}, dy, w.value, nil, c),
				tensor.Conv2DGradFilterInto(w.grad(), x.value, dy, c))
		}, x, w)
}
