package backward

import (
	"errors"

	"example.org/chainrule/device"
	"example.org/chainrule/tensor"
)

// A Reduction says what becomes of the losses of a batch.
type Reduction uint8

// The reductions of a loss.
const (
	ReduceMean Reduction = iota // the (weighted) mean over the rows that count
	ReduceSum
	ReduceNone // one loss for each row
)

// CrossEntropyOptions configure CrossEntropy; the zero value is PyTorch's
// default, the mean loss over the rows whose label is not -100.
type CrossEntropyOptions struct {
	Smoothing float32 // label smoothing, 0 to 1. Szegedy 2016
	Ignore    *int32  // rows with this label do not count: new(int32(255)); nil means -100
	Weights   *Var    // of the classes, Float32 [C], without a gradient; nil for equal ones
	Reduction Reduction
}

// CrossEntropy returns the loss of the logits x, [..., C], for labels, Int32
// [...], in one kernel: -ln softmax(x)[label]. A label outside 0 to C-1 that is
// not the ignored one is a *device.Fault naming its row.
//
//	dx = dloss (softmax(x) - onehot(label)) / n
func (x *Var) CrossEntropy(labels *Var, o CrossEntropyOptions) *Var {
	c := crossEntropy{x: x, labels: labels, weights: o.Weights, reduction: o.Reduction,
		options: tensor.CrossEntropyOptions{Smoothing: o.Smoothing, Ignore: ignored(o.Ignore)}}
	return record(Op{"CrossEntropy", o}, c.forward, c.backward, x, labels, o.Weights)
}

func ignored(label *int32) int32 {
	if label == nil {
		return -100
	}
	return *label
}

// crossEntropy is one call and what its derivative reads.
type crossEntropy struct {
	x, labels, weights *Var
	options            tensor.CrossEntropyOptions
	reduction          Reduction
	lse                *tensor.Tensor // log-sum-exp of each row
	total              *tensor.Tensor // sum of the rows' weights, for the mean
}

func (c *crossEntropy) forward(f *Frame) (*tensor.Tensor, error) {
	shape := c.x.Shape()
	if len(shape) == 0 {
		return nil, &tensor.ShapeError{Op: "CrossEntropy", Shapes: [][]int{shape}, Reason: "want logits [..., classes]"}
	}
	rows := make([]*tensor.Tensor, 3) // loss, weight, lse
	for i := range rows {
		t, err := tensor.New(c.x.tape.dev, device.Float32, shape[:len(shape)-1]...)
		if err != nil {
			return nil, err
		}
		rows[i] = f.Save(t)
	}
	c.lse = rows[2]
	err := tensor.CrossEntropyInto(tensor.To(rows[0]), tensor.To(rows[1]), tensor.To(c.lse), c.x.value, c.labels.value, c.weights.tensor(), c.options)
	if err != nil {
		return nil, err
	}
	return c.reduce(f, rows[0], rows[1])
}

// reduce makes the loss of the rows' losses.
func (c *crossEntropy) reduce(f *Frame, loss, weight *tensor.Tensor) (*tensor.Tensor, error) {
	if c.reduction == ReduceNone {
		return loss.Retain(), nil
	}
	sum, err := tensor.Reduce(loss, device.Sum, 0, loss.Rank())
	if err != nil || c.reduction == ReduceSum {
		return sum, err
	}
	f.Save(sum)
	if c.total, err = tensor.Reduce(weight, device.Sum, 0, weight.Rank()); err != nil {
		return nil, err
	}
	return tensor.Binary(sum, f.Save(c.total), device.Div)
}

var errNoWeightGrad = errors.New("there is none by the class weights: Detach them")

func (c *crossEntropy) backward(_, dy *tensor.Tensor) error {
	if c.weights != nil && c.weights.need {
		return errNoWeightGrad
	}
	rows, err := c.rowGrads(dy)
	if err != nil {
		return err
	}
	defer rows.Free()
	return tensor.CrossEntropyGradInto(c.x.grad(), rows, c.x.value, c.lse, c.labels.value, c.weights.tensor(), c.options)
}

// rowGrads is the gradient of each row's loss: dy, shared out.
func (c *crossEntropy) rowGrads(dy *tensor.Tensor) (*tensor.Tensor, error) {
	if c.reduction == ReduceNone {
		return dy.Retain(), nil
	}
	share := dy.Retain()
	if c.reduction == ReduceMean {
		share.Free()
		var err error
		if share, err = tensor.Binary(dy, c.total, device.Div); err != nil {
			return nil, err
		}
	}
	defer share.Free()
	return tensor.Expand(share, c.lse.Shape()...)
}

// AddHits adds to total, Float32 of one element, the number of rows of the
// logits x whose largest is at the label: accuracy, counted on the device. Errors
// are as in AddTo.
func (x *Var) AddHits(total *tensor.Tensor, labels *Var) {
	if x.live("AddHits") && labels.live("AddHits") {
		x.tape.fail(tensor.HitsInto(tensor.Onto(total), x.value, labels.value))
	}
}
