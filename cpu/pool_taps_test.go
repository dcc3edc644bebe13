package cpu

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// extremes is n floats with many equal ones, zeros of both signs, infinities,
// denormals and NaN among them.
func extremes(r *rand.Rand, n int) []float32 {
	special := []float32{
		0, float32(math.Copysign(0, -1)), 1, -1, 2, math.MaxFloat32, -math.MaxFloat32,
		math.SmallestNonzeroFloat32, -math.SmallestNonzeroFloat32, infinity(1), infinity(-1), float32(math.NaN()),
	}
	v := make([]float32, n)
	for i := range v {
		v[i] = special[r.IntN(len(special))]
	}
	return v
}

// A tapsCase is a run of taps, and channels with something behind them that
// must stay.
type tapsCase struct{ channels, taps, stride, place, step int }

func eachTapsCase(t *testing.T, f func(t *testing.T, k *kernels, r *rand.Rand, c tapsCase)) {
	eachLevel(t, func(t *testing.T, l Level) {
		k, err := kernelsFor(l)
		require.NoError(t, err)
		r := rand.New(rand.NewPCG(5, 6))
		for _, channels := range []int{1, 3, 7, 8, 9, 15, 16, 17, 31, 33, 64, 100} {
			for _, taps := range []int{1, 2, 3, 5} {
				f(t, k, r, tapsCase{channels, taps, channels + r.IntN(3), r.IntN(10), 1 + r.IntN(3)})
			}
		}
	})
}

func (c tapsCase) len() int { return (c.taps-1)*c.stride + c.channels }

// places are indexes, some of them no tap's.
func (c tapsCase) places(r *rand.Rand, n int) []int32 {
	v := make([]int32, n)
	for i := range v {
		v[i] = int32(c.place + (r.IntN(c.taps+2)-1)*c.step)
	}
	return v
}

func TestMaxTaps(t *testing.T) {
	eachTapsCase(t, func(t *testing.T, k *kernels, r *rand.Rand, c tapsCase) {
		x, y, index := extremes(r, c.len()), extremes(r, c.channels+1), c.places(r, c.channels+1)
		for _, more := range []bool{false, true} {
			want, wantIndex := append([]float32{}, y...), append([]int32{}, index...)
			maxTapsGo(want[:c.channels], wantIndex[:c.channels], x, c.stride, c.place, c.step, more)
			got, gotIndex := append([]float32{}, y...), append([]int32{}, index...)
			k.maxTaps(got[:c.channels], gotIndex[:c.channels], x, c.stride, c.place, c.step, more)
			requireSame(t, want, got)
			require.Equal(t, wantIndex, gotIndex)
		}
	})
}

func TestSpreadTaps(t *testing.T) {
	eachTapsCase(t, func(t *testing.T, k *kernels, r *rand.Rand, c tapsCase) {
		dx, dy, index := extremes(r, c.len()+1), extremes(r, c.channels), c.places(r, c.channels)
		want, got := append([]float32{}, dx...), append([]float32{}, dx...)
		spreadTapsGo(want[:c.len()], dy, index, c.stride, c.place, c.step)
		k.spreadTaps(got[:c.len()], dy, index, c.stride, c.place, c.step)
		requireSame(t, want, got)
	})
}

// requireSame compares floats by value: zeros are equal, and so is NaN to NaN.
func requireSame(t *testing.T, want, got []float32) {
	t.Helper()
	require.Len(t, got, len(want))
	for i, v := range want {
		require.True(t, same(v, got[i]), "element %d: want %v, got %v", i, v, got[i])
	}
}
