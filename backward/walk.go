package backward

import (
	"errors"
	"fmt"

	"example.org/chainrule/tensor"
)

var (
	errSpent  = errors.New("backward: Backward was already called on this tape: make a new one")
	errNoLeaf = errors.New("backward: the loss depends on no Param or watched input")
)

// Backward adds the derivative of v, which has one element, to the gradient of
// every Param that v depends on (or makes it the gradient, see
// [Params.OverwriteGrads]), and frees values and gradients on its way: v
// itself stays. Once a tape. Where it fails no gradient remains: those of all
// Params of the tape are zero, and their running statistics are as after the last
// applied step. The error is the first failure of the tape, what the device has
// latched (a *device.Fault, a *device.MemoryError), or says what is wrong with v.
func (v *Var) Backward() error {
	t := v.tape
	err := t.Err()
	if err == nil {
		err = v.walk()
	}
	if err != nil && !errors.Is(err, errSpent) {
		_ = t.dev.Err() // cleared: a derivative that fails halfway may leave kernels without workspace
		t.discard()
	}
	return err
}

func (v *Var) walk() error {
	t := v.tape
	switch {
	case t.spent:
		return located(errSpent)
	case v.value == nil:
		return located(errFreed)
	case v.value.Len() != 1:
		return located(&tensor.ShapeError{Op: "Backward", Shapes: [][]int{v.Shape()}, Reason: "want a loss of one element: take Sum or Mean"})
	case !v.need:
		return located(errNoLeaf)
	}
	t.spent = true
	for _, r := range t.models {
		r.outdate()
	}
	if err := v.pass(ones(v.value)); err != nil {
		return err
	}
	t.settle()
	for i := len(t.vars) - 1; i >= 0; i-- {
		t.pass(t.vars[i], v)
		if t.err != nil {
			return t.err
		}
	}
	for _, r := range t.models {
		t.fail(r.zeroStale())
	}
	return t.Err()
}

// ones is 1 in x's dtype and shape.
func ones(x *tensor.Tensor) (*tensor.Tensor, error) {
	one, err := tensor.New(x.Device(), x.DType(), x.Shape()...)
	if err != nil {
		return nil, err
	}
	return one, tensor.Fill(one, 1)
}

// pass runs y's derivative and frees what nobody reads any more.
func (t *Tape) pass(y, root *Var) {
	if y.gradient != nil && y.param == nil {
		t.differentiate(y)
	}
	if y == root || y.keep || y.param != nil || y.op.Name == "" {
		y.freeSaved()
		return
	}
	y.free()
}

func (t *Tape) differentiate(y *Var) {
	if y.keep {
		var err error
		if y.kept, err = tensor.Cast(y.gradient, y.gradient.DType()); err != nil {
			t.fail(err)
			return
		}
	}
	if y.op.Name == "" {
		return
	}
	if y.pull == nil {
		t.fail(fmt.Errorf("backward: %s has no derivative", y.op.Name))
		return
	}
	if err := y.pull(y.value, y.gradient); err != nil {
		t.fail(fmt.Errorf("backward: derivative of %s: %w", y.op.Name, err))
	}
	t.settle()
}

// settle adds the gradients that were set aside.
func (t *Tape) settle() {
	for _, v := range t.taken {
		v.taken = false
	}
	for _, a := range t.aside {
		t.fail(tensor.CastInto(a.v.grad(), a.g))
		a.v.taken = false
		a.g.Free()
	}
	t.taken, t.aside = t.taken[:0], t.aside[:0]
}

// discard forgets the step of every model on the tape.
func (t *Tape) discard() {
	for _, r := range t.models {
		r.discard()
	}
}
