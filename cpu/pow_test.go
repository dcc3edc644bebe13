package cpu

import (
	"fmt"
	"math"
	"testing"

	"example.org/chainrule/device"

	"github.com/stretchr/testify/require"
)

// powUlps is how far powers by vectors may be from the row in Go.
const powUlps = 2

// TestPowVectorsWithinUlps: numbers of every size and sign to whole, fractional
// and extreme powers.
func TestPowVectorsWithinUlps(t *testing.T) {
	dy := make([]float32, tileLen)
	fill(dy, 1)
	for _, a := range []float32{2, 3, -1, -2, 0.5, -0.5, 0.1, 1.0001, 7.3, 100, -31, 1e-3, 1e4, 1e9, 1e15, 1e30,
		1e-15, 1e-30, 1 + 0x1p-23, 1 - 0x1p-24, 0, 1, infinity(1), infinity(-1), float32(math.NaN())} {
		t.Run(fmt.Sprint(a), func(t *testing.T) {
			u := device.Unary{Func: device.Pow, A: a}
			worst, at := worstUlps(16*stride, 0, func(k *kernels, y, x []float32) { k.unaryRow(u)(y, x) })
			dworst, dat := worstUlps(16*stride, 0, func(k *kernels, dx, v []float32) { k.unaryGradRow(u)(dx, dy[:len(v)], v) })
			t.Logf("within %.0f ulp at %g, the derivative %.0f at %g", worst, at, dworst, dat)
			require.LessOrEqual(t, worst, float64(powUlps))
			require.LessOrEqual(t, dworst, float64(powUlps))
		})
	}
}

// TestPowNearOne: where great exponents have finite powers.
func TestPowNearOne(t *testing.T) {
	x := make([]float32, tileLen)
	for _, a := range []float32{20, 100, -100, 1e3, -1e4, 1e5, 1e6, 3e7, -1e8} {
		for i := range x {
			x[i] = float32(math.Exp(100 / float64(a) * (2*float64(i)/tileLen - 1)))
		}
		comparePow(t, a, x)
	}
}

func TestPowOfSpecialValues(t *testing.T) {
	inf, nan := infinity(1), float32(math.NaN())
	x := []float32{0, float32(math.Copysign(0, -1)), 1, -1, inf, -inf, nan, -nan, 1e-45, -1e-45, math.MaxFloat32, -math.MaxFloat32}
	for _, a := range []float32{-3, -2, -1, -0.5, 0, 0.5, 1, 2, 3, 4, 1e15, 1e18, -1e15, -1e18, 1e-15, inf, -inf, nan} {
		comparePow(t, a, x)
	}
}

// comparePow requires of every level's powers and derivatives the signs,
// infinities and NaN of the rows in Go, and powUlps elsewhere.
func comparePow(t *testing.T, a float32, x []float32) {
	u, dy := device.Unary{Func: device.Pow, A: a}, make([]float32, len(x))
	fill(dy, 1)
	rows := func(k *kernels) []float32 {
		y := make([]float32, 2*len(x))
		k.unaryRow(u)(y[:len(x)], x)
		k.unaryGradRow(u)(y[len(x):], dy, x)
		return y
	}
	want := rows(&goKernels)
	for _, k := range machineKernels() {
		for i, got := range rows(k) {
			w, of := want[i], x[i%len(x)]
			require.LessOrEqual(t, ulpsApart(got, w, 0), float64(powUlps), "%v: %g to %g is %g, not %g", k.level, of, a, got, w)
			require.True(t, w != w || math.Signbit(float64(w)) == math.Signbit(float64(got)), "%v: sign of %g to %g", k.level, of, a)
		}
	}
}
