package tensor

import (
	"fmt"
	"slices"
	"strings"

	"example.org/chainrule/device"
)

// A ShapeError reports operands that do not fit an operation: their shapes,
// dtypes or devices.
type ShapeError struct {
	Op     string
	Shapes [][]int
	Reason string // what would fit, or what is wrong
}

func (e *ShapeError) Error() string {
	s := make([]string, len(e.Shapes))
	for i, shape := range e.Shapes {
		s[i] = fmt.Sprint(shape)
	}
	msg := "tensor: " + e.Op + ": "
	switch len(s) {
	case 0:
		return msg + e.Reason
	case 1:
		msg += s[0] + " does not fit"
	default:
		msg += strings.Join(s, " and ") + " do not fit"
	}
	if e.Reason != "" {
		msg += ": " + e.Reason
	}
	return msg
}

// misfit is a ShapeError over the shapes of ts, each named once.
func misfit(op, reason string, ts ...*Tensor) error {
	e := &ShapeError{Op: op, Reason: reason}
	for i, t := range ts {
		if t != nil && !slices.Contains(ts[:i], t) {
			e.Shapes = append(e.Shapes, slices.Clone(t.shape))
		}
	}
	return e
}

// A Dst is where a result goes: T is overwritten or, with Add, added to. The
// zero Dst swallows what is sent to it.
type Dst struct {
	T   *Tensor
	Add bool
}

// To overwrites t.
func To(t *Tensor) Dst { return Dst{T: t} }

// Onto adds to t.
func Onto(t *Tensor) Dst { return Dst{T: t, Add: true} }

// Wanted reports whether anybody wants the result.
func (d Dst) Wanted() bool { return d.T != nil }

func (d Dst) dst() device.Dst {
	if d.T == nil {
		return device.Dst{}
	}
	return device.Dst{Buf: d.T.buf, Add: d.Add}
}

// buf is t's buffer; nil for nil.
func (t *Tensor) buffer() device.Buffer {
	if t == nil {
		return nil
	}
	return t.buf
}

// operands checks that ts are data of one dtype on one device; nils are skipped.
func operands(op string, ts ...*Tensor) error {
	for _, t := range ts {
		switch {
		case t == nil:
		case t.dev != ts[0].dev:
			return misfit(op, fmt.Sprintf("devices %s and %s: copy one operand over", ts[0].dev.Name(), t.dev.Name()), ts...)
		case !t.DType().IsFloat() || t.DType() != ts[0].DType():
			return misfit(op, fmt.Sprintf("dtypes %v and %v: want float32 or bfloat16, the same for all", ts[0].DType(), t.DType()), ts...)
		}
	}
	return nil
}

// optional is typed for a tensor that may be nil.
func optional(op, name string, x, t *Tensor, dtype device.DType, shape ...int) error {
	if t == nil {
		return nil
	}
	return typed(op, name, x, t, dtype, shape...)
}

// typed checks that t is there, with a dtype, a shape and x's device.
func typed(op, name string, x, t *Tensor, dtype device.DType, shape ...int) error {
	switch {
	case t == nil:
		return misfit(op, name+" is missing", x)
	case t.dev != x.dev:
		return misfit(op, fmt.Sprintf("%s is on device %s, not %s", name, t.dev.Name(), x.dev.Name()), x, t)
	case t.DType() != dtype:
		return misfit(op, fmt.Sprintf("%s is %v, want %v", name, t.DType(), dtype), x, t)
	case !slices.Equal(t.shape, shape):
		return misfit(op, fmt.Sprintf("%s is %v, want %v", name, t.shape, shape), x, t)
	}
	return nil
}

// sent checks that a destination can take a result of x's dtype and a shape:
// the dtype itself, or Float32 under BFloat16.
func sent(op string, x *Tensor, dst Dst, shape ...int) error {
	t := dst.T
	if t == nil {
		return nil
	}
	if t.dev != x.dev || !slices.Equal(t.shape, shape) {
		return misfit(op, fmt.Sprintf("the result is %v on %s", shape, x.dev.Name()), x, t)
	}
	if t.DType() != x.DType() && !(t.DType() == device.Float32 && x.DType() == device.BFloat16) {
		return misfit(op, fmt.Sprintf("a result of %v cannot go to %v", x.DType(), t.DType()), x, t)
	}
	return nil
}

// made returns a new tensor filled by fill, or fill's error.
func made(dev device.Device, dtype device.DType, shape []int, fill func(Dst) error) (*Tensor, error) {
	t, err := New(dev, dtype, shape...)
	if err != nil {
		return nil, err
	}
	if err := fill(To(t)); err != nil {
		t.Free()
		return nil, err
	}
	return t, nil
}

// same checks that ts have one shape; nils are skipped.
func same(op string, ts ...*Tensor) error {
	for _, t := range ts {
		if t != nil && !slices.Equal(t.shape, ts[0].shape) {
			return misfit(op, "want equal shapes", ts...)
		}
	}
	return nil
}

// first is the first of the errors that is one.
func first(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
