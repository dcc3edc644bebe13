package tensor

import (
	"fmt"
	"slices"

	"example.org/chainrule/device"
)

// Slice returns a copy of x[..., lo:hi, ...] along an axis; x is of any dtype,
// negative axes count from the last. The error is a *ShapeError.
func Slice(x *Tensor, axis, lo, hi int) (*Tensor, error) {
	axis, err := interval("Slice", x, axis, lo, hi)
	if err != nil {
		return nil, err
	}
	return made(x.dev, x.DType(), resized(x.shape, axis, hi-lo), func(y Dst) error { return SliceInto(y, x, axis, lo, hi) })
}

// SliceInto sends x[..., lo:hi, ...] to y; see [Slice]. Only floats can be added
// to.
func SliceInto(y Dst, x *Tensor, axis, lo, hi int) error {
	const op = "Slice"
	axis, err := interval(op, x, axis, lo, hi)
	if err != nil {
		return err
	}
	if err := moved(op, x, y, resized(x.shape, axis, hi-lo)...); err != nil {
		return err
	}
	rows, n, inner := around(x.shape, axis, axis+1)
	cols := (hi - lo) * inner
	x.dev.CopyBlock(y.dst(), x.buf, device.Block{Rows: rows, Cols: cols, YStride: cols, XStride: n * inner, XOffset: lo * inner})
	return nil
}

// SliceGradInto sends the derivative of [Slice] from lo on to dx: dy in its
// place, zero elsewhere. The error is a *ShapeError.
func SliceGradInto(dx Dst, dy *Tensor, axis, lo int) error {
	const op = "Slice derivative"
	if !dx.Wanted() {
		return nil
	}
	axis, err := placeable(op, dx, dy, axis, lo)
	if err := first(err, operands(op, dy)); err != nil {
		return err
	}
	if !dx.Add {
		dy.dev.Fill(dx.dst(), 0)
	}
	place(dx, dy, axis, lo)
	return nil
}

// Concat returns xs, of one dtype, joined along an axis; their other extents are
// equal. Negative axes count from the last. The error is a *ShapeError.
func Concat(axis int, xs ...*Tensor) (*Tensor, error) {
	const op = "Concat"
	if len(xs) == 0 {
		return nil, &ShapeError{Op: op, Reason: "want one tensor or more"}
	}
	axis, err := axisOf(op, xs[0], axis)
	if err != nil {
		return nil, err
	}
	n := 0
	for _, x := range xs {
		if x.Rank() != xs[0].Rank() || !slices.Equal(resized(x.shape, axis, 0), resized(xs[0].shape, axis, 0)) {
			return nil, misfit(op, fmt.Sprintf("want equal extents but along axis %d", axis), xs...)
		}
		if x.dev != xs[0].dev || x.DType() != xs[0].DType() {
			return nil, misfit(op, fmt.Sprintf("%v and %v: want one dtype and device", xs[0], x), xs...)
		}
		n += x.shape[axis]
	}
	return made(xs[0].dev, xs[0].DType(), resized(xs[0].shape, axis, n), func(y Dst) error {
		at := 0
		for _, x := range xs {
			place(y, x, axis, at)
			at += x.shape[axis]
		}
		return nil
	})
}

// Pad returns x, Float32 or BFloat16, with a value set before and after it along
// an axis; negative axes count from the last. The error is a *ShapeError.
func Pad(x *Tensor, axis, before, after int, value float32) (*Tensor, error) {
	const op = "Pad"
	axis, err := axisOf(op, x, axis)
	if err := first(err, operands(op, x)); err != nil {
		return nil, err
	}
	if min(before, after) < 0 || max(before, after) > device.MaxLen {
		return nil, misfit(op, fmt.Sprintf("%d before and %d after: want 0 to %d", before, after, device.MaxLen), x)
	}
	return made(x.dev, x.DType(), resized(x.shape, axis, before+x.shape[axis]+after), func(y Dst) error {
		x.dev.Fill(y.dst(), value)
		place(y, x, axis, before)
		return nil
	})
}

// interval checks lo and hi on an axis of x, which it returns from the first.
func interval(op string, x *Tensor, axis, lo, hi int) (int, error) {
	axis, err := axisOf(op, x, axis)
	if err == nil && (lo < 0 || hi < lo || hi > x.shape[axis]) {
		err = misfit(op, fmt.Sprintf("%d to %d of axis %d: want 0 <= lo <= hi <= %d", lo, hi, axis, x.shape[axis]), x)
	}
	return axis, err
}

// placeable checks that x fits into y along an axis, which it returns from the
// first.
func placeable(op string, y Dst, x *Tensor, axis, at int) (int, error) {
	axis, err := axisOf(op, x, axis)
	switch {
	case err != nil:
		return 0, err
	case y.T.Rank() != x.Rank() || at < 0 || at > y.T.shape[axis]-x.shape[axis]:
		return 0, misfit(op, fmt.Sprintf("from %d of axis %d on", at, axis), x, y.T)
	}
	return axis, moved(op, x, y, resized(x.shape, axis, y.T.shape[axis])...)
}

// place sends x to y[..., at:at+n, ...], n being its extent along the axis.
func place(y Dst, x *Tensor, axis, at int) {
	rows, n, inner := around(x.shape, axis, axis+1)
	x.dev.CopyBlock(y.dst(), x.buf, device.Block{
		Rows: rows, Cols: n * inner, XStride: n * inner, YStride: y.T.shape[axis] * inner, YOffset: at * inner,
	})
}

// resized is shape with another extent of one axis.
func resized(shape []int, axis, n int) []int {
	s := slices.Clone(shape)
	s[axis] = n
	return s
}
