package cpu

import "math"

// each sets y[i] = f(x[i]) with f in float64; y may be x. Arguments are widened
// in a loop of their own: a conversion next to the call of f would wait for f's
// last result, which shares its register on amd64.
func each(y, x []float32, f func(float64) float64) {
	var wide [16]float64
	for len(x) > 0 {
		n := min(len(x), len(wide))
		for i, v := range x[:n] {
			wide[i] = float64(v)
		}
		for i, v := range wide[:n] {
			y[i] = float32(f(v))
		}
		x, y = x[n:], y[n:]
	}
}

// eachGrad sets dx[i] = dy[i] df(v[i]), like each; dx may be dy or v.
func eachGrad(dx, dy, v []float32, df func(float64) float64) {
	var wide [16]float64
	for len(v) > 0 {
		n := min(len(v), len(wide))
		for i, v := range v[:n] {
			wide[i] = float64(v)
		}
		for i, v := range wide[:n] {
			dx[i] = dy[i] * float32(df(v))
		}
		dx, dy, v = dx[n:], dy[n:], v[n:]
	}
}

// above is 1 where a > b, else 0: a comparison without a branch.
func above[T float32 | float64 | uint32](a, b T) uint32 {
	if a > b {
		return 1
	}
	return 0
}

// keep is v where bit is 1, and 0 where it is 0, whatever v is.
func keep(v float32, bit uint32) float32 {
	return math.Float32frombits(math.Float32bits(v) & -bit)
}

func hardSigmoid(x float32) float32 { return min(max(x/6+0.5, 0), 1) }

// The constants of SELU, Klambauer 2017, section 2.
const (
	seluScale = 1.0507009873554805 // λ
	seluAlpha = 1.6732632423543772 // α
)

// elu is x > 0 ? pos x : neg (eˣ-1).
func elu(x, pos, neg float64) float64 { return pos*max(x, 0) + neg*expm1(min(x, 0)) }

func eluGrad(x, pos, neg float64) float64 {
	return [2]float64{neg * exp(min(x, 0)), pos}[above(x, 0)]
}

// gelu is x Φ(x).
func gelu(x float64) float64 {
	cdf, _ := normal(x)
	return x * cdf
}

func geluGrad(x float64) float64 {
	cdf, pdf := normal(x)
	return cdf + x*pdf
}

// farDown stands for what is less: its SiLU and the like are -0, as that of -Inf.
const farDown = -1000

// geluTanh is x σ(2u) with u the argument of its tanh: (1 + tanh u)/2 = σ(2u).
func geluTanh(x float64) float64 { return max(x, farDown) * sigmoid(geluSlope*x*(1+geluCubic*x*x)) }

func geluTanhGrad(x float64) float64 {
	s := sigmoid(geluSlope * x * (1 + geluCubic*x*x))
	return s + x*s*(1-s)*geluSlope*(1+3*geluCubic*x*x)
}

const (
	geluSlope = 2 * math.Sqrt2 / math.SqrtPi // 2 √(2/π)
	geluCubic = 0.044715
)

func silu(x float64) float64 { return max(x, farDown) * sigmoid(x) }

func siluGrad(x float64) float64 {
	s := sigmoid(x)
	return s * (1 + x*(1-s))
}

// mish is x tanh(ln(1+eˣ)) = x n/(n+2) with n = eˣ(eˣ+2).
func mish(x float64) float64 {
	e := exp(min(x, 40)) // the quotient is 1 from there on
	n := e * (e + 2)
	return max(x, farDown) * (n / (n + 2))
}

func mishGrad(x float64) float64 {
	e := exp(min(x, 40))
	n := e * (e + 2)
	return n/(n+2) + min(x, 40)*(4*e*(e+1)/((n+2)*(n+2)))
}

// powGrad is a xᵃ⁻¹, and 0 for a = 0.
func powGrad(x, a float64) float64 {
	if a == 0 {
		return 0
	}
	return a * pow(x, a-1)
}
