package tensor

import (
	"fmt"

	"example.org/chainrule/device"
)

// MaxPool returns the largest element of each window on x, [N, H, W, C] of
// Float32 or BFloat16, as y [N, OH, OW, C], and its place in the image, h W + w,
// as index, Int32 of y's shape: the first of equal ones; a NaN is larger than
// all; padding never wins. The error is a *ShapeError.
func MaxPool(x *Tensor, w Window) (y, index *Tensor, err error) {
	_, shape, err := poolSpec("MaxPool", x.shape, w)
	if err != nil {
		return nil, nil, err
	}
	if index, err = New(x.dev, device.Int32, shape...); err != nil {
		return nil, nil, err
	}
	y, err = made(x.dev, x.DType(), shape, func(y Dst) error { return MaxPoolInto(y, To(index), x, w) })
	if err != nil {
		index.Free()
		return nil, nil, err
	}
	return y, index, nil
}

// MaxPoolInto sends the largest element of each window to y and its place to
// index; see [MaxPool].
func MaxPoolInto(y, index Dst, x *Tensor, w Window) error {
	const op = "MaxPool"
	s, shape, err := poolSpec(op, x.shape, w)
	if err := first(err, operands(op, x), sent(op, x, y, shape...),
		optional(op, "index", x, index.T, device.Int32, shape...), addable(op, index)); err != nil {
		return err
	}
	x.dev.MaxPool(y.dst(), index.dst(), x.buf, s)
	return nil
}

// MaxPoolGradInto sends the derivative of [MaxPool] to dx, of x's shape: each dy
// goes to the place that index names. The error is a *ShapeError.
func MaxPoolGradInto(dx Dst, dy, index *Tensor, w Window) error {
	const op = "MaxPool derivative"
	if !dx.Wanted() {
		return nil
	}
	s, shape, err := poolSpec(op, dx.T.shape, w)
	if err := first(err, operands(op, dy), typed(op, "dy", dx.T, dy, dy.DType(), shape...),
		typed(op, "index", dy, index, device.Int32, shape...), sent(op, dy, dx, dx.T.shape...)); err != nil {
		return err
	}
	dy.dev.MaxPoolGrad(dx.dst(), dy.buf, index.buf, s)
	return nil
}

// AvgPool returns the mean of each window on x, [N, H, W, C] of Float32 or
// BFloat16: over all its places or with w.ExcludePad over those inside the
// image. The result is [N, OH, OW, C]. The error is a *ShapeError.
func AvgPool(x *Tensor, w Window) (*Tensor, error) {
	_, shape, err := poolSpec("AvgPool", x.shape, w)
	if err != nil {
		return nil, err
	}
	return made(x.dev, x.DType(), shape, func(y Dst) error { return AvgPoolInto(y, x, w) })
}

// AvgPoolInto sends the mean of each window to y; see [AvgPool].
func AvgPoolInto(y Dst, x *Tensor, w Window) error {
	const op = "AvgPool"
	s, shape, err := poolSpec(op, x.shape, w)
	if err := first(err, operands(op, x), sent(op, x, y, shape...)); err != nil {
		return err
	}
	x.dev.AvgPool(y.dst(), x.buf, s)
	return nil
}

// AvgPoolGradInto sends the derivative of [AvgPool] to dx, of x's shape: each dy
// is spread evenly over its window. The error is a *ShapeError.
func AvgPoolGradInto(dx Dst, dy *Tensor, w Window) error {
	const op = "AvgPool derivative"
	if !dx.Wanted() {
		return nil
	}
	s, shape, err := poolSpec(op, dx.T.shape, w)
	if err != nil {
		return err
	}
	return avgPoolGrad(op, dx, dy, s, shape)
}

// AdaptiveAvgPool returns the means of oh by ow windows that divide the images of
// x, [N, H, W, C] of Float32 or BFloat16: rows ⌊i H/oh⌋ to ⌈(i+1) H/oh⌉, columns
// alike. The result is [N, oh, ow, C]; 1 by 1 is global pooling. The error is a
// *ShapeError.
func AdaptiveAvgPool(x *Tensor, oh, ow int) (*Tensor, error) {
	const op = "AdaptiveAvgPool"
	s, shape, err := adaptiveSpec(op, x.shape, oh, ow)
	if err := first(err, operands(op, x)); err != nil {
		return nil, err
	}
	return made(x.dev, x.DType(), shape, func(y Dst) error {
		x.dev.AvgPool(y.dst(), x.buf, s)
		return nil
	})
}

// AdaptiveAvgPoolGradInto sends the derivative of [AdaptiveAvgPool] to dx, of x's
// shape, given dy [N, oh, ow, C]. The error is a *ShapeError.
func AdaptiveAvgPoolGradInto(dx Dst, dy *Tensor) error {
	const op = "AdaptiveAvgPool derivative"
	if !dx.Wanted() {
		return nil
	}
	if dy.Rank() != 4 {
		return misfit(op, wantImages, dx.T, dy)
	}
	s, shape, err := adaptiveSpec(op, dx.T.shape, dy.shape[1], dy.shape[2])
	if err != nil {
		return err
	}
	return avgPoolGrad(op, dx, dy, s, shape)
}

func avgPoolGrad(op string, dx Dst, dy *Tensor, s device.Pool, shape []int) error {
	if err := first(operands(op, dy), typed(op, "dy", dx.T, dy, dy.DType(), shape...), sent(op, dy, dx, dx.T.shape...)); err != nil {
		return err
	}
	dy.dev.AvgPoolGrad(dx.dst(), dy.buf, s)
	return nil
}

// poolSpec is the device's description and the shape of the result.
func poolSpec(op string, x []int, w Window) (s device.Pool, shape []int, err error) {
	if len(x) != 4 {
		return s, nil, unfit(op, wantImages, x)
	}
	window, reason := w.on(x[1], x[2], w.Kernel)
	if reason != "" {
		return s, nil, unfit(op, reason, x)
	}
	// PyTorch's rule: every window then meets the image.
	if p, k := w.Padding, w.Kernel; max(p[0], p[1]) > k[0]/2 || max(p[2], p[3]) > k[1]/2 {
		return s, nil, unfit(op, fmt.Sprintf("padding %v: want at most half the kernel, %d by %d", p, k[0], k[1]), x)
	}
	s = device.Pool{N: x[0], H: x[1], W: x[2], C: x[3], Window: window, CountPad: !w.ExcludePad}
	oh, ow := s.Out()
	return s, []int{s.N, oh, ow, s.C}, nil
}

// adaptiveSpec is poolSpec for windows that divide the image.
func adaptiveSpec(op string, x []int, oh, ow int) (s device.Pool, shape []int, err error) {
	switch {
	case len(x) != 4:
		return s, nil, unfit(op, wantImages, x)
	case oh < 1 || ow < 1 || x[1] < 1 || x[2] < 1:
		return s, nil, unfit(op, fmt.Sprintf("%d by %d windows on %d by %d: want 1 or more of each", oh, ow, x[1], x[2]), x)
	}
	s = device.Pool{N: x[0], H: x[1], W: x[2], C: x[3], Adaptive: true, OH: oh, OW: ow}
	return s, []int{s.N, oh, ow, s.C}, nil
}
