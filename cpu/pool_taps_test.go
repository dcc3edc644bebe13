package cpu

import (
	"math"
	"math/rand/v2"
	"slices"
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

// tapRows are shapes round whole vectors, with gaps between taps, windows and
// what belongs to these, and overlapping windows.
func tapRows(r *rand.Rand) (rows []tapRow) {
	for _, channels := range []int{1, 3, 7, 8, 9, 15, 16, 17, 31, 33, 64, 100} {
		for _, taps := range []int{1, 2, 5} {
			for _, windows := range []int{1, 3} {
				stride := channels + r.IntN(3)
				rows = append(rows, tapRow{
					windows: windows, taps: taps, channels: channels,
					yMove: channels + r.IntN(3), xMove: (1 + r.IntN(3)) * stride, xStep: (1 + r.IntN(3)) * stride,
					place: r.IntN(10), placeMove: r.IntN(3), placeStep: 1 + r.IntN(3), more: r.IntN(2) == 0,
				})
			}
		}
	}
	return rows
}

// xLen and yLen are what the loops touch of x and y.
func (t tapRow) xLen() int { return (t.windows-1)*t.xMove + (t.taps-1)*t.xStep + t.channels }
func (t tapRow) yLen() int { return (t.windows-1)*t.yMove + t.channels }

// places are indexes, some of them no tap's.
func (t tapRow) places(r *rand.Rand, n int) []int32 {
	v := make([]int32, n)
	for i := range v {
		v[i] = int32(t.place + r.IntN(t.windows)*t.placeMove + (r.IntN(t.taps+2)-1)*t.placeStep)
	}
	return v
}

// testTaps compares the loops of every level with their twins, on slices with an
// element more than the loops may touch.
func testTaps(t *testing.T, loop func(k *poolKernels, x, y []float32, index []int32, row tapRow)) {
	eachLevel(t, func(t *testing.T, l Level) {
		k, err := kernelsFor(l)
		require.NoError(t, err)
		r := rand.New(rand.NewPCG(5, 6))
		for _, row := range tapRows(r) {
			x, y, index := extremes(r, row.xLen()+1), extremes(r, row.yLen()+1), row.places(r, row.yLen()+1)
			gotX, gotY, gotIndex := slices.Clone(x), slices.Clone(y), slices.Clone(index)
			loop(&goPoolKernels, x, y, index, row)
			loop(&k.poolKernels, gotX, gotY, gotIndex, row)
			requireSame(t, x, gotX)
			requireSame(t, y, gotY)
			require.Equal(t, index, gotIndex, "%+v", row)
		}
	})
}

func TestMaxTaps(t *testing.T) {
	testTaps(t, func(k *poolKernels, x, y []float32, index []int32, row tapRow) { k.maxTaps(y, index, x, row) })
}

func TestMaxTapsGrad(t *testing.T) {
	testTaps(t, func(k *poolKernels, x, y []float32, index []int32, row tapRow) { k.maxTapsGrad(x, y, index, row) })
}

func TestAddTaps(t *testing.T) {
	testTaps(t, func(k *poolKernels, x, y []float32, _ []int32, row tapRow) { k.addTaps(y, x, row) })
}

func TestAddTapsGrad(t *testing.T) {
	testTaps(t, func(k *poolKernels, x, y []float32, _ []int32, row tapRow) { k.addTapsGrad(x, y, row) })
}

// requireSame compares floats by value: zeros are equal, and so is NaN to NaN.
func requireSame(t *testing.T, want, got []float32) {
	t.Helper()
	require.Len(t, got, len(want))
	for i, v := range want {
		require.True(t, same(v, got[i]), "element %d: want %v, got %v", i, v, got[i])
	}
}
