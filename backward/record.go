package backward

import (
	"errors"

	"example.org/chainrule/device"
	"example.org/chainrule/tensor"
)

// An Op names an operation and holds its attributes, the arguments of the
// method, for exporters and graphs.
type Op struct {
	Name  string
	Attrs any
}

// A Frame is what a forward pass can ask of its record.
type Frame struct{ y *Var }

// Differentiated reports whether a derivative will run, so that what only it
// reads need not be computed otherwise.
func (f *Frame) Differentiated() bool { return f.y.need }

// Save keeps t, which only the derivative reads, as long as the result: it is
// freed with it, or at once where no derivative will run. It returns t.
func (f *Frame) Save(t *tensor.Tensor) *tensor.Tensor {
	f.y.saved = append(f.y.saved, t)
	return t
}

var (
	errMixed  = errors.New("backward: operands are on different tapes")
	errNoName = errors.New("backward: Apply: want an Op with a name, so that errors can tell it")
)

// record runs forward and appends its result to the operands' tape. pull, given
// the result and its gradient, sends a gradient to each operand's grad().
// Operands may be nil.
func record(op Op, forward func(*Frame) (*tensor.Tensor, error), pull func(y, dy *tensor.Tensor) error, args ...*Var) *Var {
	if len(args) == 0 {
		panic("backward: " + op.Name + " of nothing: want one operand or more")
	}
	t := args[0].tape
	y := &Var{tape: t, op: op, pull: pull}
	if t.err != nil {
		return y
	}
	for _, a := range args {
		if a != nil && !y.take(a) {
			return y
		}
	}
	value, err := forward(&Frame{y})
	if err != nil {
		value.Free()
		y.freeSaved()
		t.fail(err)
		return y
	}
	y.value = value
	if !y.need {
		y.freeSaved()
		y.pull = nil
	}
	t.vars = append(t.vars, y)
	return y
}

// take makes a an operand of y.
func (y *Var) take(a *Var) bool {
	switch {
	case a.tape != y.tape:
		y.tape.fail(errMixed)
	case a.live(y.op.Name):
		y.args = append(y.args, a)
		y.need = y.need || a.need
		return true
	}
	return false
}

// Apply records an operation with a derivative of your own. forward computes
// the result from the operands' values; derivative, given one destination for
// each operand, the result, its gradient and the operands, sends each operand's
// gradient, even where it is zero: nothing else is written there (dx[i] may be the
// zero Dst: not wanted). What either returns as an error becomes the tape's. A nil
// derivative makes a Backward that reaches it fail by name, so op.Name is not empty.
// The operands are on one tape, one or more; none at all panics.
func Apply(op Op,
	forward func(f *Frame, x []*tensor.Tensor) (*tensor.Tensor, error),
	derivative func(dx []tensor.Dst, y, dy *tensor.Tensor, x []*tensor.Tensor) error,
	args ...*Var,
) *Var {
	values := func() []*tensor.Tensor {
		x := make([]*tensor.Tensor, len(args))
		for i, a := range args {
			x[i] = a.value
		}
		return x
	}
	var pull func(y, dy *tensor.Tensor) error
	if derivative != nil {
		pull = func(y, dy *tensor.Tensor) error {
			dx := make([]tensor.Dst, len(args))
			for i, a := range args {
				dx[i] = a.grad()
			}
			return derivative(dx, y, dy, values())
		}
	}
	if op.Name == "" && len(args) > 0 {
		args[0].tape.fail(errNoName) // a Var without a name is a leaf
	}
	return record(op, func(f *Frame) (*tensor.Tensor, error) { return forward(f, values()) }, pull, args...)
}

// unfit latches a *tensor.ShapeError about x and returns a failed Var.
func (x *Var) unfit(op, reason string) *Var {
	x.tape.fail(&tensor.ShapeError{Op: op, Shapes: [][]int{x.Shape()}, Reason: reason})
	return &Var{tape: x.tape}
}

// grad is where v's gradient goes: nowhere if it is not wanted; else the first
// sender writes and later ones add. A second request by one derivative gets a
// tensor of its own, added afterwards, so that destinations never overlap.
func (v *Var) grad() tensor.Dst {
	if !v.need {
		return tensor.Dst{}
	}
	if v.taken {
		return v.tape.setAside(v)
	}
	v.hand()
	switch {
	case v.param != nil && v.param.stale:
		v.param.stale = false
		return tensor.To(v.gradient)
	case v.gradient != nil:
		return tensor.Onto(v.gradient)
	}
	g, err := tensor.New(v.tape.dev, v.value.DType(), v.value.Shape()...)
	if err != nil {
		v.tape.fail(err)
		return tensor.Dst{}
	}
	v.gradient = g
	return tensor.To(g)
}

func (v *Var) hand() {
	v.taken = true
	v.tape.taken = append(v.tape.taken, v)
}

// pass sends dy, a handle that it takes over, as v's gradient: it becomes the
// gradient where it is the first, and is added otherwise.
func (v *Var) pass(dy *tensor.Tensor, err error) error {
	if err != nil {
		return err
	}
	if v.need && v.gradient == nil && !v.taken {
		v.hand()
		v.gradient = dy
		return nil
	}
	defer dy.Free()
	return tensor.CastInto(v.grad(), dy)
}

// A setAside is a gradient to be added once the derivative is done.
type setAside struct {
	v *Var
	g *tensor.Tensor
}

func (t *Tape) setAside(v *Var) tensor.Dst {
	dtype := v.value.DType()
	if v.param != nil {
		dtype = device.Float32
	}
	g, err := tensor.New(t.dev, dtype, v.value.Shape()...)
	if err != nil {
		t.fail(err)
		return tensor.Dst{}
	}
	t.aside = append(t.aside, setAside{v, g})
	return tensor.To(g)
}
