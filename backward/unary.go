package backward

import (
	"example.org/chainrule/device"
	"example.org/chainrule/tensor"
)

// Unary returns f(x), elementwise and of x's shape: the general form of the
// elementwise methods of one operand.
//
//	dx = dy f'(x)
func (x *Var) Unary(f device.Unary) *Var {
	return record(Op{f.Func.String(), f},
		func(*Frame) (*tensor.Tensor, error) { return tensor.Unary(x.value, f) },
		func(y, dy *tensor.Tensor) error {
			v := y
			if f.Func.ReadsX() {
				v = x.value
			}
			return tensor.UnaryGradInto(x.grad(), dy, v, f)
		}, x)
}

func (x *Var) unary(f device.UnaryFunc) *Var { return x.Unary(device.Unary{Func: f}) }

// ReLU returns max(x, 0), elementwise. Nair and Hinton 2010.
//
//	dx = dy [y > 0]
func (x *Var) ReLU() *Var { return x.unary(device.ReLU) }

// LeakyReLU returns x where it is positive, else slope x, elementwise. Maas 2013.
//
//	dx = dy (x > 0 ? 1 : slope)
func (x *Var) LeakyReLU(slope float32) *Var {
	return x.Unary(device.Unary{Func: device.LeakyReLU, A: slope})
}

// ELU returns x where it is positive, else alpha (eˣ-1), elementwise. Clevert 2015.
//
//	dx = dy (x > 0 ? 1 : alpha eˣ)
func (x *Var) ELU(alpha float32) *Var { return x.Unary(device.Unary{Func: device.ELU, A: alpha}) }

// SELU returns λ (x > 0 ? x : α (eˣ-1)), elementwise. Klambauer 2017.
//
//	dx = dy λ (x > 0 ? 1 : α eˣ)
func (x *Var) SELU() *Var { return x.unary(device.SELU) }

// GELU returns x Φ(x), exact by erf, elementwise. Hendrycks and Gimpel 2016.
//
//	dx = dy (Φ(x) + x φ(x))
func (x *Var) GELU() *Var { return x.unary(device.GELU) }

// GELUTanh returns GELU by its tanh approximation, elementwise.
// Hendrycks and Gimpel 2016.
//
//	dx = dy (½(1+t) + ½x (1-t²) u'),  t = tanh(u),  u = √(2/π) (x + 0.044715 x³)
func (x *Var) GELUTanh() *Var { return x.unary(device.GELUTanh) }

// SiLU returns x σ(x), also called swish, elementwise. Elfwing 2018.
//
//	dx = dy σ(x) (1 + x (1-σ(x)))
func (x *Var) SiLU() *Var { return x.unary(device.SiLU) }

// Mish returns x tanh(softplus(x)), elementwise. Misra 2019.
//
//	dx = dy (t + x (1-t²) σ(x)),  t = tanh(softplus(x))
func (x *Var) Mish() *Var { return x.unary(device.Mish) }

// Sigmoid returns σ(x) = 1/(1+e⁻ˣ), elementwise.
//
//	dx = dy y (1-y)
func (x *Var) Sigmoid() *Var { return x.unary(device.Sigmoid) }

// Tanh returns tanh(x), elementwise.
//
//	dx = dy (1-y²)
func (x *Var) Tanh() *Var { return x.unary(device.Tanh) }

// Softplus returns ln(1+eˣ), elementwise. Dugas 2001.
//
//	dx = dy σ(x)
func (x *Var) Softplus() *Var { return x.unary(device.Softplus) }

// Softsign returns x/(1+|x|), elementwise. Bergstra 2009.
//
//	dx = dy / (1+|x|)²
func (x *Var) Softsign() *Var { return x.unary(device.Softsign) }

// HardSigmoid returns clamp(x/6 + ½, 0, 1), elementwise. Howard 2019.
//
//	dx = dy/6 [-3 < x < 3]
func (x *Var) HardSigmoid() *Var { return x.unary(device.HardSigmoid) }

// HardSwish returns x clamp(x/6 + ½, 0, 1), elementwise. Howard 2019.
//
//	dx = dy (x ≤ -3 ? 0 : x ≥ 3 ? 1 : x/3 + ½)
func (x *Var) HardSwish() *Var { return x.unary(device.HardSwish) }

// ReLU6 returns clamp(x, 0, 6), elementwise. Howard 2017.
//
//	dx = dy [0 < x < 6]
func (x *Var) ReLU6() *Var { return x.unary(device.ReLU6) }

// Exp returns eˣ, elementwise.
//
//	dx = dy y
func (x *Var) Exp() *Var { return x.unary(device.Exp) }

// Log returns ln(x), elementwise.
//
//	dx = dy / x
func (x *Var) Log() *Var { return x.unary(device.Log) }

// Sqrt returns √x, elementwise.
//
//	dx = dy / 2y
func (x *Var) Sqrt() *Var { return x.unary(device.Sqrt) }

// Rsqrt returns 1/√x, elementwise.
//
//	dx = -dy / 2x√x
func (x *Var) Rsqrt() *Var { return x.unary(device.Rsqrt) }

// Square returns x², elementwise.
//
//	dx = 2 dy x
func (x *Var) Square() *Var { return x.unary(device.Square) }

// Abs returns |x|, elementwise.
//
//	dx = dy sign(x)
func (x *Var) Abs() *Var { return x.unary(device.Abs) }

// Neg returns -x, elementwise.
//
//	dx = -dy
func (x *Var) Neg() *Var { return x.unary(device.Neg) }

// Reciprocal returns 1/x, elementwise.
//
//	dx = -dy y²
func (x *Var) Reciprocal() *Var { return x.unary(device.Reciprocal) }

// Sin returns sin(x), in radians, elementwise.
//
//	dx = dy cos(x)
func (x *Var) Sin() *Var { return x.unary(device.Sin) }

// Cos returns cos(x), in radians, elementwise.
//
//	dx = -dy sin(x)
func (x *Var) Cos() *Var { return x.unary(device.Cos) }

// Erf returns the error function, elementwise.
//
//	dx = dy 2/√π e^(-x²)
func (x *Var) Erf() *Var { return x.unary(device.Erf) }

// Pow returns x to a constant power, elementwise.
//
//	dx = dy p xᵖ⁻¹
func (x *Var) Pow(p float32) *Var { return x.Unary(device.Unary{Func: device.Pow, A: p}) }

// Clamp returns min(max(x, lo), hi), elementwise.
//
//	dx = dy [lo ≤ x ≤ hi]
func (x *Var) Clamp(lo, hi float32) *Var {
	return x.Unary(device.Unary{Func: device.Clamp, A: lo, B: hi})
}

// Times returns a x for a constant a, elementwise.
//
//	dx = a dy
func (x *Var) Times(a float32) *Var { return x.Unary(device.Unary{Func: device.Affine, A: a}) }

// Plus returns x + b for a constant b, elementwise.
//
//	dx = dy
func (x *Var) Plus(b float32) *Var { return x.Unary(device.Unary{Func: device.Affine, A: 1, B: b}) }
