package backward

import (
	"errors"
	"fmt"
	"math"

	"example.org/chainrule/device"
	"example.org/chainrule/tensor"
)

const (
	gradCheckTolerance = 1e-6
	gradCheckElements  = 50 // of each leaf, evenly spread
)

// GradCheck compares the gradients of f with central differences, for every
// Param and watched input that f puts on the tape, and returns an error naming
// the worst element where they differ by more than 10⁻⁶ of the leaf's largest
// gradient. dev computes in float64: devicetest.Reference. f builds the loss, of
// one element, on the tape it is given, the same way each time; random draws are
// repeated. Large leaves are checked at 50 elements, evenly spread. Params end with
// their values and with gradients of zero; training moves running statistics.
func GradCheck(dev device.Device, m Mode, f func(t *Tape) *Var) error {
	c := gradCheck{dev: dev, mode: m, f: f}
	if m.Random != nil {
		var err error
		if c.random, err = m.Random.State(); err != nil {
			return err
		}
	}
	leaves, err := c.leaves()
	if err != nil {
		return err
	}
	if len(leaves) == 0 {
		return errNoLeaf
	}
	for _, l := range leaves {
		err = errors.Join(err, c.check(l))
		l.value.Free()
	}
	return err
}

type gradCheck struct {
	dev    device.Device
	mode   Mode
	f      func(t *Tape) *Var
	random []int32
}

// A leaf is a value to be varied and the gradient that Backward found.
type leaf struct {
	name  string
	value *tensor.Tensor
	grad  []float64
}

func (c *gradCheck) tape() (*Tape, error) {
	if c.random != nil {
		if err := c.mode.Random.Restore(c.random); err != nil {
			return nil, err
		}
	}
	return NewTape(c.dev, c.mode), nil
}

func (c *gradCheck) leaves() (leaves []leaf, err error) {
	t, err := c.tape()
	if err != nil {
		return nil, err
	}
	defer t.Close()
	if err := c.f(t).Backward(); err != nil {
		return nil, err
	}
	for _, v := range t.vars {
		g := v.kept
		if v.param != nil {
			g = v.param.grad
		}
		if v.op.Name != "" || !v.need {
			continue
		}
		grad := make([]float64, v.value.Len()) // zero where nothing flowed back
		if g != nil {
			if grad, err = g.Float64s(); err != nil {
				return nil, err
			}
		}
		leaves = append(leaves, leaf{v.name(), v.value.Retain(), grad})
		if v.param != nil {
			err = errors.Join(err, tensor.Fill(v.param.grad, 0))
		}
	}
	return leaves, err
}

func (c *gradCheck) loss() (float64, error) {
	t, err := c.tape()
	if err != nil {
		return 0, err
	}
	defer t.Close()
	y, err := c.f(t).Value()
	if err != nil {
		return 0, err
	}
	s, err := y.Float64s()
	if err != nil {
		return 0, err
	}
	return s[0], nil
}

func (c *gradCheck) check(l leaf) error {
	x, err := l.value.Float64s()
	if err != nil {
		return err
	}
	scale, worst, at, want := 0.0, 0.0, 0, 0.0
	for _, g := range l.grad {
		scale = math.Max(scale, math.Abs(g))
	}
	for i := 0; i < len(x); i += max(1, len(x)/gradCheckElements) {
		d, err := c.difference(l.value, x, i)
		if err != nil {
			return err
		}
		scale = math.Max(scale, math.Abs(d))
		if e := math.Abs(d - l.grad[i]); e > worst || e != e {
			worst, at, want = e, i, d
		}
	}
	if worst > gradCheckTolerance*scale || worst != worst {
		return fmt.Errorf("backward: gradient of %s, element %d: %.9g, by differences %.9g", l.name, at, l.grad[at], want)
	}
	return nil
}

// difference is the derivative by element i of x, to fourth order.
func (c *gradCheck) difference(value *tensor.Tensor, x []float64, i int) (float64, error) {
	h := 1e-3 * math.Max(1, math.Abs(x[i]))
	old := x[i]
	var sum float64
	for _, s := range [4]struct{ step, weight float64 }{{1, 8}, {-1, -8}, {2, -1}, {-2, 1}} {
		x[i] = old + s.step*h
		if err := tensor.Set(value, x); err != nil {
			return 0, err
		}
		y, err := c.loss()
		if err != nil {
			return 0, err
		}
		sum += s.weight * y
	}
	x[i] = old
	return sum / (12 * h), tensor.Set(value, x)
}
