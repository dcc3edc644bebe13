package cpu

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// A rowLoop is a loop over spans of one length and what may differ between a
// level and the twin in Go, in units in the last place of floor or more.
type rowLoop struct {
	name  string
	spans int
	ulps  float64
	run   func(k *kernels, v [][]float32)
}

var rowLoops = []rowLoop{
	{"scale", 2, 0, func(k *kernels, v [][]float32) { k.scale(v[0], v[1], 0.3) }},
	{"drop", 3, 0, func(k *kernels, v [][]float32) { k.drop(v[0], v[1], v[2], 2, 1<<31|1<<29) }},
	{"logSoftmax", 2, 0, func(k *kernels, v [][]float32) { k.logSoftmax(v[0], v[1], 1.5, 0.7) }},
	{"softmaxGrad", 3, 0, func(k *kernels, v [][]float32) { k.softmaxGrad(v[0], v[1], v[2], 0.3) }},
	{"logSoftmaxGrad", 3, 4, func(k *kernels, v [][]float32) { k.logSoftmaxGrad(v[0], v[1], v[2], 0.3) }},
	{"crossEntropyGrad", 2, 4, func(k *kernels, v [][]float32) { k.crossEntropyGrad(v[0], v[1], 2, 0.9, 0.1) }},
	{"add", 2, 0, func(k *kernels, v [][]float32) { k.add(v[0], v[1]) }},
	{"addSquares", 2, 1, func(k *kernels, v [][]float32) { k.addSquares(v[0], v[1]) }},
	{"largest", 2, 0, func(k *kernels, v [][]float32) { k.largest(v[0], v[1]) }},
	{"smallest", 2, 0, func(k *kernels, v [][]float32) { k.smallest(v[0], v[1]) }},
	{"expDistances", 3, 4, func(k *kernels, v [][]float32) { k.expDistances(v[0], v[1], v[2]) }},
	{"mul", 3, 0, func(k *kernels, v [][]float32) { k.mul(v[0], v[1], v[2]) }},
	{"countSame", 3, 0, func(k *kernels, v [][]float32) { k.countSame(v[0], v[1], v[2]) }},
	{"keepSame", 3, 0, func(k *kernels, v [][]float32) { k.keepSame(v[0], v[1], v[2]) }},
	{"normGrad", 3, 0, func(k *kernels, v [][]float32) { k.normGrad(v[0], v[1], v[2]) }},
	{"addMoments", 4, 1, func(k *kernels, v [][]float32) { k.addMoments(v[0], v[1], v[2], v[3]) }},
	{"addDots", 5, 1, func(k *kernels, v [][]float32) { k.addDots(v[0], v[1], v[2], v[3], v[4]) }},
	{"batchNorm", 5, 2, func(k *kernels, v [][]float32) { k.batchNorm(v[0], v[1], v[2], v[3], v[4]) }},
	{"batchNormGrad", 7, 2, func(k *kernels, v [][]float32) { k.batchNormGrad(v[0], v[1], v[2], v[3], v[4], v[5], v[6]) }},
}

// rowLens are lengths around whole vectors and steps of several.
var rowLens = []int{0, 1, 7, 8, 9, 15, 16, 17, 31, 33, 63, 64, 65, 100, 257}

// TestRowVectors compares the loops of every level with their twins: ordinary
// numbers, then extremes, on spans with an element more than the loops may touch.
func TestRowVectors(t *testing.T) {
	for _, l := range rowLoops {
		t.Run(l.name, func(t *testing.T) {
			eachLevel(t, func(t *testing.T, level Level) {
				k, err := kernelsFor(level)
				require.NoError(t, err)
				r := rand.New(rand.NewPCG(7, 8))
				for _, n := range rowLens {
					l.compare(t, k, n, func() []float32 { return normals(r, n+1) })
					l.compare(t, k, n, func() []float32 { return l.extremes(r, n+1) })
				}
			})
		})
	}
}

func (l rowLoop) compare(t *testing.T, k *kernels, n int, data func() []float32) {
	want, got, wantHeads, gotHeads := make([][]float32, l.spans), make([][]float32, l.spans), make([][]float32, l.spans), make([][]float32, l.spans)
	for i := range want {
		want[i] = data()
		got[i] = slices.Clone(want[i])
		wantHeads[i], gotHeads[i] = want[i][:n], got[i][:n]
	}
	l.run(&goKernels, wantHeads)
	l.run(k, gotHeads)
	for i := range want {
		for j, w := range want[i] {
			require.LessOrEqual(t, ulpsApart(got[i][j], w, 1), l.ulps, "span %d of %d, element %d of %d: want %v, got %v", i, l.spans, j, n, w, got[i][j])
		}
	}
}

// extremes leaves out the largest numbers where a product may be fused with a
// sum: overflow is then another one.
func (l rowLoop) extremes(r *rand.Rand, n int) []float32 {
	v := extremes(r, n)
	for i, x := range v {
		if l.ulps > 0 && math.Abs(float64(x)) == math.MaxFloat32 {
			v[i] = 3
		}
	}
	return v
}

func normals(r *rand.Rand, n int) []float32 {
	v := make([]float32, n)
	for i := range v {
		v[i] = float32(r.NormFloat64())
	}
	return v
}

// TestSoftmaxDot: loops that add four terms in float32 may be off by as many roundings.
func TestSoftmaxDot(t *testing.T) {
	eachLevel(t, func(t *testing.T, l Level) {
		k, err := kernelsFor(l)
		require.NoError(t, err)
		r := rand.New(rand.NewPCG(11, 12))
		for _, n := range rowLens {
			x, y := normals(r, n), normals(r, n)
			terms := 0.0
			for i := range x {
				terms += math.Abs(float64(x[i]) * float64(y[i]))
			}
			require.InDelta(t, dotRow(x, y), k.softmaxDot(x, y), 0x1p-22*terms)
		}
	})
}

func TestDistances(t *testing.T) {
	eachLevel(t, func(t *testing.T, l Level) {
		k, err := kernelsFor(l)
		require.NoError(t, err)
		r := rand.New(rand.NewPCG(9, 10))
		for _, n := range rowLens {
			x, w := normals(r, n), normals(r, n)
			require.InDelta(t, distanceSum(x, 4), k.distances(x, 4), 1e-12*float64(n))
			require.InDelta(t, weightedDistanceSum(x, w, 4), k.weightedDistances(x, w, 4), 1e-12*float64(n))
		}
	})
}
