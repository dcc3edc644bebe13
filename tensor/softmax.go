package tensor

import "example.org/chainrule/device"

// Softmax returns exp(x) / Σ exp(x) over the last axis of x (Float32 or
// BFloat16), or its logarithm. The error is a *ShapeError.
func Softmax(x *Tensor, log bool) (*Tensor, error) {
	return made(x.dev, x.DType(), x.shape, func(y Dst) error { return SoftmaxInto(y, x, log) })
}

// SoftmaxInto sends the softmax of x, or its logarithm, to y; see [Softmax].
func SoftmaxInto(y Dst, x *Tensor, log bool) error {
	const op = "Softmax"
	rows, cols, err := rowsOf(op, x)
	if err := first(err, operands(op, x), sent(op, x, y, x.shape...)); err != nil {
		return err
	}
	x.dev.Softmax(y.dst(), x.buf, device.Softmax{Rows: rows, Cols: cols, Log: log})
	return nil
}

// SoftmaxGradInto sends the derivative of y = [Softmax](x, log) to dx. All have
// one shape. The error is a *ShapeError.
func SoftmaxGradInto(dx Dst, dy, y *Tensor, log bool) error {
	const op = "Softmax derivative"
	rows, cols, err := rowsOf(op, dy)
	if err := first(err, operands(op, dy, y), same(op, dy, y), sent(op, dy, dx, dy.shape...)); err != nil {
		return err
	}
	dy.dev.SoftmaxGrad(dx.dst(), dy.buf, y.buf, device.Softmax{Rows: rows, Cols: cols, Log: log})
	return nil
}

// rowsOf sees x as a matrix whose columns are the last axis.
func rowsOf(op string, x *Tensor) (rows, cols int, err error) {
	if x.Rank() == 0 {
		return 0, 0, misfit(op, "want one axis or more", x)
	}
	last := x.Rank() - 1
	return product(x.shape[:last]), x.shape[last], nil
}
