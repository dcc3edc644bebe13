package devicetest

import (
	"math"

	"example.org/chainrule/device"
)

// sizes are the lengths that elementwise kernels are tried at: around vectors,
// warps and tiles.
var sizes = [...]int{0, 1, 7, 31, 33, 1000, 4095, 4096, 4097}

// round is the value of type t nearest to x, ties to even.
func round(t device.DType, x float64) float64 {
	switch t {
	case device.Float32:
		return float64(float32(x))
	case device.BFloat16:
		f := float32(x)
		if f != f || math.IsInf(float64(f), 0) {
			return float64(f)
		}
		u := math.Float32bits(f)
		u += 0x7FFF + u>>16&1
		return float64(math.Float32frombits(u &^ 0xFFFF))
	}
	return x
}

// array makes a source of n values of f, rounded to t.
func (s *suite) array(t device.DType, n int, f func() float64) array {
	v := make([]float64, n)
	for i := range v {
		v[i] = round(t, f())
	}
	return array{t, v}
}

// normal makes a source of n values of a standard normal distribution.
func (s *suite) normal(t device.DType, n int) array { return s.array(t, n, s.rng.NormFloat64) }

// uniform makes a source of n values from lo to hi.
func (s *suite) uniform(t device.DType, n int, lo, hi float64) array {
	return s.array(t, n, func() float64 { return lo + (hi-lo)*s.rng.Float64() })
}

// integers makes a source of n integers, lo included, hi not.
func (s *suite) integers(t device.DType, n, lo, hi int) array {
	return s.array(t, n, func() float64 { return float64(lo + s.rng.IntN(hi-lo)) })
}

// values makes a source of exactly v, rounded to t.
func (s *suite) values(t device.DType, v ...float64) array {
	i := -1
	return s.array(t, len(v), func() float64 { i++; return v[i] })
}

// mapped makes a source of f of every element of x, rounded.
func (s *suite) mapped(x array, f func(float64) float64) array {
	i := -1
	return s.array(x.dtype, len(x.v), func() float64 { i++; return f(x.v[i]) })
}

// magnitudes is what c's destinations are where every source is replaced by
// its absolute values and nothing is added to: for products and sums the sum
// of the terms' magnitudes, which their rounding errors are relative to.
func (s *suite) magnitudes(c check) [][]float64 {
	src, dst := make([]array, len(c.src)), make([]result, len(c.dst))
	for j, x := range c.src {
		if x.v != nil {
			src[j] = array{x.dtype, abs(x.v)}
		}
	}
	for k, d := range c.dst {
		dst[k] = result{dtype: d.dtype, n: d.n, unwanted: d.unwanted}
	}
	c.src, c.dst = src, dst
	return s.run(s.ref, c, s.prior(c), trial{})
}

// roundings is the error of n roundings to Float32 of each magnitude.
func roundings(n float64, magnitudes []float64) []float64 {
	tol := make([]float64, len(magnitudes))
	for i, m := range magnitudes {
		tol[i] = n * u32 * m
	}
	return tol
}

func abs(v []float64) []float64 {
	out := make([]float64, len(v))
	for i, x := range v {
		out[i] = math.Abs(x)
	}
	return out
}
