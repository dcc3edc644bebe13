package tensor

import "example.org/chainrule/device"

// Unary returns f(x), elementwise, for Float32 or BFloat16 of any shape. The error
// is a *ShapeError, or a *device.MemoryError.
func Unary(x *Tensor, f device.Unary) (*Tensor, error) {
	return made(x.dev, x.DType(), x.shape, func(y Dst) error { return UnaryInto(y, x, f) })
}

// UnaryInto sends f(x) to y, of x's shape, which may be x itself. The error is a
// *ShapeError.
func UnaryInto(y Dst, x *Tensor, f device.Unary) error {
	op := f.Func.String()
	if err := first(operands(op, x), sent(op, x, y, x.shape...)); err != nil {
		return err
	}
	x.dev.Unary(y.dst(), x.buf, f)
	return nil
}

// UnaryGradInto sends dy f'(x) to dx; v is x where f.Func.ReadsX(), else f(x). All
// have one shape. The error is a *ShapeError.
func UnaryGradInto(dx Dst, dy, v *Tensor, f device.Unary) error {
	op := f.Func.String() + " derivative"
	if err := first(operands(op, dy, v), same(op, dy, v), sent(op, dy, dx, dy.shape...)); err != nil {
		return err
	}
	dy.dev.UnaryGrad(dx.dst(), dy.buf, v.buf, f)
	return nil
}
