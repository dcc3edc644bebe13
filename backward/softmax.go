package backward

import (
	"fmt"

	"example.org/chainrule/tensor"
)

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
	name, last := "Softmax", x.Rank()-1
	if log {
		name = "LogSoftmax"
	}
	switch {
	case axis < -x.Rank() || axis > last:
		return x.unfit(name, fmt.Sprintf("there is no such axis: %d", axis))
	case axis != -1 && axis != last:
		return x.Swap(axis, last).softmax(-1, log).Swap(axis, last)
	}
	return record(Op{Name: name},
		func(*Frame) (*tensor.Tensor, error) { return tensor.Softmax(x.value, log) },
		func(y, dy *tensor.Tensor) error { return tensor.SoftmaxGradInto(x.grad(), dy, y, log) }, x)
}
