package main

import "math"

// The functions below are those of cpu/math.go in float32. Polynomials are
// minimax fits (Remez) of the relative error over the range that the reduction
// leaves; their error is below 0.1 units in the last place of a float32.

// horner is c[0] + x (c[1] + x (...)).
func (x *value) horner(c ...float64) *value {
	p := x.k.c(c[len(c)-1])
	for i := len(c) - 2; i >= 0; i-- {
		p = p.fma(x, x.k.c(c[i]))
	}
	return p
}

// A power is 2^k for a whole k, as a number whose low bits are k and as k.
type power struct{ bits, k *value }

const magic = 3 << 22 // adding it leaves an integer in the low bits

// powerOf rounds x/ln 2 to the power that leaves r = x - k ln 2 within ±ln(2)/2.
func (x *value) powerOf() (e power, r *value) {
	k := x.k
	e.bits = x.fma(k.c(math.Log2E), k.c(magic)).as("bits")
	e.k = e.bits.sub(k.c(magic)).as("k")
	high := float64(float32(math.Ln2))
	r = e.k.fnma(k.c(high), x)
	r = e.k.fnma(k.c(math.Ln2-high), r).as("r")
	return e, r
}

// of is v 2^k, rounded once where that is denormal. |k| <= 252.
func (e power) of(v *value) *value {
	k := v.k
	if k.machine.scalesExactly() {
		return k.value(opScale, 0, v, e.k)
	}
	whole := e.bits.isub(k.word(math.Float32bits(magic)))
	half := whole.sar(1)
	bias := k.word(127)
	return v.mul(half.iadd(bias).shl(23)).mul(whole.isub(half).iadd(bias).shl(23))
}

// alone is 2^k. |k| <= 126.
func (e power) alone() *value { return e.bits.iadd(e.bits.k.word(127)).shl(23).as("2^k") }

// expParts splits e^x = 2^k p with p in [0.7, 1.42].
func (x *value) expParts() (e power, p *value) {
	e, r := x.powerOf()
	return e, r.expNearZero()
}

// expNearZero is e^r for |r| <= ln(2)/2.
func (r *value) expNearZero() *value {
	q := r.horner(0.499999934138, 0.16666520111, 0.0416683939428, 0.00836878021051, 0.00138144806146)
	return q.mul(r).fma(r, r).add(r.k.c(1)).as("p")
}

// exp is e^x for x <= 0 or NaN; 0 below -104.
func (x *value) expOfNegative() *value {
	e, p := x.atLeast(x.k.c(-104)).expParts()
	return e.of(p).as("e")
}

// exp is e^x.
func (x *value) exp() *value {
	e, p := x.atLeast(x.k.c(-104)).atMost(x.k.c(89)).expParts()
	return e.of(p)
}

// expm1 is e^x - 1 for x >= -25 where it is wanted.
func (x *value) expm1() *value {
	k := x.k
	e, r := x.powerOf()
	q := r.horner(0.500000004666, 0.166666668181, 0.0416663535485, 0.00833327277987, 0.00139411016704, 0.000199143328813)
	q = q.mul(r).fma(r, r).as("q")
	s := e.alone()
	return s.fma(q, s.sub(k.c(1))).as("m")
}

// log1p is ln(1+x) for 0 <= x <= 1.
func (x *value) log1p() *value {
	p := x.horner(-0.499999327739, 0.333305115268, -0.249585892446, 0.19695409082, -0.153554192327,
		0.106805919878, -0.0576647845285, 0.0202047571529, -0.00331850906908)
	return p.mul(x).fma(x, x).as("log1p")
}

// mantissa splits x > 0 into 2^e (1+f) with 1+f in [√½, √2).
func (x *value) mantissa() (f, e *value) {
	k := x.k
	root := k.word(math.Float32bits(math.Sqrt2 / 2))
	tiny := k.c(0x1p-126).above(x)
	v := tiny.pick(x.mul(k.c(1<<23)), x).as("v")
	whole := v.isub(root).sar(23)
	f = v.isub(whole.shl(23)).sub(k.c(1)).as("f")
	return f, whole.float().sub(tiny.keep(k.c(23))).as("k")
}

const ln2High = 0.693359375 // a whole number times it is exact

// log is the natural logarithm: with x = 2^k (1+f) and 1+f in [√½, √2).
func (x *value) log() *value {
	k := x.k
	f, e := x.mantissa()
	p := f.horner(0.33333316741, -0.250008103993, 0.200022854622, -0.166245535319, 0.141812047541,
		-0.131287705399, 0.128815860532, -0.078595105569)
	square := f.mul(f)
	rest := p.mul(f).mul(square)
	rest = e.fma(k.c(math.Ln2-ln2High), rest)
	rest = square.fma(k.c(-0.5), rest)
	y := e.fma(k.c(ln2High), rest.add(f)).as("y")
	bad := x.equal(k.c(0)).pick(k.c(math.Inf(-1)), k.word(0x7FC00000))
	y = x.above(k.c(0)).pick(y, bad)
	return x.above(k.c(math.MaxFloat32)).pick(x, y)
}

// gauss is e^(-h x²) in parts, for 0 <= x <= 15 and h = ½ or 1. What rounding x²
// loses is kept.
func (x *value) gauss(h float64) (e power, p *value) {
	k := x.k
	square := x.mul(x).as("x²")
	lost := x.fnma(x, square).as("-lost")
	e, r := square.mul(k.c(-h)).powerOf()
	return e, lost.fma(k.c(h), r).as("r").expNearZero()
}

// tail is Φ(-s x) e^(s²x²/2) for x >= 0; see normal in cpu/math.go.
func (x *value) tail(s float64) *value {
	k := x.k
	t := k.c(1).div(x.fma(k.c(0.24*s), k.c(1))).as("t")
	p := t.horner(0.095740777373822548, 0.095881266591859534, 0.088744122692905677, 0.088609547020178871,
		0.025814938901660642, 0.14561239076394458, -0.1490464787321151, 0.20889915050210431,
		-0.1260262775847899, 0.025770564020304117)
	return p.mul(t).as("tail")
}

// erf is the error function: a polynomial below ½, and 1 - 2 Φ(-√2|x|) above.
func (x *value) erf() *value {
	k := x.k
	z := x.mul(x)
	near := z.horner(1.12837916709551, -0.376126389031837, 0.112837916709551, -0.0268661706451312,
		0.00522397762544219, -0.000854832702345084).mul(x)
	a := x.abs().atMost(k.c(4)).as("|x|")
	e, p := a.gauss(1)
	far := e.of(p.mul(a.tail(math.Sqrt2))).fnma(k.c(2), k.c(1)).withSign(x)
	return a.above(k.c(0.5)).pick(far, near)
}

// sinCos is the sine for quadrant 0 and the cosine for 1, of |x| <= 2^16: with
// x = k π/2 + r, that of r by the parity of k + quadrant, and its sign. π/2 is
// three float32 long; the products with k are not rounded (Cody and Waite 1980).
func (x *value) sinCos(quadrant uint32) *value {
	k := x.k
	bits := x.fma(k.c(2/math.Pi), k.c(magic)).as("bits")
	n := bits.sub(k.c(magic)).as("k")
	r := n.fnma(k.c(1.5707963705062866), x)
	r = n.fnma(k.c(-4.371138828673793e-08), r)
	r = n.fnma(k.c(-1.7151245100058819e-15), r).as("r")
	if quadrant > 0 {
		bits = bits.iadd(k.word(quadrant))
	}
	z := r.mul(r).as("r²")
	sine := z.horner(-0.166666540231, 0.00833211851145, -0.000195090633678).mul(z).fma(r, r).as("sin r")
	rest := z.horner(0.0416666453111, -0.00138872889419, 2.44292137833e-5).mul(z)
	cosine := rest.fma(z, z.fma(k.c(-0.5), k.c(1))).as("cos r")
	odd := bits.and(k.word(1)).float().above(k.c(0)).as("odd")
	sign := bits.and(k.word(2)).shl(30).as("sign")
	return odd.pick(cosine, sine).xor(sign)
}
