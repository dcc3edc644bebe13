package peak_test

import (
	"testing"

	"example.org/chainrule/bench/peak"

	"github.com/stretchr/testify/require"
)

func TestCopyAndTriad(t *testing.T) {
	for _, cores := range []int{1, 2, 3} {
		a, b, dst := make([]float32, 100), make([]float32, 100), make([]float32, 100)
		for i := range a {
			a[i], b[i] = float32(i), float32(2*i)
		}
		require.EqualValues(t, 800, peak.Copy(cores, dst, a))
		require.Equal(t, a, dst)
		require.EqualValues(t, 1200, peak.Triad(cores, dst, a, b, 3))
		for i := range dst {
			require.Equal(t, float32(7*i), dst[i])
		}
	}
}

func TestLoopsCountOnEveryCore(t *testing.T) {
	for name, loop := range map[string]func(n, rounds int) int64{"float32": peak.FMA, "bfloat16": peak.Dot} {
		t.Run(name, func(t *testing.T) {
			one := loop(1, 10)
			if one == 0 {
				t.Skip("no loop for this processor: peaks are unknown here")
			}
			require.Equal(t, 6*one, loop(2, 30))
			require.Zero(t, loop(2, 0))
		})
	}
}
