package tensor

import (
	"fmt"
	"slices"

	"example.org/chainrule/device"
)

// Reduce returns f over the axes lo to hi-1 of x (Float32 or BFloat16), which
// go away: a sum over all axes has rank 0. The values for no elements are those
// of [device.ReduceFunc]. The error is a *ShapeError.
func Reduce(x *Tensor, f device.ReduceFunc, lo, hi int) (*Tensor, error) {
	_, shape, err := reduceSpec(f.String(), x, f, lo, hi)
	if err != nil {
		return nil, err
	}
	return made(x.dev, x.DType(), shape, func(y Dst) error { return ReduceInto(y, x, f, lo, hi) })
}

// ReduceInto sends f over the axes lo to hi-1 of x to y; see [Reduce].
func ReduceInto(y Dst, x *Tensor, f device.ReduceFunc, lo, hi int) error {
	op := f.String()
	s, shape, err := reduceSpec(op, x, f, lo, hi)
	if err := first(err, operands(op, x), sent(op, x, y, shape...)); err != nil {
		return err
	}
	x.dev.Reduce(y.dst(), x.buf, s)
	return nil
}

// ReduceGradInto sends the derivative of y = [Reduce](x, f, lo, hi) to dx, of
// x's shape, given dy of y's. The values of x and y are read only where
// f.ReadsXY(); otherwise x lends its shape and y may be nil. The error is a
// *ShapeError.
func ReduceGradInto(dx Dst, dy, x, y *Tensor, f device.ReduceFunc, lo, hi int) error {
	op := f.String() + " derivative"
	s, shape, err := reduceSpec(op, x, f, lo, hi)
	if err := first(err, operands(op, x), typed(op, "dy", x, dy, x.DType(), shape...),
		optional(op, "y", x, y, x.DType(), shape...), sent(op, x, dx, x.shape...)); err != nil {
		return err
	}
	if !f.ReadsXY() {
		x.dev.ReduceGrad(dx.dst(), dy.buf, nil, nil, s)
		return nil
	}
	x.dev.ReduceGrad(dx.dst(), dy.buf, x.buf, y.buf, s)
	return nil
}

// reduceSpec is the device's description and the shape of the result.
func reduceSpec(op string, x *Tensor, f device.ReduceFunc, lo, hi int) (device.Reduce, []int, error) {
	if lo < 0 || hi < lo || hi > x.Rank() {
		return device.Reduce{}, nil, misfit(op, fmt.Sprintf("axes %d to %d: want 0 <= lo <= hi <= %d, hi not included", lo, hi, x.Rank()), x)
	}
	s := device.Reduce{Func: f}
	s.Outer, s.N, s.Inner = around(x.shape, lo, hi)
	return s, slices.Concat(x.shape[:lo], x.shape[hi:]), nil
}

// around is the number of elements of the axes before lo, of lo to hi-1, and of
// those from hi on.
func around(shape []int, lo, hi int) (outer, n, inner int) {
	return product(shape[:lo]), product(shape[lo:hi]), product(shape[hi:])
}

func product(shape []int) int {
	n := 1
	for _, d := range shape {
		n *= d
	}
	return n
}

// ArgMax returns where x (Float32 or BFloat16) is largest along an axis, which
// goes away, as Int32: the first of equal ones; a NaN is larger than all.
// Negative axes count from the last. The error is a *ShapeError, also for an
// axis of extent 0, which has no largest element.
func ArgMax(x *Tensor, axis int) (*Tensor, error) {
	const op = "ArgMax"
	axis, err := axisOf(op, x, axis)
	if err := first(err, operands(op, x)); err != nil {
		return nil, err
	}
	if x.shape[axis] == 0 {
		return nil, misfit(op, fmt.Sprintf("axis %d is empty: it has no largest element", axis), x)
	}
	s, shape, err := reduceSpec(op, x, device.Max, axis, axis+1)
	if err != nil {
		return nil, err
	}
	return made(x.dev, device.Int32, shape, func(y Dst) error {
		x.dev.ArgMax(y.dst(), x.buf, s)
		return nil
	})
}

// axisOf is an axis of x, negative ones counted from the last.
func axisOf(op string, x *Tensor, axis int) (int, error) {
	if axis < -x.Rank() || axis >= x.Rank() {
		return 0, misfit(op, fmt.Sprintf("there is no axis %d: the rank is %d", axis, x.Rank()), x)
	}
	if axis < 0 {
		axis += x.Rank()
	}
	return axis, nil
}

// Expand returns x (Float32 or BFloat16) repeated to a shape: shapes are aligned
// at the last axis, and an extent of 1 repeats, as NumPy's broadcast_to. The
// error is a *ShapeError.
func Expand(x *Tensor, shape ...int) (*Tensor, error) {
	return made(x.dev, x.DType(), shape, func(y Dst) error { return ExpandInto(y, x) })
}

// ExpandInto sends x, repeated to y's shape, to y; see [Expand].
func ExpandInto(y Dst, x *Tensor) error {
	const op = "Expand"
	if !y.Wanted() {
		return nil
	}
	steps, err := repeats(op, x, y.T)
	if err := first(err, operands(op, x), sent(op, x, y, y.T.shape...)); err != nil {
		return err
	}
	return expand(y, x, steps)
}

// ExpandGradInto sends dy, summed over the axes along which [Expand] repeated
// dx's shape, to dx. The error is a *ShapeError.
func ExpandGradInto(dx Dst, dy *Tensor) error {
	const op = "Expand derivative"
	if !dx.Wanted() {
		return nil
	}
	steps, err := repeats(op, dx.T, dy)
	if err := first(err, operands(op, dy), sent(op, dy, dx, dx.T.shape...)); err != nil {
		return err
	}
	return collapse(dx, dy, steps)
}

// repeats is how small becomes large: one step for each run of axes that
// repeat, the last one first. Read backwards it is how large sums to small.
func repeats(op string, small, large *Tensor) (steps []device.Reduce, err error) {
	extra := large.Rank() - small.Rank()
	if extra < 0 {
		return nil, misfit(op, "a shape cannot lose axes", small, large)
	}
	from := slices.Concat(slices.Repeat([]int{1}, extra), small.shape)
	open := false // whether the last step goes on
	for i := large.Rank() - 1; i >= 0; i-- {
		switch n := large.shape[i]; {
		case n == 1 && from[i] == 1:
		case from[i] == n:
			open = false
		case from[i] != 1:
			return nil, misfit(op, fmt.Sprintf("%d and %d at axis %d: want equal extents, or 1", from[i], n, i), small, large)
		case open:
			steps[len(steps)-1].N *= n
		default:
			steps = append(steps, device.Reduce{Outer: product(from[:i]), N: n, Inner: product(large.shape[i+1:])})
			open = true
		}
	}
	return steps, nil
}

// expand repeats x step by step into y.
func expand(y Dst, x *Tensor, steps []device.Reduce) error {
	switch len(steps) {
	case 0:
		x.dev.Convert(y.dst(), x.buf)
		return nil
	case 1:
		x.dev.ReduceGrad(y.dst(), x.buf, nil, nil, steps[0])
		return nil
	}
	s := steps[0]
	part, err := New(x.dev, x.DType(), s.Outer, s.N, s.Inner)
	if err != nil {
		return err
	}
	defer part.Free()
	x.dev.ReduceGrad(device.To(part.buf), x.buf, nil, nil, s)
	return expand(y, part, steps[1:])
}

// collapse sums dy step by step into dx, the last step first.
func collapse(dx Dst, dy *Tensor, steps []device.Reduce) error {
	switch len(steps) {
	case 0:
		dy.dev.Convert(dx.dst(), dy.buf)
		return nil
	case 1:
		dy.dev.Reduce(dx.dst(), dy.buf, steps[0])
		return nil
	}
	s := steps[len(steps)-1]
	part, err := New(dy.dev, dx.T.DType(), s.Outer, s.Inner)
	if err != nil {
		return err
	}
	defer part.Free()
	dy.dev.Reduce(device.To(part.buf), dy.buf, s)
	return collapse(dx, part, steps[:len(steps)-1])
}
