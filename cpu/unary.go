package cpu

import (
	"math"

	"example.org/chainrule/device"
)

// Unary sets y = f(x); see device.Elementwise.
func (d *Device) Unary(y device.Dst, x device.Buffer, f device.Unary) {
	call := device.Call{Op: "Unary", Dst: [4]device.Dst{y}, Src: [8]device.Buffer{x}, FLOPs: int64(x.Len())}
	d.run(call, func(p *plan) {
		if !y.Wanted() {
			return
		}
		src, row := of(x), d.kernel.unaryRow(f)
		p.eachSpan(x.Len(), y, []*buffer{src}, func(lo, hi, worker int) {
			o := open(y, lo, hi, d.tile(worker, 0))
			row(o.v, load(src, lo, hi, d.tile(worker, 1)))
			o.commit()
		})
	})
}

// UnaryGrad sets dx = dy f'(x); see device.Elementwise.
func (d *Device) UnaryGrad(dx device.Dst, dy, v device.Buffer, f device.Unary) {
	call := device.Call{Op: "UnaryGrad", Dst: [4]device.Dst{dx}, Src: [8]device.Buffer{dy, v}, FLOPs: 2 * int64(dy.Len())}
	d.run(call, func(p *plan) {
		if !dx.Wanted() {
			return
		}
		grad, at, row := of(dy), of(v), d.kernel.unaryGradRow(f)
		p.eachSpan(dy.Len(), dx, []*buffer{grad, at}, func(lo, hi, worker int) {
			o := open(dx, lo, hi, d.tile(worker, 0))
			row(o.v, load(grad, lo, hi, d.tile(worker, 1)), load(at, lo, hi, d.tile(worker, 2)))
			o.commit()
		})
	})
}

// unaryRow is f over a span: y[i] = f(x[i]). y may be x.
func (k *kernels) unaryRow(f device.Unary) func(y, x []float32) {
	row := k.unary[f.Func].f
	a, b := unaryConstants(f)
	return func(y, x []float32) { row(y, x[:len(y)], a, b) }
}

// unaryGradRow is f's derivative over a span: dx[i] = dy[i] f'(x[i]), with v as
// f.Func.ReadsX() says. dx may be dy or v.
func (k *kernels) unaryGradRow(f device.Unary) func(dx, dy, v []float32) {
	row := k.unary[f.Func].df
	a, b := unaryConstants(f)
	return func(dx, dy, v []float32) { row(dx, dy[:len(dx)], v[:len(dx)], a, b) }
}

// unaryConstants are a and b of a unaryKernel.
func unaryConstants(f device.Unary) (a, b float32) {
	switch f.Func {
	case device.ELU:
		return 1, f.A
	case device.SELU:
		return seluScale, seluScale * seluAlpha
	case device.Pow:
		return f.A, parity(float64(f.A))
	}
	return f.A, f.B
}

// parity is 1 for even numbers, -1 for odd ones and NaN for what is not whole.
func parity(a float64) float32 {
	switch math.Abs(math.Mod(a, 2)) {
	case 0:
		return 1
	case 1:
		return -1
	}
	return float32(math.NaN())
}

// ordinaryPow is fast for exponents of 2^-50 to 2^50 other than 1, and slow for
// others. Then a-1 is not 0, float64 tells its parity, and a's products with
// 2^±216, where the powers of vectors end, are beyond a float32.
func ordinaryPow(fast, slow unaryKernel, _ foldKernels) unaryKernel {
	of := func(a float32) unaryKernel {
		if m := math.Abs(float64(a)); a == 1 || !(m > 0x1p-50 && m < 0x1p50) {
			return slow
		}
		return fast
	}
	return unaryKernel{
		func(y, x []float32, a, b float32) { of(a).f(y, x, a, b) },
		func(dx, dy, x []float32, a, b float32) { of(a).df(dx, dy, x, a, b) },
	}
}

// farthest is the largest |x| whose sine vectors compute.
const farthest = 1 << 16

// nearZero is fast for elements within farthest and slow for others, one by one
// where a span has any, so that no element depends on its neighbours.
func nearZero(fast, slow unaryKernel, k foldKernels) unaryKernel {
	all := func(x []float32) bool { return k.min(x) >= -farthest && k.max(x) <= farthest }
	of := func(x float32) unaryKernel {
		if x >= -farthest && x <= farthest {
			return fast
		}
		return slow
	}
	return unaryKernel{
		func(y, x []float32, a, b float32) {
			if all(x) {
				fast.f(y, x, a, b)
				return
			}
			for i, v := range x {
				of(v).f(y[i:i+1], x[i:i+1], a, b)
			}
		},
		func(dx, dy, x []float32, a, b float32) {
			if all(x) {
				fast.df(dx, dy, x, a, b)
				return
			}
			for i, v := range x {
				of(v).df(dx[i:i+1], dy[i:i+1], x[i:i+1], a, b)
			}
		},
	}
}

// A unaryKernel is a function and its derivative over spans of equal length; see
// unaryConstants.
type unaryKernel struct {
	f  func(y, x []float32, a, b float32)
	df func(dx, dy, v []float32, a, b float32)
}

// unary is the table in Go. Those of vectors in float32 stand in unary_*.s; how
// far they are off is asserted in unary_test.go.
var unary = []unaryKernel{
	device.Identity: {
		func(y, x []float32, _, _ float32) { copy(y, x) },
		func(dx, dy, _ []float32, _, _ float32) { copy(dx, dy) },
	},
	device.ReLU: {
		func(y, x []float32, _, _ float32) {
			for i, v := range x {
				y[i] = max(v, 0)
			}
		},
		func(dx, dy, y []float32, _, _ float32) {
			for i := range min(len(dx), len(dy), len(y)) {
				dx[i] = keep(dy[i], above(y[i], 0))
			}
		},
	},
	device.LeakyReLU: {
		func(y, x []float32, a, b float32) {
			slope := [2]float32{a, 1}
			for i, v := range x {
				y[i] = v * slope[above(v, 0)]
			}
		},
		func(dx, dy, x []float32, a, b float32) {
			slope := [2]float32{a, 1}
			for i, v := range x {
				dx[i] = dy[i] * slope[above(v, 0)]
			}
		},
	},
	device.ELU:  {eluRow, eluGradRow},
	device.SELU: {eluRow, eluGradRow},
	device.GELU: {
		func(y, x []float32, _, _ float32) { each(y, x, gelu) },
		func(dx, dy, x []float32, _, _ float32) { eachGrad(dx, dy, x, geluGrad) },
	},
	device.GELUTanh: {
		func(y, x []float32, _, _ float32) { each(y, x, geluTanh) },
		func(dx, dy, x []float32, _, _ float32) { eachGrad(dx, dy, x, geluTanhGrad) },
	},
	device.SiLU: {
		func(y, x []float32, _, _ float32) { each(y, x, silu) },
		func(dx, dy, x []float32, _, _ float32) { eachGrad(dx, dy, x, siluGrad) },
	},
	device.Mish: {
		func(y, x []float32, _, _ float32) { each(y, x, mish) },
		func(dx, dy, x []float32, _, _ float32) { eachGrad(dx, dy, x, mishGrad) },
	},
	device.Sigmoid: {
		func(y, x []float32, _, _ float32) { each(y, x, sigmoid) },
		func(dx, dy, y []float32, _, _ float32) {
			for i, v := range y {
				dx[i] = dy[i] * (v * (1 - v))
			}
		},
	},
	device.Tanh: {
		func(y, x []float32, _, _ float32) { each(y, x, tanh) },
		func(dx, dy, y []float32, _, _ float32) {
			for i, v := range y {
				dx[i] = dy[i] * ((1 - v) * (1 + v))
			}
		},
	},
	device.Softplus: {
		func(y, x []float32, _, _ float32) { each(y, x, softplus) },
		func(dx, dy, x []float32, _, _ float32) { eachGrad(dx, dy, x, sigmoid) },
	},
	device.Softsign: {
		func(y, x []float32, _, _ float32) {
			each(y, x, func(x float64) float64 { return x / (1 + math.Abs(x)) })
		},
		func(dx, dy, x []float32, _, _ float32) {
			eachGrad(dx, dy, x, func(x float64) float64 { return 1 / ((1 + math.Abs(x)) * (1 + math.Abs(x))) })
		},
	},
	device.HardSigmoid: {
		func(y, x []float32, _, _ float32) {
			for i, v := range x {
				y[i] = hardSigmoid(v)
			}
		},
		func(dx, dy, x []float32, _, _ float32) {
			for i, v := range x {
				dx[i] = keep(dy[i]/6, above(v, -3)&above(3, v))
			}
		},
	},
	device.HardSwish: {
		func(y, x []float32, _, _ float32) {
			for i, v := range x {
				y[i] = v * hardSigmoid(v)
			}
		},
		func(dx, dy, x []float32, _, _ float32) {
			for i, v := range x {
				inner := [2]float32{1, v/3 + 0.5}[above(3, v)]
				dx[i] = dy[i] * keep(inner, above(v, -3))
			}
		},
	},
	device.ReLU6: {
		func(y, x []float32, _, _ float32) {
			for i, v := range x {
				y[i] = min(max(v, 0), 6)
			}
		},
		func(dx, dy, x []float32, _, _ float32) {
			for i, v := range x {
				dx[i] = keep(dy[i], above(v, 0)&above(6, v))
			}
		},
	},
	device.Exp: {
		func(y, x []float32, _, _ float32) { each(y, x, exp) },
		func(dx, dy, y []float32, _, _ float32) {
			for i, v := range y {
				dx[i] = dy[i] * v
			}
		},
	},
	device.Log: {
		func(y, x []float32, _, _ float32) { each(y, x, log) },
		func(dx, dy, x []float32, _, _ float32) {
			for i, v := range x {
				dx[i] = dy[i] / v
			}
		},
	},
	device.Sqrt: {
		func(y, x []float32, _, _ float32) { each(y, x, math.Sqrt) },
		func(dx, dy, y []float32, _, _ float32) {
			for i, v := range y {
				dx[i] = dy[i] * 0.5 / v
			}
		},
	},
	device.Rsqrt: {
		func(y, x []float32, _, _ float32) { each(y, x, func(x float64) float64 { return 1 / math.Sqrt(x) }) },
		func(dx, dy, x []float32, _, _ float32) {
			eachGrad(dx, dy, x, func(x float64) float64 { return -0.5 / (x * math.Sqrt(x)) })
		},
	},
	device.Square: {
		func(y, x []float32, _, _ float32) {
			for i, v := range x {
				y[i] = v * v
			}
		},
		func(dx, dy, x []float32, _, _ float32) {
			for i, v := range x {
				dx[i] = dy[i] * (2 * v)
			}
		},
	},
	device.Abs: {
		func(y, x []float32, _, _ float32) {
			for i, v := range x {
				y[i] = math.Float32frombits(math.Float32bits(v) &^ (1 << 31))
			}
		},
		func(dx, dy, x []float32, _, _ float32) {
			for i, v := range x {
				dx[i] = dy[i] * float32(int32(above(v, 0))-int32(above(0, v)))
			}
		},
	},
	device.Neg: {
		func(y, x []float32, _, _ float32) { scaleRow(y, x, -1) },
		func(dx, dy, _ []float32, _, _ float32) { scaleRow(dx, dy, -1) },
	},
	device.Reciprocal: {
		func(y, x []float32, _, _ float32) {
			for i, v := range x {
				y[i] = 1 / v
			}
		},
		func(dx, dy, y []float32, _, _ float32) {
			for i, v := range y {
				dx[i] = -dy[i] * v * v
			}
		},
	},
	device.Sin: {
		func(y, x []float32, _, _ float32) { each(y, x, math.Sin) },
		func(dx, dy, x []float32, _, _ float32) { eachGrad(dx, dy, x, math.Cos) },
	},
	device.Cos: {
		func(y, x []float32, _, _ float32) { each(y, x, math.Cos) },
		func(dx, dy, x []float32, _, _ float32) {
			eachGrad(dx, dy, x, func(x float64) float64 { return -math.Sin(x) })
		},
	},
	device.Erf: {
		func(y, x []float32, _, _ float32) { each(y, x, erf) },
		func(dx, dy, x []float32, _, _ float32) {
			eachGrad(dx, dy, x, func(x float64) float64 { return 2 / math.SqrtPi * exp(-x*x) })
		},
	},
	device.Pow: {
		func(y, x []float32, a, _ float32) {
			each(y, x, func(x float64) float64 { return pow(x, float64(a)) })
		},
		func(dx, dy, x []float32, a, _ float32) {
			eachGrad(dx, dy, x, func(x float64) float64 { return powGrad(x, float64(a)) })
		},
	},
	device.Clamp: {
		func(y, x []float32, a, b float32) {
			for i, v := range x {
				y[i] = min(max(v, a), b)
			}
		},
		func(dx, dy, x []float32, a, b float32) {
			for i, v := range x {
				dx[i] = keep(dy[i], 1-(above(a, v)|above(v, b)))
			}
		},
	},
	device.Affine: {
		func(y, x []float32, a, b float32) {
			for i, v := range x {
				y[i] = a*v + b
			}
		},
		func(dx, dy, _ []float32, a, _ float32) { scaleRow(dx, dy, a) },
	},
}

// eluRow sets y = x > 0 ? a x : b (eˣ-1).
func eluRow(y, x []float32, a, b float32) {
	each(y, x, func(x float64) float64 { return elu(x, float64(a), float64(b)) })
}

func eluGradRow(dx, dy, x []float32, a, b float32) {
	eachGrad(dx, dy, x, func(x float64) float64 { return eluGrad(x, float64(a), float64(b)) })
}
