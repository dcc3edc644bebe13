package tensor

import (
	"fmt"

	"example.org/chainrule/device"
)

// Cast returns x as t; both dtypes are Float32 or BFloat16. To BFloat16 rounds
// to nearest, ties to even. The error is a *ShapeError.
func Cast(x *Tensor, t device.DType) (*Tensor, error) {
	return made(x.dev, t, x.shape, func(y Dst) error { return CastInto(y, x) })
}

// CastInto sends x to y, of the same shape: a copy where the dtypes are equal,
// a conversion between Float32 and BFloat16 where not. The error is a
// *ShapeError.
func CastInto(y Dst, x *Tensor) error {
	const op = "Cast"
	if err := first(operands(op, x), destined(op, x, y)); err != nil {
		return err
	}
	x.dev.Convert(y.dst(), x.buf)
	return nil
}

// destined checks that y takes floats of x's shape.
func destined(op string, x *Tensor, y Dst) error {
	switch t := y.T; {
	case t == nil:
		return nil
	case !t.DType().IsFloat():
		return misfit(op, fmt.Sprintf("the result is %v, want float32 or bfloat16", t.DType()), x, t)
	default:
		return typed(op, "the result", x, t, t.DType(), x.shape...)
	}
}

// Fill sets every element of t, Float32 or BFloat16, to v. The error is a
// *ShapeError.
func Fill(t *Tensor, v float32) error {
	if err := operands("Fill", t); err != nil {
		return err
	}
	t.dev.Fill(device.To(t.buf), v)
	return nil
}

// Normalize returns scale x + shift as t, Float32 or BFloat16. x is Uint8
// [..., C], images as a rule; scale and shift are Float32 [C]. For pixels of 0 to
// 255 with a mean m and a deviation s in 0 to 1, scale is 1/(255 s) and shift
// -m/s. The error is a *ShapeError.
func Normalize(x, scale, shift *Tensor, t device.DType) (*Tensor, error) {
	return made(x.dev, t, x.shape, func(y Dst) error { return NormalizeInto(y, x, scale, shift) })
}

// NormalizeInto sends scale x + shift to y, Float32 or BFloat16 of x's shape; see
// [Normalize].
func NormalizeInto(y Dst, x, scale, shift *Tensor) error {
	const op = "Normalize"
	_, c, err := rowsOf(op, x)
	if err := first(err, typed(op, "x", x, x, device.Uint8, x.shape...), typed(op, "scale", x, scale, device.Float32, c),
		typed(op, "shift", x, shift, device.Float32, c), destined(op, x, y)); err != nil {
		return err
	}
	x.dev.Normalize(y.dst(), x.buf, scale.buf, shift.buf)
	return nil
}
