package devicetest

import "example.org/chainrule/device"

// putActivated stores v as pre and f(v) as y.
func putActivated(y, pre device.Dst, v []float64, f device.Unary) {
	putAll(pre, v)
	put(y, func(i int) float64 { return unary(f, v[i]) })
}

// activations are those that kernels are tried with as an epilogue: none, and
// some of those with constants, kinks and derivatives that read x or y.
var activations = [...]device.Unary{
	{}, {Func: device.ReLU}, {Func: device.GELU}, {Func: device.LeakyReLU, A: 0.1}, {Func: device.Tanh}, {Func: device.SiLU},
}

// activationSlope is more than any of their derivatives.
const activationSlope = 1.2

// modes are the ways to ask for a result.
var modes = [...]result{{}, {add: true}, {unwanted: true}}

// activated gives y = f(pre) their tolerances, pre a sum of n terms.
//
// A sum of n products, in any order, errs by at most n roundings of Σ|terms|
// (Higham 2002, eq. 3.5; a fused product rounds once). f multiplies that by its
// slope and errs by its own roundings, those of its argument among them.
func activated(y, pre result, t device.DType, terms []float64, n int, f device.Unary) []result {
	pre.dtype, pre.n, pre.tol = t, len(terms), roundings(float64(n+1), terms)
	y.dtype, y.n, y.tol = t, len(terms), pre.tol
	if f.Func != device.Identity {
		y.tol = roundings(activationSlope*float64(n+1)+2*unaryRoundings, terms)
		y.rel = unaryRoundings
	}
	return []result{y.rounded(), pre.rounded()}
}

// rounded allows for the rounding of an addition to what was there.
func (r result) rounded() result {
	if r.add {
		r.rel++
	}
	return r
}

// checkSum completes and runs a check of one result that is linear in every
// source: a sum of at most n terms.
func (s *suite) checkSum(c check, n int) {
	s.Helper()
	c.dst[0].tol = roundings(float64(n+1), s.magnitudes(c)[0])
	c.dst[0] = c.dst[0].rounded()
	s.check(c)
}
