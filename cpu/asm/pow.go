package main

import "math"

// logParts is ln x for x >= 0 as a sum of two numbers: high is ln x rounded, or
// infinite, and both together have some 7 bits more. With s = f/(2+f),
// ln(1+f) = 2 artanh s = 2s + s³ (2/3 + 2/5 s² + ...), where s is in two parts.
func (x *value) logParts() (high, low *value) {
	k := x.k
	f, e := x.mantissa()
	u := f.add(k.c(2)).as("2+f")
	lost := f.sub(u.sub(k.c(2))).as("lost")
	r := k.c(1).div(u).as("1/u")
	s := f.mul(r).as("s")
	sLow := s.fnma(lost, s.fnma(u, f)).mul(r).as("s low")
	z := s.mul(s).as("s²")
	p := z.horner(2./3, 2./5, 2./7, 2./9, 2./11).mul(z).mul(s)
	p = z.fma(k.c(2), k.c(2)).fma(sLow, p)
	whole, twice := e.mul(k.c(ln2High)).as("k ln 2"), s.add(s).as("2s")
	sum := whole.add(twice).as("sum")
	rest := twice.sub(sum.sub(whole)).add(e.fma(k.c(math.Ln2-ln2High), p)).as("rest")
	high = sum.add(rest).as("high")
	low = rest.sub(high.sub(sum)).as("low")
	high = x.above(k.c(0)).pick(high, x.equal(k.c(0)).pick(k.c(math.Inf(-1)), k.word(0x7FC00000)))
	return x.above(k.c(math.MaxFloat32)).pick(x, high).as("ln x"), low
}

// powParts splits x^(a+aLow) = 2^k p for x >= 0; a is as ordinaryPow in
// cpu/unary.go allows.
func (x *value) powParts(a, aLow *value) (e power, p *value) {
	k := x.k
	high, low := x.logParts()
	z := high.mul(a).as("z")
	lost := high.fnma(a, z).as("-lost")
	rest := low.mul(a).sub(lost)
	if aLow != nil {
		rest = aLow.fma(high, rest)
	}
	rest = k.c(160).above(z.abs()).keep(rest).as("rest") // else z is beyond all results
	e, r := z.atLeast(k.c(-150)).atMost(k.c(150)).powerOf()
	return e, r.add(rest).as("r").expNearZero()
}

// ofSign is |x|^n with the sign of x^n, where parity is 1 for even n, -1 for odd
// ones and NaN for no whole number.
func (v *value) ofSign(x, parity *value) *value {
	k := x.k
	factor := x.above(k.c(math.Inf(-1))).pick(parity.abs(), k.c(1))
	v = k.c(0).above(x).pick(v.mul(factor), v)
	return v.xor(x.and(parity).and(k.word(1 << 31)))
}

// minusOne is v - 1 in two parts.
func (v *value) minusOne() (high, low *value) {
	k := v.k
	high = v.sub(k.c(1)).as("a-1")
	minus := high.sub(v)
	low = v.sub(high.sub(minus)).sub(minus.add(k.c(1))).as("lost of a-1")
	return high, low
}
