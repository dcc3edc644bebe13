package devicetest

import (
	"fmt"
	"math"

	"example.org/chainrule/device"
)

// Unary is the specification of device.Elementwise.
func (r *reference) Unary(y device.Dst, x device.Buffer, f device.Unary) {
	r.run(device.Call{Op: "Unary", Dst: [4]device.Dst{y}, Src: [8]device.Buffer{x}}, func() {
		v := values(x)
		put(y, func(i int) float64 { return unary(f, v[i]) })
	})
}

// UnaryGrad is the specification of device.Elementwise.
func (r *reference) UnaryGrad(dx device.Dst, dy, v device.Buffer, f device.Unary) {
	r.run(device.Call{Op: "UnaryGrad", Dst: [4]device.Dst{dx}, Src: [8]device.Buffer{dy, v}}, func() {
		g, v := values(dy), values(v)
		put(dx, func(i int) float64 { return g[i] * unaryGrad(f, v[i]) })
	})
}

// unary is f(x).
func unary(f device.Unary, x float64) float64 { return unaryFormula(f)(x, x) }

// unaryGrad is f' where v is x or y, as f.Func.ReadsX says.
func unaryGrad(f device.Unary, v float64) float64 {
	x := unaryArgument(f, v)
	if math.IsInf(x, 0) {
		return 0 // y is all that f can reach, and flat
	}
	return unaryFormula(f).derivative(x, unaryStep(f, x))
}

// unaryArgument is x, where v is x or y.
func unaryArgument(f device.Unary, v float64) float64 {
	if f.Func.ReadsX() {
		return v
	}
	return unaryInverses[f.Func](v, float64(f.A), float64(f.B))
}

func unaryStep(f device.Unary, x float64) float64 {
	if isPower(f.Func) {
		return relativeStep(x)
	}
	return step(x)
}

// isPower reports whether f varies over distances of x.
func isPower(f device.UnaryFunc) bool {
	switch f {
	case device.Log, device.Sqrt, device.Rsqrt, device.Square, device.Reciprocal, device.Pow:
		return true
	}
	return false
}

func unaryFormula(f device.Unary) formula {
	g, a, b := unaryFormulas[f.Func], float64(f.A), float64(f.B)
	return func(x, at float64) float64 { return g(x, at, a, b) }
}

// unaryFormulas has the contract's table of functions, line by line.
var unaryFormulas = [...]func(x, at, a, b float64) float64{
	device.Identity:    func(x, _, _, _ float64) float64 { return x },
	device.ReLU:        func(x, at, _, _ float64) float64 { return pick(at <= 0, 0, x) },
	device.LeakyReLU:   func(x, at, a, _ float64) float64 { return pick(at > 0, x, a*x) },
	device.ELU:         func(x, at, a, _ float64) float64 { return elu(x, at, a) },
	device.SELU:        func(x, at, _, _ float64) float64 { return 1.0507009873554805 * elu(x, at, 1.6732632423543772) },
	device.GELU:        func(x, _, _, _ float64) float64 { return x * math.Erfc(-x/math.Sqrt2) / 2 },
	device.GELUTanh:    func(x, _, _, _ float64) float64 { return x * sigmoid(math.Sqrt(8/math.Pi)*(x+0.044715*x*x*x)) },
	device.SiLU:        func(x, _, _, _ float64) float64 { return x * sigmoid(x) },
	device.Mish:        func(x, _, _, _ float64) float64 { return x * math.Tanh(softplus(x)) },
	device.Sigmoid:     func(x, _, _, _ float64) float64 { return sigmoid(x) },
	device.Tanh:        func(x, _, _, _ float64) float64 { return math.Tanh(x) },
	device.Softplus:    func(x, _, _, _ float64) float64 { return softplus(x) },
	device.Softsign:    func(x, at, _, _ float64) float64 { return pick(at < 0, x/(1-x), x/(1+x)) },
	device.HardSigmoid: func(x, at, _, _ float64) float64 { return hardSigmoid(x, at) },
	device.HardSwish:   func(x, at, _, _ float64) float64 { return x * hardSigmoid(x, at) },
	device.ReLU6:       func(x, at, _, _ float64) float64 { return pick(at <= 0, 0, pick(at >= 6, 6, x)) },
	device.Exp:         func(x, _, _, _ float64) float64 { return math.Exp(x) },
	device.Log:         func(x, _, _, _ float64) float64 { return math.Log(x) },
	device.Sqrt:        func(x, _, _, _ float64) float64 { return math.Sqrt(x) },
	device.Rsqrt:       func(x, _, _, _ float64) float64 { return 1 / math.Sqrt(x) },
	device.Square:      func(x, _, _, _ float64) float64 { return x * x },
	device.Abs:         func(x, at, _, _ float64) float64 { return pick(at == 0, 0, pick(at < 0, -x, x)) },
	device.Neg:         func(x, _, _, _ float64) float64 { return -x },
	device.Reciprocal:  func(x, _, _, _ float64) float64 { return 1 / x },
	device.Sin:         func(x, _, _, _ float64) float64 { return math.Sin(x) },
	device.Cos:         func(x, _, _, _ float64) float64 { return math.Cos(x) },
	device.Erf:         func(x, _, _, _ float64) float64 { return math.Erf(x) },
	device.Pow:         func(x, _, a, _ float64) float64 { return math.Pow(x, a) },
	device.Clamp:       func(x, at, a, b float64) float64 { return pick(at < a, a, pick(at > b, b, x)) },
	device.Affine:      func(x, _, a, b float64) float64 { return a*x + b },
}

// unaryInverses gives x for those functions whose derivative reads y.
var unaryInverses = [...]func(y, a, b float64) float64{
	device.Identity:   func(y, _, _ float64) float64 { return y },
	device.ReLU:       func(y, _, _ float64) float64 { return y },
	device.Sigmoid:    func(y, _, _ float64) float64 { return math.Log(y / (1 - y)) },
	device.Tanh:       func(y, _, _ float64) float64 { return math.Atanh(y) },
	device.Exp:        func(y, _, _ float64) float64 { return math.Log(y) },
	device.Sqrt:       func(y, _, _ float64) float64 { return y * y },
	device.Neg:        func(y, _, _ float64) float64 { return -y },
	device.Reciprocal: func(y, _, _ float64) float64 { return 1 / y },
	device.Affine:     func(y, a, b float64) float64 { return (y - b) / a },
}

func sigmoid(x float64) float64 { return 1 / (1 + math.Exp(-x)) }

// softplus is ln(1+eˣ) without overflow.
func softplus(x float64) float64 { return math.Log1p(math.Exp(-math.Abs(x))) + max(x, 0) }

func elu(x, at, a float64) float64 { return pick(at > 0, x, a*math.Expm1(x)) }

func hardSigmoid(x, at float64) float64 { return pick(at <= -3, 0, pick(at >= 3, 1, x/6+0.5)) }

func checkUnary(s *suite) {
	fs := unaryVariants()
	for _, p := range pairs(len(fs), len(sizes), len(columns), 2) {
		f, n, t, add := fs[p[0]], sizes[p[1]], columns[p[2]], p[3] == 1
		x := s.unaryDomain(f, t.src, n)
		s.checkUnary(f, t.dst, add, x)
		s.checkUnaryGrad(f, t.dst, add, s.normal(t.src, n), x)
	}
	for _, f := range fs {
		for _, t := range columns {
			s.checkUnary(f, t.dst, false, s.unarySpecials(f, t.src))
			far := s.unaryFar(f, t.src)
			s.checkUnaryGrad(f, t.dst, false, s.normal(t.src, len(far.v)), far)
		}
	}
	s.checkKinks()
}

func (s *suite) checkUnary(f device.Unary, t device.DType, add bool, x array) {
	tol := make([]float64, len(x.v))
	for i, v := range x.v {
		slack, _ := unaryCancellation(f.Func, v)
		tol[i] = unaryRoundings * u32 * finite(math.Abs(v*unaryFormula(f).derivative(v, unaryStep(f, v)))+slack)
	}
	s.check(check{
		op: "Unary", name: fmt.Sprintf("%v %v n=%d", f, x.dtype, len(x.v)),
		src:  []array{x},
		dst:  []result{{dtype: t, n: len(x.v), add: add, rel: unaryRoundings, tol: tol, inPlace: []int{0}}},
		call: func(d device.Device, dst []device.Dst, src []device.Buffer) { d.Unary(dst[0], src[0], f) },
	})
}

func (s *suite) checkUnaryGrad(f device.Unary, t device.DType, add bool, dy, x array) {
	v := x
	if !f.Func.ReadsX() {
		v = s.mapped(x, func(x float64) float64 { return unary(f, x) })
	}
	tol := make([]float64, len(v.v))
	for i := range tol {
		tol[i] = unaryRoundings * u32 * math.Abs(dy.v[i]) * unaryGradCondition(f, v.v[i])
	}
	s.check(check{
		op: "UnaryGrad", name: fmt.Sprintf("%v %v n=%d", f, x.dtype, len(x.v)),
		src:  []array{dy, v},
		dst:  []result{{dtype: t, n: len(v.v), add: add, rel: unaryRoundings, tol: tol, inPlace: []int{0, 1}}},
		call: func(d device.Device, dst []device.Dst, src []device.Buffer) { d.UnaryGrad(dst[0], src[0], src[1], f) },
	})
}

// unaryRoundings bounds the error of a function, in half units of the last
// place of Float32: eight for a library function good to 4 units (the CUDA C++
// Programming Guide's table and Go's float64 functions are within), eight for
// the operations round it. Those before it round its argument, so they count
// times x f'(x).
const unaryRoundings = 16

// unaryCancellation is the magnitude of the terms that cancel in the formula
// and in its derivative, where that exceeds the result: 1+erf(x) and 1+tanh(x)
// on the left, 1-tanh²(x) on both sides.
func unaryCancellation(f device.UnaryFunc, x float64) (value, derivative float64) {
	x = math.Abs(x)
	switch f {
	case device.GELU:
		return x, 1
	case device.GELUTanh:
		return x, 1 + min(x, 10)*(1+min(x, 10)*min(x, 10)/8)
	case device.Mish:
		return 0, min(x, 30)
	}
	return 0, 0
}

// unaryGradCondition is how much f' changes where its argument x or y does, both
// relative, plus what cancels in it and in the Reference's difference quotient.
func unaryGradCondition(f device.Unary, v float64) float64 {
	x := unaryArgument(f, v)
	slope := formula(func(x, at float64) float64 {
		return formula(func(x, _ float64) float64 { return unaryFormula(f)(x, at) }).derivative(x, unaryStep(f, at))
	})
	second := slope.derivative(x, unaryStep(f, x))
	_, slack := unaryCancellation(f.Func, x)
	if !f.Func.ReadsX() {
		second /= slope(x, x) // the derivative by y
	}
	return finite(math.Abs(v*second)) + slack + 0x1p-23*finite(math.Abs(unary(f, x)))
}

// unaryVariants lists every function, with several constants where it has any.
func unaryVariants() (fs []device.Unary) {
	for _, f := range device.UnaryFuncs() {
		switch f {
		case device.LeakyReLU:
			fs = append(fs, device.Unary{Func: f, A: 0.01}, device.Unary{Func: f, A: 0.3})
		case device.ELU:
			fs = append(fs, device.Unary{Func: f, A: 1}, device.Unary{Func: f, A: 0.5})
		case device.Pow:
			fs = append(fs, device.Unary{Func: f, A: 3}, device.Unary{Func: f, A: -1.5}, device.Unary{Func: f, A: 0.5})
		case device.Clamp:
			fs = append(fs, device.Unary{Func: f, A: -1, B: 0.5})
		case device.Affine:
			fs = append(fs, device.Unary{Func: f, A: -2.5, B: 0.75})
		default:
			fs = append(fs, device.Unary{Func: f})
		}
	}
	return fs
}

// unaryDomain makes arguments among which f is defined and smooth, or has
// the kinks that the contract speaks of.
func (s *suite) unaryDomain(f device.Unary, t device.DType, n int) array {
	switch f.Func {
	case device.Log, device.Sqrt, device.Rsqrt, device.Pow:
		return s.array(t, n, func() float64 { return math.Exp(2 * s.rng.NormFloat64()) })
	case device.Reciprocal:
		return s.array(t, n, func() float64 { return math.Exp(s.rng.NormFloat64()) * float64(1-2*s.rng.IntN(2)) })
	}
	return s.array(t, n, func() float64 { return 2 * s.rng.NormFloat64() })
}

// unarySpecials makes arguments at the ends of the number line.
func (s *suite) unarySpecials(f device.Unary, t device.DType) array {
	v := []float64{math.NaN(), math.Inf(1), 0, 0x1p-140, 0x1p-126, -0x1p-126, -0x1p-140, 1, -1, 20, -20, 100, -100, 0x1p100, -0x1p100}
	switch f.Func {
	case device.GELU, device.GELUTanh, device.SiLU, device.Mish, device.HardSwish:
		// -Inf may give NaN or the limit
	case device.Softsign:
		v[1] = 1 // so may ±Inf
	default:
		v = append(v, math.Inf(-1))
	}
	return s.values(t, v...)
}

// unaryFar makes arguments where a derivative is nearly 0 or 1, though eˣ or e²ˣ
// leaves Float32.
func (s *suite) unaryFar(f device.Unary, t device.DType) array {
	x := s.values(t, 0x1p-20, 10, 30, 80)
	if isPower(f.Func) {
		return x
	}
	return s.values(t, append(x.v, -0x1p-20, -10, -30, -80)...)
}

// checkKinks asks for the derivatives that the contract fixes by a word.
func (s *suite) checkKinks() {
	for _, k := range []struct {
		f       device.Unary
		x, want []float64
	}{
		{device.Unary{Func: device.ReLU}, []float64{-1, 0, 1}, []float64{0, 0, 1}},
		{device.Unary{Func: device.LeakyReLU, A: 0.25}, []float64{-1, 0, 1}, []float64{0.25, 0.25, 1}},
		{device.Unary{Func: device.ELU, A: 0.5}, []float64{0, 1}, []float64{0.5, 1}},
		{device.Unary{Func: device.HardSigmoid}, []float64{-4, -3, 3, 4}, []float64{0, 0, 0, 0}},
		{device.Unary{Func: device.HardSwish}, []float64{-4, -3, 3, 4}, []float64{0, 0, 1, 1}},
		{device.Unary{Func: device.ReLU6}, []float64{-1, 0, 1, 6, 7}, []float64{0, 0, 1, 0, 0}},
		{device.Unary{Func: device.Abs}, []float64{-1, 0, 1}, []float64{-1, 0, 1}},
		{device.Unary{Func: device.Clamp, A: -1, B: 2}, []float64{-2, -1, 0, 2, 3}, []float64{0, 1, 1, 1, 0}},
		{device.Unary{Func: device.Square}, []float64{-1, 0, 1}, []float64{-2, 0, 2}},
	} {
		one := s.mapped(s.values(device.Float32, k.x...), func(float64) float64 { return 1 })
		s.check(check{
			op: "UnaryGrad", name: fmt.Sprintf("%v at its kinks %v", k.f, k.x),
			src:  []array{one, s.values(device.Float32, k.x...)},
			dst:  []result{{dtype: device.Float32, n: len(k.x), rel: 2}},
			want: [][]float64{k.want},
			call: func(d device.Device, dst []device.Dst, src []device.Buffer) { d.UnaryGrad(dst[0], src[0], src[1], k.f) },
		})
	}
}
