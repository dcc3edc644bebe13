package cpu

import (
	"math/rand/v2"
	"slices"
	"testing"

	"example.org/chainrule/device"

	"github.com/stretchr/testify/require"
)

// TestLongSpans checks that loops which store past the caches give the same bits as
// on short spans: aligned or not, in place or not, and not an element more.
func TestLongSpans(t *testing.T) {
	const n = 2*tileLen + 37
	r := rand.New(rand.NewPCG(13, 14))
	x, dy := normals(r, n), normals(r, n)
	for _, k := range machineKernels() {
		grad := k.unaryGradRow(device.Unary{Func: device.SiLU})
		want := make([]float32, n)
		for lo := 0; lo < n; lo += tileLen {
			hi := min(lo+tileLen, n)
			grad(want[lo:hi], dy[lo:hi], x[lo:hi])
		}
		for at := range 18 {
			dx := make([]float32, n+18)
			grad(dx[at:at+n], dy, x)
			require.Equal(t, want, dx[at:at+n], "%v from element %d on", k.level, at)
			require.Equal(t, make([]float32, at), dx[:at], "%v", k.level)
			require.Equal(t, make([]float32, 18-at), dx[at+n:], "%v", k.level)
		}
		for _, in := range [][]float32{dy, x} {
			dx := slices.Clone(in)
			operand := func(v []float32) []float32 { return map[bool][]float32{true: dx, false: v}[&v[0] == &in[0]] }
			grad(dx, operand(dy), operand(x))
			require.Equal(t, want, dx, "%v in place", k.level)
		}
	}
}

// TestSpansOfHugeCalls checks that calls whose operands no cache holds give the
// bits of others.
func TestSpansOfHugeCalls(t *testing.T) {
	const n = 17*tileLen + 5
	cases := unaryCases(device.Float32, n, device.ReLU, device.GELU)
	cases = append(cases, unaryCases(device.BFloat16, n, device.ReLU)...)
	cases = append(cases, binaryCases(device.Float32, 17, tileLen+1, device.Add, device.Mul)...)
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			var want [][]float64
			for _, last := range [...]int{1 << 40, 0} {
				b, d := newBed(t, nil), newDevice(t, 0, 2)
				b.Device, d.caches.last = d, last
				call, results := c.open(b)
				call()
				if want == nil {
					want = b.download(results...)
				}
				require.Equal(t, want, b.download(results...))
			}
		})
	}
}
