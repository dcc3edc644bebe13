package tensor

import (
	"fmt"

	"example.org/chainrule/device"
)

// Binary returns f(a, b) with NumPy broadcasting: shapes are aligned at the
// last axis, and an extent of 1 repeats. a and b are both Float32 or both
// BFloat16. The error is a *ShapeError, or a *device.MemoryError.
func Binary(a, b *Tensor, f device.BinaryFunc) (*Tensor, error) {
	shape, err := broadcast(f.String(), a, b)
	if err != nil {
		return nil, err
	}
	return made(a.dev, a.DType(), shape, func(y Dst) error { return BinaryInto(y, a, b, f) })
}

// BinaryInto sends f(a, b), see [Binary], to y, which has the shape that a and b
// broadcast to. The error is a *ShapeError.
func BinaryInto(y Dst, a, b *Tensor, f device.BinaryFunc) error {
	op := f.String()
	shape, err := broadcast(op, a, b)
	if err != nil {
		return err
	}
	if err := first(operands(op, a, b), sent(op, a, y, shape...)); err != nil {
		return err
	}
	s, err := binarySpec(f, shape, a, b)
	if err != nil {
		return err
	}
	a.dev.Binary(y.dst(), a.buf, b.buf, s)
	return nil
}

// BinaryGradInto sends dy ∂f/∂a to da and dy ∂f/∂b to db, each summed over the
// axes along which its operand repeats. dy has the shape that a and b broadcast to,
// da is as a, db as b. The error is a *ShapeError.
func BinaryGradInto(da, db Dst, dy, a, b *Tensor, f device.BinaryFunc) error {
	op := f.String() + " derivative"
	shape, err := broadcast(op, a, b)
	if err != nil {
		return err
	}
	if err := first(operands(op, a, b, dy), sent(op, a, da, a.shape...), sent(op, b, db, b.shape...), sent(op, a, Dst{T: dy}, shape...)); err != nil {
		return err
	}
	s, err := binarySpec(f, shape, a, b)
	if err != nil {
		return err
	}
	a.dev.BinaryGrad(da.dst(), db.dst(), dy.buf, a.buf, b.buf, s)
	return nil
}

// broadcast is the shape of a function of a and b.
func broadcast(op string, a, b *Tensor) ([]int, error) {
	shape := make([]int, max(a.Rank(), b.Rank()))
	for i := range shape {
		x, y := fromLast(a.shape, len(shape)-i), fromLast(b.shape, len(shape)-i)
		switch {
		case x == y || y == 1:
			shape[i] = x
		case x == 1:
			shape[i] = y
		default:
			return nil, misfit(op, fmt.Sprintf("%d and %d at axis %d of the result: want equal extents, or 1", x, y, i), a, b)
		}
	}
	return shape, nil
}

// fromLast is the i-th extent from the end, 1 beyond the first.
func fromLast(shape []int, i int) int {
	if i > len(shape) {
		return 1
	}
	return shape[len(shape)-i]
}

// binarySpec merges neighbouring axes that broadcast alike, so that any rank
// with at most MaxDims changes of pattern is served.
func binarySpec(f device.BinaryFunc, shape []int, a, b *Tensor) (device.Binary, error) {
	s := device.Binary{Func: f}
	at := device.MaxDims
	for i := len(shape) - 1; i >= 0; i-- {
		n := shape[i]
		if n == 1 {
			continue
		}
		ra, rb := fromLast(a.shape, len(shape)-i) == 1, fromLast(b.shape, len(shape)-i) == 1
		if at < device.MaxDims && s.RepeatA[at] == ra && s.RepeatB[at] == rb {
			s.Dims[at] *= n
			continue
		}
		if at--; at < 0 {
			return s, misfit(f.String(), fmt.Sprintf("more than %d axes that broadcast differently", device.MaxDims), a, b)
		}
		s.Dims[at], s.RepeatA[at], s.RepeatB[at] = n, ra, rb
	}
	for i := range at {
		s.Dims[i] = 1
	}
	return s, nil
}
