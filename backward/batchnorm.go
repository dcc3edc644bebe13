package backward

import (
	"fmt"

	"example.org/chainrule/device"
	"example.org/chainrule/tensor"
)

// A BatchNorm is the operands and constants of batch normalisation.
type BatchNorm struct {
	Gamma, Beta    *Var         // scale γ and shift β, always Float32 [C]
	Residual       *Var         // added before the activation; nil for none
	Mean, Variance *Param       // running statistics, states [C]
	Epsilon        float32      // ε, added to the variance
	Momentum       float32      // share of the batch in the running statistics
	Act            device.Unary // the activation; Identity is none
}

// BatchNorm normalises x, [..., C], over all but the last axis, scales and shifts
// it, and adds the residual, of x's shape, before the activation f; the result is
// of x's shape:
//
//	y = f(γ x̂ + β + residual),  x̂ = (x - mean) / √(variance + ε)
//
//	dz = dy f'    dβ = Σ dz    dγ = Σ dz x̂    dresidual = dz
//	dx = γ/√(variance + ε) (dz - dβ/R - x̂ dγ/R) over R rows
//
// While training, mean and variance are the batch's and move the running ones
// (the variance by its unbiased estimate); else they are the running ones and
// dx = γ/√(variance + ε) dz. One value per channel cannot be trained on: that is a
// *tensor.ShapeError. Ioffe and Szegedy 2015.
func (x *Var) BatchNorm(b BatchNorm) *Var {
	n := tensor.Norm{Epsilon: b.Epsilon, Act: b.Act, Fixed: !x.tape.mode.Training}
	var mean, variance, v *tensor.Tensor
	return record(Op{"BatchNorm", b},
		func(f *Frame) (y *tensor.Tensor, err error) {
			if mean, variance, err = b.statistics(f, x.value, n.Fixed); err != nil {
				return nil, err
			}
			y, v, err = activated(f, b.Act, x.Shape(), x.value, func(y, pre tensor.Dst) error {
				return tensor.BatchNormInto(y, pre, x.value, b.Residual.tensor(), mean, variance, b.Gamma.value, b.Beta.value, n)
			})
			return y, err
		},
		func(y, dy *tensor.Tensor) error {
			var dresidual tensor.Dst
			if b.Residual != nil {
				dresidual = b.Residual.grad()
			}
			return tensor.BatchNormGradInto(x.grad(), dresidual, b.Gamma.grad(), b.Beta.grad(), dy, x.value, b.reads(y, v), mean, variance, b.Gamma.value, n)
		}, x, b.Gamma, b.Beta, b.Residual)
}

// reads is what the activation's derivative reads.
func (b *BatchNorm) reads(y, v *tensor.Tensor) *tensor.Tensor {
	switch {
	case b.Act.Func == device.Identity:
		return nil
	case v == nil:
		return y
	}
	return v
}

// statistics are the mean and variance to normalise with.
func (b *BatchNorm) statistics(f *Frame, x *tensor.Tensor, fixed bool) (mean, variance *tensor.Tensor, err error) {
	if fixed {
		return b.Mean.value, b.Variance.value, nil
	}
	if mean, variance, err = tensor.Moments(x); err != nil {
		return nil, nil, err
	}
	f.Save(mean)
	f.Save(variance)
	rows := x.Len() / max(x.Dim(-1), 1)
	if rows < 2 {
		return nil, nil, &tensor.ShapeError{Op: "BatchNorm", Shapes: [][]int{x.Shape()}, Reason: fmt.Sprintf("%d value per channel has no variance: train with a larger batch", rows)}
	}
	err = tensor.Lerp(b.Mean.value, mean, device.Lerp{T: b.Momentum, Scale: 1})
	if err == nil {
		err = tensor.Lerp(b.Variance.value, variance, device.Lerp{T: b.Momentum, Scale: float32(rows) / float32(rows-1)})
	}
	return mean, variance, err
}
