package cpu

import "math"

// The functions here compute in float64 and are meant for float32 arguments and
// results. Their series are cut where the rest is below 6e-9 of the value, a
// tenth of a float32's rounding error: rounded once, results lie within 0.6
// units in the last place, denormals included.

// exp is eˣ for |x| <= 700, and beyond that its value at ±700, which float32
// rounds to +Inf and 0.
func exp(x float64) float64 {
	scale, q := expParts(x)
	return scale + scale*q
}

// expm1 is eˣ-1, relatively accurate near 0.
func expm1(x float64) float64 {
	scale, q := expParts(x)
	return math.Copysign(scale*q+(scale-1), x)
}

// expParts splits eˣ = 2ᵏ (1+q) with k = round(x/ln 2) and q = eʳ-1 from its
// Taylor series to degree 8 on |r| <= ln(2)/2.
func expParts(x float64) (scale, q float64) {
	const round = 3 << 51 // adding it leaves an integer in the low bits
	x = min(max(x, -700), 700)
	k := x*math.Log2E + round
	r := x - (k-round)*math.Ln2
	scale = math.Float64frombits((math.Float64bits(k) + 1023) << 52)
	q = r * (1 + r*(1./2+r*(1./6+r*(1./24+r*(1./120+r*(1./720+r*(1./5040+r*(1./40320))))))))
	return scale, q
}

// sigmoid is 1/(1+e⁻ˣ).
func sigmoid(x float64) float64 { return 1 / (1 + exp(-x)) }

// tanh is (e²ˣ-1)/(e²ˣ+1).
func tanh(x float64) float64 {
	m := expm1(2 * x)
	return m / (m + 2)
}

// log is the natural logarithm of a float32's value: with x = 2ᵏ m and m in
// [√½, √2), k ln 2 + 2 artanh((m-1)/(m+1)).
func log(x float64) float64 {
	if !(x > 0 && x <= math.MaxFloat32) {
		return math.Log(x)
	}
	u := math.Float64bits(x)
	k := int64(u-math.Float64bits(math.Sqrt2/2)) >> 52
	m := math.Float64frombits(u - uint64(k)<<52)
	return float64(k)*math.Ln2 + 2*artanh((m-1)/(m+1))
}

// pow is xᵃ for float32's values: e^(a ln x) where x > 0.
func pow(x, a float64) float64 {
	if !(x > 0 && x <= math.MaxFloat32 && math.Abs(a) <= math.MaxFloat32) {
		return math.Pow(x, a)
	}
	return exp(a * log(x))
}

// softplus is ln(1+eˣ) = max(x, 0) + ln(1+e) with e = e^-|x|, and
// ln(1+e) = 2 artanh(e/(2+e)).
func softplus(x float64) float64 {
	e := exp(-math.Abs(x))
	return max(x, 0) + 2*artanh(e/(2+e))
}

// artanh is the inverse hyperbolic tangent for |s| <= 1/3: its Taylor series to
// degree 17.
func artanh(s float64) float64 {
	z := s * s
	return s * (1 + z*(1./3+z*(1./5+z*(1./7+z*(1./9+z*(1./11+z*(1./13+z*(1./15+z*(1./17)))))))))
}

// normal is the standard normal distribution's Φ(x) and its density φ(x). The
// tail is t P(t) e^(-x²/2) with t = 1/(1+0.24|x|), the form of Abramowitz and
// Stegun 26.2.17; P is the Chebyshev fit of degree 9 over |x| <= 15, where its
// relative error is below 4e-9.
func normal(x float64) (cdf, pdf float64) {
	e := exp(-0.5 * x * x)
	t := 1 / (1 + 0.24*math.Abs(x))
	p := 0.095740777373822548 + t*(0.095881266591859534+t*(0.088744122692905677+
		t*(0.088609547020178871+t*(0.025814938901660642+t*(0.14561239076394458+
			t*(-0.1490464787321151+t*(0.20889915050210431+
				t*(-0.1260262775847899+t*0.025770564020304117))))))))
	tail := t * p * e
	return [2]float64{tail, 1 - tail}[above(x, 0)], e / (math.Sqrt2 * math.SqrtPi)
}

// erf is the error function: its Taylor series to degree 13 below ½, and
// 1 - 2 Φ(-√2|x|) above.
func erf(x float64) float64 {
	if math.Abs(x) < 0.5 {
		z := -x * x
		return 2 / math.SqrtPi * x * (1 + z*(1./3+z*(1./10+z*(1./42+z*(1./216+z*(1./1320+z*(1./9360)))))))
	}
	tail, _ := normal(-math.Sqrt2 * math.Abs(x))
	return math.Copysign(1-2*tail, x)
}
