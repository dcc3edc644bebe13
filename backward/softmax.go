package backward

import "example.org/chainrule/tensor"

// Softmax returns eˣ / Σ eˣ over an axis of x, of x's shape: probabilities of
// logits. A negative axis counts from the last, which is the quick one.
//
//	dx = y (dy - Σ dy y)
func (x *Var) Softmax(axis int) *Var { return x.softmax(axis, false) }

// LogSoftmax returns the logarithm of Softmax, x - ln Σ eˣ, without the underflow.
//
//	dx = dy - exp(y) Σ dy
func (x *Var) LogSoftmax(axis int) *Var { return x.softmax(axis, true) }

func (x *Var) softmax(axis int, log bool) *Var {
	if last := x.Rank() - 1; axis != -1 && axis != last {
		return x.Swap(axis, last).softmax(-1, log).Swap(axis, last)
	}
	name := "Softmax"
	if log {
		name = "LogSoftmax"
	}
	return record(Op{Name: name},
		func(*Frame) (*tensor.Tensor, error) { return tensor.Softmax(x.value, log) },
		func(y, dy *tensor.Tensor) error { return tensor.SoftmaxGradInto(x.grad(), dy, y, log) }, x)
}
