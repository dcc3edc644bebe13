package devicetest

import (
	"math"
	"testing"

	"example.org/chainrule/device"

	"github.com/stretchr/testify/require"
)

// TestReference holds the specification to itself: every case must be one that
// a right device passes.
func TestReference(t *testing.T) {
	Test(t, func(testing.TB) device.Device { return Reference() })
}

func TestReferenceLimit(t *testing.T) {
	TestLimit(t, func(_ testing.TB, limit int64) device.Device { return newReference(limit) })
}

// TestReferenceKeepsFloat64 sends up numbers that no Float32 holds.
func TestReferenceKeepsFloat64(t *testing.T) {
	dev := Reference()
	b, err := dev.Alloc(device.BFloat16, 2)
	require.NoError(t, err)
	dev.Upload(b, []float64{math.Pi, 1e-300})
	got := make([]float64, 2)
	require.NoError(t, dev.Download(got, b))
	require.Equal(t, []float64{math.Pi, 1e-300}, got)
}

// TestFormulas finds functions without a formula, or with an inverse that is
// none.
func TestFormulas(t *testing.T) {
	require.Len(t, unaryFormulas, len(device.UnaryFuncs()))
	tried := map[device.UnaryFunc]bool{}
	for _, f := range unaryVariants() {
		tried[f.Func] = true
		x := 0.75
		y := unary(f, x)
		require.Falsef(t, math.IsNaN(y), "%v", f)
		if !f.Func.ReadsX() {
			require.InDeltaf(t, x, unaryArgument(f, y), 1e-12, "%v: the inverse of its value", f)
		}
	}
	require.Len(t, tried, len(device.UnaryFuncs()))
	for _, f := range device.BinaryFuncs() {
		require.NotPanics(t, func() { binary(f, 1, 2, 1, 2) })
	}
	for _, f := range device.ReduceFuncs() {
		require.NotPanics(t, func() { reduce(f, []float64{1, 2}, []float64{1, 2}) })
	}
}

// TestDerivative compares difference quotients with derivatives from a table.
func TestDerivative(t *testing.T) {
	for _, c := range []struct {
		f    device.Unary
		want func(x float64) float64
	}{
		{device.Unary{Func: device.Sin}, math.Cos},
		{device.Unary{Func: device.Erf}, func(x float64) float64 { return 2 / math.Sqrt(math.Pi) * math.Exp(-x*x) }},
		{device.Unary{Func: device.Log}, func(x float64) float64 { return 1 / x }},
		{device.Unary{Func: device.Pow, A: 2.5}, func(x float64) float64 { return 2.5 * math.Pow(x, 1.5) }},
		{device.Unary{Func: device.Clamp, A: -1, B: 0.5}, func(x float64) float64 { return pick(x > 0.5, 0, 1) }},
	} {
		for _, x := range []float64{0.01, 0.3, 0.499999, 0.5, 0.500001, 1, 2.5} {
			require.InDeltaf(t, c.want(x), unaryGrad(c.f, x), 1e-11*max(1, math.Abs(c.want(x))), "%v at %v", c.f, x)
		}
	}
	square := func(row []float64) float64 { return row[0]*row[0] + 3*row[0]*row[1] }
	require.InDeltaSlice(t, []float64{2*2 + 3*5, 3 * 2}, gradient(square, []float64{2, 5}, 0x1p-7), 1e-10)
}

// TestPairs looks for two choices that never meet, and for a full product.
func TestPairs(t *testing.T) {
	counts := []int{5, 3, 4, 2}
	rows := pairs(counts...)
	require.Less(t, len(rows), 30, "the full product has 120")
	for q := range counts {
		for p := range q {
			met := map[[2]int]bool{}
			for _, row := range rows {
				met[[2]int{row[p], row[q]}] = true
			}
			require.Len(t, met, counts[p]*counts[q])
		}
	}
}

func TestRound(t *testing.T) {
	for x, want := range map[float64]float64{
		1 + 0x1p-8: 1, 1 + 0x3p-8: 1 + 0x1p-6, 1 + 0x1p-8 + 0x1p-20: 1 + 0x1p-7, -math.Pi: -3.140625, math.Inf(1): math.Inf(1), 1e300: math.Inf(1),
	} {
		require.Equal(t, want, round(device.BFloat16, x))
	}
}
