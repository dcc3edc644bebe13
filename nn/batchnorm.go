package nn

import (
	"example.org/chainrule/backward"
	"example.org/chainrule/device"
)

// A BatchNorm normalises each channel: over the batch, whose statistics it
// tracks, while training, by the running statistics in evaluation. Ioffe and
// Szegedy 2015.
type BatchNorm struct {
	Weight, Bias            *backward.Param // γ and β, [C]
	RunningMean, RunningVar *backward.Param // states, [C]; the variance is unbiased
	Epsilon, Momentum       float32
	Act                     Activation
}

// BatchNormOptions configure a BatchNorm; zero values take PyTorch's.
type BatchNormOptions struct {
	Channels int
	Epsilon  float32 // added to the variance; 0 means 10⁻⁵
	Momentum float32 // share of the batch in the running statistics; 0 means 0.1
	Act      Activation
}

// NewBatchNorm declares "weight" (1), "bias" (0), "running_mean" (0) and
// "running_var" (1) on ps. It panics as [backward.Params.Param] does.
func NewBatchNorm(ps *backward.Params, o BatchNormOptions) *BatchNorm {
	if o.Epsilon == 0 {
		o.Epsilon = 1e-5
	}
	if o.Momentum == 0 {
		o.Momentum = 0.1
	}
	layout := backward.Plain(o.Channels)
	return &BatchNorm{
		Weight:      ps.Param("weight", layout, backward.Constant(1)),
		Bias:        ps.Param("bias", layout, backward.Constant(0)),
		RunningMean: ps.State("running_mean", layout, backward.Constant(0)),
		RunningVar:  ps.State("running_var", layout, backward.Constant(1)),
		Epsilon:     o.Epsilon, Momentum: o.Momentum, Act: o.Act,
	}
}

// Forward normalises x, [..., C].
func (b *BatchNorm) Forward(x *backward.Var) *backward.Var { return b.ForwardAdd(x, nil) }

// ForwardAdd normalises x, [..., C], and adds residual, of x's shape or nil,
// before the activation: the end of a residual block in one kernel. See
// [backward.Var.BatchNorm] for the formula.
func (b *BatchNorm) ForwardAdd(x, residual *backward.Var) *backward.Var {
	t := x.Tape()
	return x.BatchNorm(backward.BatchNorm{
		Gamma: t.Param(b.Weight), Beta: t.Param(b.Bias), Residual: residual,
		Mean: b.RunningMean, Variance: b.RunningVar,
		Epsilon: b.Epsilon, Momentum: b.Momentum, Act: device.Unary(b.Act),
	})
}
