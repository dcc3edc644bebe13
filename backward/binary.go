package backward

import (
	"errors"
	"slices"

	"example.org/chainrule/device"
	"example.org/chainrule/tensor"
)

// Add returns a + b with NumPy broadcasting: shapes are aligned at the last axis,
// and extents of 1 repeat. Each derivative below is summed over the axes along
// which its operand repeats.
//
//	da = dy    db = dy
func (a *Var) Add(b *Var) *Var {
	if !slices.Equal(a.Shape(), b.Shape()) {
		return a.binary(b, device.Add)
	}
	return record(Op{Name: "Add"},
		func(*Frame) (*tensor.Tensor, error) { return tensor.Binary(a.value, b.value, device.Add) },
		func(_, dy *tensor.Tensor) error {
			return errors.Join(
				a.pass(dy.Retain(), nil),
				tensor.CastInto(b.grad(), dy))
		}, a, b)
}

// Sub returns a - b with NumPy broadcasting.
//
//	da = dy    db = -dy
func (a *Var) Sub(b *Var) *Var { return a.binary(b, device.Sub) }

// Mul returns a b, elementwise, with NumPy broadcasting.
//
//	da = dy b    db = dy a
func (a *Var) Mul(b *Var) *Var { return a.binary(b, device.Mul) }

// Div returns a / b with NumPy broadcasting.
//
//	da = dy / b    db = -dy a / b²
func (a *Var) Div(b *Var) *Var { return a.binary(b, device.Div) }

// Maximum returns the larger of a and b with NumPy broadcasting.
//
//	da = dy [a > b] + ½ dy [a = b]    db = dy [b > a] + ½ dy [a = b]
func (a *Var) Maximum(b *Var) *Var { return a.binary(b, device.Maximum) }

// Minimum returns the smaller of a and b with NumPy broadcasting.
//
//	da = dy [a < b] + ½ dy [a = b]    db = dy [b < a] + ½ dy [a = b]
func (a *Var) Minimum(b *Var) *Var { return a.binary(b, device.Minimum) }

// Power returns aᵇ with NumPy broadcasting.
//
//	da = dy b aᵇ⁻¹    db = dy aᵇ ln a
func (a *Var) Power(b *Var) *Var { return a.binary(b, device.Power) }

func (a *Var) binary(b *Var, f device.BinaryFunc) *Var {
	return record(Op{Name: f.String()},
		func(*Frame) (*tensor.Tensor, error) { return tensor.Binary(a.value, b.value, f) },
		func(_, dy *tensor.Tensor) error {
			return tensor.BinaryGradInto(a.grad(), b.grad(), dy, a.value, b.value, f)
		}, a, b)
}
