package cpu

import (
	"cmp"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"testing"

	"example.org/chainrule/device"

	"github.com/stretchr/testify/require"
)

// vectorUlps is how far the vectors of a function and of its derivative may be
// from the rows in Go, in units in the last place: of the result or, where the
// formula cancels, of floor if that is larger. The Go rows are within 0.6 of
// the formula. Those of Exp, Log, Tanh, Sigmoid and Erf are the worst of every
// float32, tried with allFloats.
var vectorUlps = map[device.UnaryFunc]struct{ f, df, floor float64 }{
	device.ELU: {2, 2, 0}, device.SELU: {3, 2, 0},
	device.GELU:     {9, 9, 0.25},
	device.GELUTanh: {250, 9, 0.25}, // far left, where rounding its argument counts as often as that is large
	device.SiLU:     {4, 4, 0.25},
	device.Mish:     {4, 4, 0.25},
	device.Sigmoid:  {2, 0, 0}, device.Tanh: {2, 0, 0}, device.Softplus: {2, 3, 0}, device.Softsign: {1, 3, 0},
	device.HardSigmoid: {1, 0, 0.5}, device.HardSwish: {2, 2, 0.5},
	device.Exp: {1, 0, 0}, device.Log: {1, 0, 0}, device.Rsqrt: {1, 2, 0}, device.Erf: {4, 2, 0},
	device.Sin: {2, 2, 0}, device.Cos: {2, 2, 0}, device.Pow: {powUlps, powUlps, 0},
}

// allFloats is the environment variable that has every float32 tried: minutes.
const allFloats = "CHAINRULE_ALL_FLOATS"

func TestUnaryVectorsWithinUlps(t *testing.T) {
	step := uint64(stride)
	if os.Getenv(allFloats) != "" {
		step = 1
	}
	for _, f := range device.UnaryFuncs() {
		t.Run(f.String(), func(t *testing.T) {
			u, bound := device.Unary{Func: f, A: 0.5, B: 0.75}, vectorUlps[f]
			floor := bound.floor
			if f == device.GELUTanh || f == device.GELU || f == device.SiLU || f == device.Mish {
				floor = 0 // only the derivatives have a zero where terms cancel
			}
			worst, at := worstUlps(step, floor, func(k *kernels, y, x []float32) { k.unaryRow(u)(y, x) })
			dy := make([]float32, tileLen)
			fill(dy, 1)
			dworst, dat := worstUlps(step, bound.floor, func(k *kernels, dx, v []float32) { k.unaryGradRow(u)(dx, dy[:len(v)], v) })
			t.Logf("within %.2f ulp at %g, the derivative %.2f at %g", worst, at, dworst, dat)
			require.LessOrEqual(t, worst, bound.f)
			require.LessOrEqual(t, dworst, bound.df)
		})
	}
}

// TestVectorsAtAnyPosition checks that an element's bits do not depend on where
// it stands or how many there are, and that nothing beyond is written.
func TestVectorsAtAnyPosition(t *testing.T) {
	x := make([]float32, 200)
	for i := range x {
		x[i] = float32(i%23)/3 - 4
	}
	for _, k := range machineKernels() {
		for _, f := range device.UnaryFuncs() {
			row := k.unaryRow(device.Unary{Func: f, A: 0.5, B: 0.75})
			whole := make([]float32, len(x))
			row(whole, x)
			for n := range 70 {
				y := make([]float32, n+2)
				row(y[1:n+1], x[n:2*n])
				require.Zero(t, y[0])
				require.Zero(t, y[n+1])
				require.Zero(t, slices.CompareFunc(whole[n:2*n], y[1:n+1], compareBits), "%v %v of %d", k.level, f, n)
			}
		}
	}
}

func compareBits(a, b float32) int { return cmp.Compare(math.Float32bits(a), math.Float32bits(b)) }

func TestFolds(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for _, n := range []int{0, 1, 7, 15, 16, 17, 63, 64, 65, 200, 1000} {
		x, y := make([]float32, n), make([]float32, n)
		for i := range x {
			x[i], y[i] = float32(rng.NormFloat64()), float32(rng.NormFloat64())
		}
		for _, k := range machineKernels() {
			require.InDelta(t, sumRow(x), k.folds.sum(x), 1e-12*float64(n), "%v sum of %d", k.level, n)
			require.InDelta(t, dotRow(x, y), k.folds.dot(x, y), 1e-12*float64(n), "%v dot of %d", k.level, n)
			require.Equal(t, maxRow(x), k.folds.max(x), "%v max of %d", k.level, n)
			require.Equal(t, minRow(x), k.folds.min(x), "%v min of %d", k.level, n)
			e, want := make([]float32, n), make([]float32, n)
			require.InDelta(t, expRow(want, x, 0.5), k.folds.expSum(e, x, 0.5), 1e-6*float64(n)+1e-12, "%v expSum of %d", k.level, n)
			require.InDeltaSlice(t, want, e, 1e-5)
		}
	}
}

func TestFoldsKeepNaN(t *testing.T) {
	nan := float32(math.NaN())
	for _, k := range machineKernels() {
		for n := 1; n < 90; n++ {
			for _, at := range []int{0, n / 2, n - 1} {
				x := make([]float32, n)
				x[at] = nan
				most, least := k.folds.max(x), k.folds.min(x)
				require.True(t, most != most && least != least && math.IsNaN(k.folds.sum(x)), "%v: element %d of %d", k.level, at, n)
			}
		}
	}
}

// worstUlps is the largest distance of a row at any level from that in Go, and
// where, over every step-th float32.
func worstUlps(step uint64, floor float64, row func(k *kernels, y, x []float32)) (worst float64, at float32) {
	x, want, got := make([]float32, tileLen), make([]float32, tileLen), make([]float32, tileLen)
	for u := uint64(0); u < 1<<32; {
		n := 0
		for ; n < tileLen && u < 1<<32; u += step {
			x[n] = math.Float32frombits(uint32(u))
			n++
		}
		row(&goKernels, want[:n], x[:n])
		for _, k := range machineKernels()[1:] {
			if k.pairs != nil {
				continue // its rows are those of the level below
			}
			row(k, got[:n], x[:n])
			for i, g := range got[:n] {
				if d := ulpsApart(g, want[i], floor); d > worst {
					worst, at = d, x[i]
				}
			}
		}
	}
	return worst, at
}

// ulpsApart is |got - want| in units in the last place of want or of floor.
func ulpsApart(got, want float32, floor float64) float64 {
	if got == want || got != got && want != want {
		return 0
	}
	size := max(math.Abs(float64(want)), floor)
	unit := float64(math.Nextafter32(float32(size), infinity(1))) - float64(float32(size))
	d := math.Abs(float64(got)-float64(want)) / unit
	if d != d {
		return math.Inf(1)
	}
	return d
}
