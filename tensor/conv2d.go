package tensor

import (
	"cmp"
	"fmt"
	"slices"

	"example.org/chainrule/device"
)

// A Conv is a convolution's geometry: height before width.
type Conv struct {
	Stride   [2]int // zero means 1
	Dilation [2]int // zero means 1
	Padding  [4]int // zeros around the image: top, bottom, left, right
	Groups   int    // divides channels and filters; zero means 1
	Act      device.Unary
}

// Conv2D returns f(x * w + bias), a cross-correlation as is customary, with
// c.Act for f. x is [N, H, W, C] and w [K, KH, KW, C/groups], both Float32 or
// both BFloat16; bias is Float32 [K] or nil; the result is [N, OH, OW, K] with
//
//	OH = ⌊(H + top + bottom - dilation (KH-1) - 1) / stride⌋ + 1
//
// and OW alike. The error is a *ShapeError. Dumoulin and Visin 2016, "A guide to
// convolution arithmetic for deep learning".
func Conv2D(x, w, bias *Tensor, c Conv) (*Tensor, error) {
	_, shape, err := convSpec("Conv2D", x.shape, w.shape, c)
	if err != nil {
		return nil, err
	}
	return made(x.dev, x.DType(), shape, func(y Dst) error { return Conv2DInto(y, Dst{}, x, w, bias, c) })
}

// Conv2DShape is the shape of [Conv2D]'s result. The error is a *ShapeError.
func Conv2DShape(x, w *Tensor, c Conv) ([]int, error) {
	_, shape, err := convSpec("Conv2D", x.shape, w.shape, c)
	return shape, err
}

// Conv2DInto sends f(x * w + bias) to y and the value before f to pre; see
// [Conv2D].
func Conv2DInto(y, pre Dst, x, w, bias *Tensor, c Conv) error {
	const op = "Conv2D"
	s, shape, err := convSpec(op, x.shape, w.shape, c)
	if err := first(err, operands(op, x, w), optional(op, "bias", x, bias, device.Float32, s.K),
		sent(op, x, y, shape...), sent(op, x, pre, shape...)); err != nil {
		return err
	}
	s.Act = c.Act
	x.dev.Conv2D(y.dst(), pre.dst(), x.buf, w.buf, bias.buffer(), s)
	return nil
}

// Conv2DGradInput returns [Conv2D]'s derivative for an input of h by wd, which is
// the forward pass of a transposed convolution: dy is [N, OH, OW, K], w
// [K, KH, KW, C/groups], the result [N, h, wd, C]. c.Act is not applied. The
// error is a *ShapeError. Zeiler 2010, "Deconvolutional networks".
func Conv2DGradInput(dy, w *Tensor, c Conv, h, wd int) (*Tensor, error) {
	const op = "Conv2D input derivative"
	if dy.Rank() != 4 || w.Rank() != 4 {
		return nil, misfit(op, "want [n, height, width, filters] and [filters, height, width, channels/groups]", dy, w)
	}
	shape := []int{dy.shape[0], h, wd, w.shape[3] * cmp.Or(c.Groups, 1)}
	if _, _, err := convSpec(op, shape, w.shape, c); err != nil {
		return nil, err
	}
	return made(dy.dev, dy.DType(), shape, func(dx Dst) error { return Conv2DGradInputInto(dx, dy, w, c) })
}

// Conv2DGradInputInto sends [Conv2D]'s derivative for the input to dx, whose
// shape says the input's. The error is a *ShapeError.
func Conv2DGradInputInto(dx Dst, dy, w *Tensor, c Conv) error {
	const op = "Conv2D input derivative"
	if !dx.Wanted() {
		return nil
	}
	s, shape, err := convSpec(op, dx.T.shape, w.shape, c)
	if err := first(err, operands(op, w), typed(op, "dy", w, dy, w.DType(), shape...), sent(op, w, dx, dx.T.shape...)); err != nil {
		return err
	}
	dy.dev.Conv2DGradInput(dx.dst(), dy.buf, w.buf, s)
	return nil
}

// Conv2DGradFilterInto sends [Conv2D]'s derivative for the filters to dw, whose
// shape says theirs. The error is a *ShapeError.
func Conv2DGradFilterInto(dw Dst, dy, x *Tensor, c Conv) error {
	const op = "Conv2D filter derivative"
	if !dw.Wanted() {
		return nil
	}
	s, shape, err := convSpec(op, x.shape, dw.T.shape, c)
	if err := first(err, operands(op, x), typed(op, "dy", x, dy, x.DType(), shape...), sent(op, x, dw, dw.T.shape...)); err != nil {
		return err
	}
	dy.dev.Conv2DGradFilter(dw.dst(), dy.buf, x.buf, s)
	return nil
}

// convSpec is the device's description, without an activation, and the shape of
// the result.
func convSpec(op string, x, w []int, c Conv) (s device.Conv2D, shape []int, err error) {
	var window device.Window
	var reason string
	groups := cmp.Or(c.Groups, 1)
	switch {
	case len(x) != 4:
		reason = wantImages
	case len(w) != 4:
		reason = "want filters [filters, height, width, channels/groups]"
	case groups < 1 || x[3]%groups != 0 || w[0]%groups != 0:
		reason = fmt.Sprintf("%d groups do not divide %d channels and %d filters", groups, x[3], w[0])
	case w[3] != x[3]/groups:
		reason = fmt.Sprintf("%d channels in %d groups want filters [filters, height, width, %d]", x[3], groups, x[3]/groups)
	default:
		a := Window{Kernel: [2]int{w[1], w[2]}, Stride: c.Stride, Dilation: c.Dilation, Padding: c.Padding}
		window, reason = a.on(x[1], x[2], [2]int{1, 1})
	}
	if reason != "" {
		return s, nil, unfit(op, reason, x, w)
	}
	s = device.Conv2D{N: x[0], H: x[1], W: x[2], C: x[3], K: w[0], Window: window, Groups: groups}
	oh, ow := s.Out()
	return s, []int{s.N, oh, ow, s.K}, nil
}

const wantImages = "want images [n, height, width, channels]"

// unfit is a ShapeError over shapes.
func unfit(op, reason string, shapes ...[]int) error {
	e := &ShapeError{Op: op, Reason: reason}
	for _, s := range shapes {
		e.Shapes = append(e.Shapes, slices.Clone(s))
	}
	return e
}

// A Window slides over images: height before width.
type Window struct {
	Kernel     [2]int
	Stride     [2]int // zero means the kernel's extent
	Dilation   [2]int // zero means 1
	Padding    [4]int // top, bottom, left, right
	ExcludePad bool   // a mean does not count padding, which is zeros
}

// on is the device's window on images of h by w, or what is wrong with it.
// stride stands for strides of zero.
func (a Window) on(h, w int, stride [2]int) (s device.Window, reason string) {
	stride = [2]int{cmp.Or(a.Stride[0], stride[0]), cmp.Or(a.Stride[1], stride[1])}
	dilation := [2]int{cmp.Or(a.Dilation[0], 1), cmp.Or(a.Dilation[1], 1)}
	for _, c := range []struct {
		name   string
		values []int
		least  int
	}{{"kernel", a.Kernel[:], 1}, {"stride", stride[:], 1}, {"dilation", dilation[:], 1}, {"padding", a.Padding[:], 0}} {
		if slices.Min(c.values) < c.least || slices.Max(c.values) > device.MaxLen {
			return s, fmt.Sprintf("%s %v: want %d to %d", c.name, c.values, c.least, device.MaxLen)
		}
	}
	s = device.Window{
		KH: a.Kernel[0], KW: a.Kernel[1], StrideH: stride[0], StrideW: stride[1], DilationH: dilation[0], DilationW: dilation[1],
		Top: a.Padding[0], Bottom: a.Padding[1], Left: a.Padding[2], Right: a.Padding[3],
	}
	if oh, ow := s.Out(h, w); oh < 1 || ow < 1 {
		return s, fmt.Sprintf("the kernel spans %d by %d, but the padded image is only %d by %d",
			s.DilationH*(s.KH-1)+1, s.DilationW*(s.KW-1)+1, h+s.Top+s.Bottom, w+s.Left+s.Right)
	}
	return s, ""
}
