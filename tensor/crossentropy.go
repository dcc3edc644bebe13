package tensor

import (
	"fmt"

	"example.org/chainrule/device"
)

// CrossEntropyOptions are the constants of a classification loss.
type CrossEntropyOptions struct {
	// Smoothing is the share, 0 to 1, of each label that is spread evenly over
	// all classes. Szegedy 2016, "Rethinking the Inception Architecture".
	Smoothing float32
	Ignore    int32 // the label of rows that do not count, such as -100
}

// CrossEntropyInto sends the loss of each row of logits against its label to
// loss, the weight of its label to weight, and the logarithm of the sum of
// exp(logits), which the derivative reads, to lse. The formulas are those of
// [device.Rows].CrossEntropy.
//
// logits is [..., C], Float32 or BFloat16; labels is Int32 [...]; weights is
// Float32 [C], or nil where all classes weigh 1; the destinations are Float32
// [...]. A label outside 0 to C-1 is a *device.Fault, latched on the device. The
// error is a *ShapeError.
func CrossEntropyInto(loss, weight, lse Dst, logits, labels, weights *Tensor, o CrossEntropyOptions) error {
	const op = "CrossEntropy"
	s, err := crossEntropySpec(op, logits, labels, weights, o)
	if err != nil {
		return err
	}
	if err := first(optional(op, "loss", logits, loss.T, device.Float32, labels.shape...),
		optional(op, "weight", logits, weight.T, device.Float32, labels.shape...),
		optional(op, "lse", logits, lse.T, device.Float32, labels.shape...)); err != nil {
		return err
	}
	logits.dev.CrossEntropy(loss.dst(), weight.dst(), lse.dst(), logits.buf, labels.buf, weights.buffer(), s)
	return nil
}

// CrossEntropyGradInto sends the derivative of [CrossEntropyInto]'s loss to
// dlogits, of logits' shape. dloss and lse are Float32 [...]; the rest is as in
// the forward call. The error is a *ShapeError.
func CrossEntropyGradInto(dlogits Dst, dloss, logits, lse, labels, weights *Tensor, o CrossEntropyOptions) error {
	const op = "CrossEntropy derivative"
	s, err := crossEntropySpec(op, logits, labels, weights, o)
	if err != nil {
		return err
	}
	if err := first(typed(op, "dloss", logits, dloss, device.Float32, labels.shape...),
		typed(op, "lse", logits, lse, device.Float32, labels.shape...),
		sent(op, logits, dlogits, logits.shape...)); err != nil {
		return err
	}
	logits.dev.CrossEntropyGrad(dlogits.dst(), dloss.buf, logits.buf, lse.buf, labels.buf, weights.buffer(), s)
	return nil
}

// crossEntropySpec checks the sources that both calls share.
func crossEntropySpec(op string, logits, labels, weights *Tensor, o CrossEntropyOptions) (device.CrossEntropy, error) {
	s := device.CrossEntropy{Smoothing: o.Smoothing, Ignore: o.Ignore}
	if !(o.Smoothing >= 0 && o.Smoothing <= 1) { // so that NaN is refused
		return s, misfit(op, fmt.Sprintf("smoothing %v: want 0 to 1", o.Smoothing), logits)
	}
	var err error
	if s.Rows, s.Classes, err = rowsOf(op, logits); err != nil {
		return s, err
	}
	return s, first(operands(op, logits), typed(op, "labels", logits, labels, device.Int32, logits.shape[:logits.Rank()-1]...),
		optional(op, "weights", logits, weights, device.Float32, s.Classes))
}

// HitsInto sends the number of rows whose first largest logit is at the label to
// hits, Float32 of rank 0 or [1]. logits is [..., C], Float32 or BFloat16; labels
// is Int32 [...]. The error is a *ShapeError.
func HitsInto(hits Dst, logits, labels *Tensor) error {
	const op = "Hits"
	rows, classes, err := rowsOf(op, logits)
	if err != nil {
		return err
	}
	if err := first(operands(op, logits), typed(op, "labels", logits, labels, device.Int32, logits.shape[:logits.Rank()-1]...),
		single(op, "hits", logits, hits.T)); err != nil {
		return err
	}
	logits.dev.Hits(hits.dst(), logits.buf, labels.buf, device.Softmax{Rows: rows, Cols: classes})
	return nil
}

// single checks that t, if there, is one Float32 on x's device.
func single(op, name string, x, t *Tensor) error {
	if t != nil && t.Rank() == 1 {
		return typed(op, name, x, t, device.Float32, 1)
	}
	return optional(op, name, x, t, device.Float32)
}
