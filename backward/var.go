package backward

import (
	"errors"
	"fmt"
	"slices"

	"example.org/chainrule/device"
	"example.org/chainrule/tensor"
)

// A Var is a value on a Tape. Its operations are methods, whose operands are on
// one tape and, unless they say otherwise, Float32 or BFloat16, one of them for
// all; so is the result. What does not fit is latched by the tape as a
// *tensor.ShapeError, and where there is no room a *device.MemoryError: the result
// then has no value, operations on it do nothing, and its Dim is 0.
type Var struct {
	tape     *Tape
	value    *tensor.Tensor // nil after a failure and once freed
	shape    []int          // kept when the value is freed
	gradient *tensor.Tensor // nil until the first sender
	kept     *tensor.Tensor // the gradient, where Keep or Watch asked for it
	need     bool           // some leaf that wants a gradient is upstream
	keep     bool
	taken    bool   // its gradient was handed out to the derivative that runs now
	param    *Param // whose gradient this is
	op       Op
	args     []*Var
	saved    []*tensor.Tensor
	pull     func(y, dy *tensor.Tensor) error
}

// Tape is where v was made.
func (v *Var) Tape() *Tape { return v.tape }

// Op is the operation that made v; its Name is empty for leaves, which Input,
// Watch and Param put on the tape.
func (v *Var) Op() Op { return v.op }

// Args are the operands of the operation that made v; none for leaves.
func (v *Var) Args() []*Var { return v.args }

// Shape is the extent of each axis, outermost first; nil after a failure. It is not
// to be changed.
func (v *Var) Shape() []int {
	if v.value != nil {
		return v.value.Shape()
	}
	return v.shape
}

// Rank is the number of axes.
func (v *Var) Rank() int { return len(v.Shape()) }

// Dim is the extent of axis i, negative ones from the last; 0 where there is
// none, so that layers can ask before they look.
func (v *Var) Dim(i int) int {
	shape := v.Shape()
	if i < 0 {
		i += len(shape)
	}
	if i < 0 || i >= len(shape) {
		return 0
	}
	return shape[i]
}

// DType is the type of v's elements; Float32 after a failure.
func (v *Var) DType() device.DType {
	if v.value == nil {
		return device.Float32
	}
	return v.value.DType()
}

// Keep keeps v's value and gradient after Backward, and its value after a Scope, for
// Value and Grad to read until Close; it returns v. Selvaraju 2017, "Grad-CAM",
// wants both.
func (v *Var) Keep() *Var {
	v.keep = true
	return v
}

var errFreed = errors.New("backward: the value was freed by Backward or Scope: call Keep on it before")

// Value is v's value, which belongs to the tape. The error is the tape's first
// failure, or says that the value was freed.
func (v *Var) Value() (*tensor.Tensor, error) {
	if err := v.tape.Err(); err != nil {
		return nil, err
	}
	if v.value == nil {
		return nil, errFreed
	}
	return v.value, nil
}

// Float32s waits for the device and returns a copy of v's elements in row-major
// order. The error is as in Value, or the device's.
func (v *Var) Float32s() ([]float32, error) {
	x, err := v.Value()
	if err != nil {
		return nil, err
	}
	return x.Float32s()
}

// Item waits for the device and returns v's only element. The error is as in
// Float32s, or a *tensor.ShapeError where there is not just one.
func (v *Var) Item() (float32, error) {
	s, err := v.Float32s()
	if err != nil {
		return 0, err
	}
	if len(s) != 1 {
		return 0, located(&tensor.ShapeError{Op: "Item", Shapes: [][]int{v.Shape()}, Reason: "want one element"})
	}
	return s[0], nil
}

// Grad is the gradient of a Var under Watch or Keep after Backward, of v's dtype
// and shape; it belongs to the tape. The error is the tape's first failure, or
// says that there is none. A Param's gradient is [Param.Grad].
func (v *Var) Grad() (*tensor.Tensor, error) {
	if err := v.tape.Err(); err != nil {
		return nil, err
	}
	if v.kept == nil {
		return nil, fmt.Errorf("backward: no gradient of %s: call Keep or Watch before Backward, which must reach it", v.name())
	}
	return v.kept, nil
}

// AddTo adds scale times v's value to total, Float32 of v's shape, on the device:
// running sums of losses that are read once in a while. The tape latches a
// *tensor.ShapeError where they do not fit, and an error where v was freed.
func (v *Var) AddTo(total *tensor.Tensor, scale float32) {
	if v.live("AddTo") {
		err := tensor.UnaryInto(tensor.Onto(total), v.value, device.Unary{Func: device.Affine, A: scale})
		if misfit, ok := err.(*tensor.ShapeError); ok {
			misfit.Op = "AddTo"
		}
		v.tape.fail(err)
	}
}

// live reports whether op can read v's value; where it was freed, the tape latches
// that.
func (v *Var) live(op string) bool {
	if v.tape.err == nil && v.value == nil {
		v.tape.fail(fmt.Errorf("%s of %s: %w", op, v.name(), errFreed))
	}
	return v.tape.err == nil
}

func (v *Var) name() string {
	switch {
	case v.param != nil:
		return "parameter " + v.param.name
	case v.op.Name == "":
		return "an input"
	}
	return "the result of " + v.op.Name
}

// free gives back what v holds, but not a Param's gradient.
func (v *Var) free() {
	if v.value != nil {
		v.shape = slices.Clone(v.value.Shape())
		v.value.Free()
		v.value = nil
	}
	v.freeSaved()
	if v.param == nil {
		v.gradient.Free()
	}
	v.gradient, v.pull = nil, nil
}

func (v *Var) freeSaved() {
	for _, s := range v.saved {
		s.Free()
	}
	v.saved = nil
}
