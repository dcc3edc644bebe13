package tensor

import "example.org/chainrule/device"

// A Norm holds the constants of a batch normalisation.
type Norm struct {
	Epsilon float32      // added to the variance
	Fixed   bool         // mean and variance do not depend on x: evaluation
	Act     device.Unary // applied to the result; Identity is none
}

// Moments returns the mean and the biased variance of x, [..., C] of Float32 or
// BFloat16, over all axes but the last: Float32 [C] each. The error is a
// *ShapeError.
func Moments(x *Tensor) (mean, variance *Tensor, err error) {
	const op = "Moments"
	rows, c, err := rowsOf(op, x)
	if err := first(err, operands(op, x)); err != nil {
		return nil, nil, err
	}
	if variance, err = New(x.dev, device.Float32, c); err != nil {
		return nil, nil, err
	}
	mean, err = made(x.dev, device.Float32, []int{c}, func(mean Dst) error {
		x.dev.Moments(mean.dst(), To(variance).dst(), x.buf, device.BatchNorm{Rows: rows, C: c})
		return nil
	})
	if err != nil {
		variance.Free()
		return nil, nil, err
	}
	return mean, variance, nil
}

// BatchNorm returns f(γ (x - mean) / √(variance + ε) + β + residual) with n.Act
// for f. x is [..., C], Float32 or BFloat16; residual is of x's dtype and shape,
// or nil for none; mean, variance, gamma and beta are Float32 [C]. The error is a
// *ShapeError. Ioffe and Szegedy 2015, "Batch normalization".
func BatchNorm(x, residual, mean, variance, gamma, beta *Tensor, n Norm) (*Tensor, error) {
	return made(x.dev, x.DType(), x.shape, func(y Dst) error {
		return BatchNormInto(y, Dst{}, x, residual, mean, variance, gamma, beta, n)
	})
}

// BatchNormInto sends the normalised x to y and the value before f to pre; see
// [BatchNorm].
func BatchNormInto(y, pre Dst, x, residual, mean, variance, gamma, beta *Tensor, n Norm) error {
	const op = "BatchNorm"
	s, err := batchNormSpec(op, x, mean, variance, gamma, n)
	if err != nil {
		return err
	}
	if err := first(operands(op, x, residual), same(op, x, residual), typed(op, "beta", x, beta, device.Float32, s.C),
		sent(op, x, y, x.shape...), sent(op, x, pre, x.shape...)); err != nil {
		return err
	}
	x.dev.BatchNorm(y.dst(), pre.dst(), x.buf, residual.buffer(), mean.buf, variance.buf, gamma.buf, beta.buf, s)
	return nil
}

// BatchNormGradInto sends the derivatives of [BatchNorm] to dx and dresidual, of
// x's shape, and to dgamma and dbeta, Float32 [C]. v is the value before f where
// n.Act.Func.ReadsX(), else the result, and nil where there is no activation.
// Without n.Fixed, mean and variance are those of x, and dx counts their share.
// The error is a *ShapeError.
func BatchNormGradInto(dx, dresidual, dgamma, dbeta Dst, dy, x, v, mean, variance, gamma *Tensor, n Norm) error {
	const op = "BatchNorm derivative"
	s, err := batchNormSpec(op, x, mean, variance, gamma, n)
	if err != nil {
		return err
	}
	if err := first(operands(op, x, dy, v), same(op, x, dy, v), sent(op, x, dx, x.shape...), sent(op, x, dresidual, x.shape...),
		optional(op, "dgamma", x, dgamma.T, device.Float32, s.C), optional(op, "dbeta", x, dbeta.T, device.Float32, s.C)); err != nil {
		return err
	}
	x.dev.BatchNormGrad(dx.dst(), dresidual.dst(), dgamma.dst(), dbeta.dst(), dy.buf, x.buf, v.buffer(), mean.buf, variance.buf, gamma.buf, s)
	return nil
}

// batchNormSpec checks the sources that both calls share.
func batchNormSpec(op string, x, mean, variance, gamma *Tensor, n Norm) (device.BatchNorm, error) {
	rows, c, err := rowsOf(op, x)
	s := device.BatchNorm{Rows: rows, C: c, Epsilon: n.Epsilon, Fixed: n.Fixed, Act: n.Act}
	return s, first(err, typed(op, "mean", x, mean, device.Float32, c), typed(op, "variance", x, variance, device.Float32, c),
		typed(op, "gamma", x, gamma, device.Float32, c))
}
