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
	gradCheckElements  = 50   // of each leaf, evenly spread
	gradCheckLeast     = 1e-5 // of the loss: differences of it are good to 10⁻¹¹
)

// GradCheck compares the gradients of f with central differences, for every
// Param and watched input that f puts on the tape, and returns an error naming
// the worst element where they differ by more than 10⁻⁶ of the leaf's largest
// gradient (10⁻¹¹ of the loss, where that is more). Steps shrink where a kink such
// as ReLU's is near; a value closer to one than 2·10⁻⁵ is reported. dev computes in float64: devicetest.Reference. f builds the loss, of
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
	loss, err := c.loss()
	c.least = gradCheckLeast * math.Max(1, math.Abs(loss))
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
	least  float64 // gradients are held against this where they are smaller
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
	scale, worst, at, want := c.least, 0.0, 0, 0.0
	for _, g := range l.grad {
		scale = math.Max(scale, math.Abs(g))
	}
	for i := 0; i < len(x); i += max(1, len(x)/gradCheckElements) {
		d, err := c.derivative(l.value, x, i, l.grad[i], gradCheckTolerance*scale)
		if err != nil {
			return err
		}
		if e := math.Abs(d - l.grad[i]); e > worst || e != e {
			worst, at, want = e, i, d
		}
	}
	if worst > gradCheckTolerance*scale || worst != worst {
		return fmt.Errorf("backward: gradient of %s, element %d: %.9g, by differences %.9g", l.name, at, l.grad[at], want)
	}
	return nil
}

// derivative is the derivative by element i of x. Where it is not grad within
// tolerance, a kink may lie between the points: they move closer together.
func (c *gradCheck) derivative(value *tensor.Tensor, x []float64, i int, grad, tolerance float64) (d float64, err error) {
	for _, h := range [3]float64{1e-3, 1e-4, 1e-5} {
		d, err = c.difference(value, x, i, h*math.Max(1, math.Abs(x[i])))
		if err != nil || math.Abs(d-grad) <= tolerance {
			break
		}
	}
	return d, err
}

// difference is the derivative by element i of x, to fourth order.
func (c *gradCheck) difference(value *tensor.Tensor, x []float64, i int, h float64) (float64, error) {
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
