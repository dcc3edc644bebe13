package cpu

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

// stride steps through the bits of all float32: a prime, for about two million
// values of every size, denormals and NaN included.
const stride = 2011

// The largest distance, in units in the last place, that a float32 result may
// have from the float64 formula: half for rounding, a tenth for the series.
const ulps = 0.6

func TestMathWithinUlps(t *testing.T) {
	for _, f := range []struct {
		name      string
		got, want func(float64) float64
	}{
		{"exp", exp, math.Exp},
		{"expm1", expm1, math.Expm1},
		{"sigmoid", sigmoid, func(x float64) float64 { return 1 / (1 + math.Exp(-x)) }},
		{"tanh", tanh, math.Tanh},
		{"log", log, math.Log},
		{"softplus", softplus, func(x float64) float64 { return max(x, 0) + math.Log1p(math.Exp(-math.Abs(x))) }},
		{"pow 0.7", func(x float64) float64 { return pow(x, 0.7) }, func(x float64) float64 { return math.Pow(x, 0.7) }},
		{"pow -3", func(x float64) float64 { return pow(x, -3) }, func(x float64) float64 { return math.Pow(x, -3) }},
		{"1.1 pow", func(x float64) float64 { return pow(1.1, x) }, func(x float64) float64 { return math.Pow(1.1, x) }},
		{"erf", erf, math.Erf},
		{"normal cdf", func(x float64) float64 { c, _ := normal(x); return c }, func(x float64) float64 { return 0.5 * math.Erfc(-x/math.Sqrt2) }},
		{"normal pdf", func(x float64) float64 { _, p := normal(x); return p }, func(x float64) float64 { return math.Exp(-x*x/2) / math.Sqrt(2*math.Pi) }},
	} {
		worst, at := 0.0, float32(0)
		for u := uint64(0); u < 1<<32; u += stride {
			x := math.Float32frombits(uint32(u))
			if d := ulpDistance(float32(f.got(float64(x))), f.want(float64(x))); !(d <= worst) {
				worst, at = d, x
			}
		}
		require.LessOrEqual(t, worst, ulps, "%s(%g)", f.name, at)
		t.Logf("%-10s within %.3f ulp", f.name, worst)
	}
}

// ulpDistance is |got - want| in units in the last place of float32(want); 0
// where both are NaN or round to the same value.
func ulpDistance(got float32, want float64) float64 {
	w := float32(want)
	if got == w || got != got && w != w {
		return 0
	}
	if got != got || w != w || math.IsInf(float64(w), 0) || math.IsInf(float64(got), 0) {
		return math.Inf(1)
	}
	ulp := math.Nextafter32(float32(math.Abs(float64(w))), float32(math.Inf(1))) - float32(math.Abs(float64(w)))
	return math.Abs(float64(got)-want) / float64(ulp)
}

func TestMathKeepsSignOfZero(t *testing.T) {
	for _, f := range []func(float64) float64{expm1, tanh, erf} {
		require.True(t, math.Signbit(f(math.Copysign(0, -1))))
		require.False(t, math.Signbit(f(0)))
	}
}
