package cpu

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// A batchCase is a sum of products and its operands.
type batchCase struct {
	strides
	terms      []term
	init, a, b []float32
}

// batchCases are sums for micro-tiles of mr by nr: a read by rows or by columns,
// what it starts from one row or many, terms that overlap and terms that do not.
func batchCases(mr, nr int) (cases []batchCase) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, terms := range [][]term{nil, {{0, 0}}, {{3, 2 * nr}, {0, 0}, {1, 5}}} {
		for _, k := range []int{0, 1, 2, 7, 33} {
			byRow := strides{ldc: nr + 5, ldi: 0, rs: 3, ks: 1, ldb: nr, k: k}
			byColumn := strides{ldc: nr + 5, ldi: nr + 1, rs: 1, ks: mr + 2, ldb: nr + 3, k: k}
			for _, s := range []strides{byRow, byColumn} {
				cases = append(cases, batchCase{
					s, terms, noise(r, mr*s.ldi+nr), noise(r, mr*s.rs+k*s.ks+nr+8), noise(r, k*s.ldb+4*nr),
				})
			}
		}
	}
	return cases
}

// sum is element (i, j) by the definition, and the sum of the sizes of what it
// adds up.
func (c *batchCase) sum(i, j int) (sum, size float64) {
	sum = float64(c.init[i*c.ldi+j])
	size = math.Abs(sum)
	for _, t := range c.terms {
		for p := range c.k {
			x := float64(c.a[t.a+i*c.rs+p*c.ks]) * float64(c.b[t.b+p*c.ldb+j])
			sum, size = sum+x, size+math.Abs(x)
		}
	}
	return sum, size
}

func eachBatchKernel(t *testing.T, f func(t *testing.T, kernel batchKernel, mr, nr int)) {
	eachLevel(t, func(t *testing.T, l Level) {
		k, err := kernelsFor(l)
		require.NoError(t, err)
		reducers := []*batchReducer{&k.reducer}
		if k.slim != nil {
			reducers = append(reducers, k.slim)
		}
		for _, r := range reducers {
			f(t, r.wide, r.mr, r.nr)
			f(t, r.narrow, r.mr, r.nr/2)
		}
	})
}

func TestBatchKernels(t *testing.T) {
	eachBatchKernel(t, func(t *testing.T, kernel batchKernel, mr, nr int) {
		for _, c := range batchCases(mr, nr) {
			stale := noise(rand.New(rand.NewPCG(3, 4)), (mr+1)*c.ldc)
			got := append([]float32{}, stale...)
			kernel(got, c.init, c.a, c.b, c.terms, &c.strides)
			for i := range got {
				row, col := i/c.ldc, i%c.ldc
				if row >= mr || col >= nr {
					require.Equal(t, stale[i], got[i], "outside the tile of %d by %d", mr, nr)
					continue
				}
				want, size := c.sum(row, col)
				// Higham, Accuracy and Stability of Numerical Algorithms, section 3.1.
				require.InDelta(t, want, got[i], float64(len(c.terms)*c.k+1)*size/(1<<24), "%d by %d, %+v", mr, nr, c.strides)
			}
		}
	})
}

// What is not finite spreads as products and sums have it, and so do the smallest
// numbers.
func TestBatchKernelsSpecialValues(t *testing.T) {
	zero := float32(math.Copysign(0, 1))
	inf, nan, tiny := float32(math.Inf(1)), float32(math.NaN()), float32(math.SmallestNonzeroFloat32)
	eachBatchKernel(t, func(t *testing.T, kernel batchKernel, mr, nr int) {
		for _, c := range []struct{ start, x, y, want float32 }{
			{0, inf, 2, inf}, {0, inf, 0, nan}, {inf, -inf, 1, nan}, {1, nan, 0, nan},
			{0, tiny, 1, tiny}, {tiny, -tiny, 1, 0}, {0, math.MaxFloat32, 2, inf}, {nan, 0, 0, nan},
			{-zero, 0, 1, 0}, {-zero, 0, -1, -zero},
		} {
			fillWith := func(n int, v float32) []float32 {
				s := make([]float32, n)
				fill(s, v)
				return s
			}
			got := make([]float32, mr*nr)
			s := &strides{ldc: nr, ldi: nr, rs: 1, ks: mr, ldb: nr, k: 1}
			kernel(got, fillWith(mr*nr, c.start), fillWith(mr+nr, c.x), fillWith(nr, c.y), []term{{}}, s)
			for _, v := range got {
				require.Equal(t, fmt.Sprint(c.want), fmt.Sprint(v), "%v + %v %v", c.start, c.x, c.y)
			}
		}
	})
}
