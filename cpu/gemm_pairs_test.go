package cpu

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/chainrule/device"
)

// eachPairLevel runs f once for every level that multiplies pairs of BFloat16.
func eachPairLevel(t *testing.T, f func(t *testing.T, k *pairKernels)) {
	eachLevel(t, func(t *testing.T, l Level) {
		k, err := kernelsFor(l)
		require.NoError(t, err)
		if k.pairs != nil {
			f(t, k.pairs)
		}
	})
}

// randomWords is n words of values that draw gives.
func randomWords(n int, draw func() float64) []float32 {
	v := make([]float32, n)
	for i := range v {
		v[i] = wordOf(draw(), draw())
	}
	return v
}

func wordOf(lo, hi float64) float32 {
	return math.Float32frombits(uint32(toBFloat16(float32(hi)))<<16 | uint32(toBFloat16(float32(lo))))
}

// The micro-kernels on words agree with the formula in float64 to the rounding
// error bound, for both layouts of a.
func TestPairMicroKernels(t *testing.T) {
	eachPairLevel(t, func(t *testing.T, k *pairKernels) {
		for _, depth := range []int{0, 1, 2, 7, 33} {
			testPairMicroKernel(t, k.wide, k.mr, k.nr, depth)
			testPairMicroKernel(t, k.narrow, k.mr, k.nr/2, depth)
		}
	})
}

func testPairMicroKernel(t *testing.T, kernel microKernel, mr, nr, depth int) {
	r := rand.New(rand.NewPCG(1, 2))
	ldb, ldc := nr+3, nr+5
	for _, stride := range [][2]int{{depth + 2, 1}, {1, mr + 1}} {
		rs, ks := stride[0], stride[1]
		a, b := randomWords(mr*rs+depth*ks+1, r.NormFloat64), randomWords((depth+1)*ldb, r.NormFloat64)
		c := noise(r, (mr+1)*ldc)
		got := append([]float32{}, c...)
		kernel(got, ldc, a, rs, ks, b, ldb, depth)
		for i := range got {
			row, col := i/ldc, i%ldc
			if row >= mr || col >= nr {
				require.Equal(t, c[i], got[i], "outside the tile")
				continue
			}
			want, size := float64(c[i]), math.Abs(float64(c[i]))
			for p := range depth {
				lo, hi := pairProducts(a[row*rs+p*ks], b[p*ldb+col])
				want, size = want+lo+hi, size+math.Abs(lo)+math.Abs(hi)
			}
			require.InDelta(t, want, got[i], float64(2*depth+2)*size/(1<<24))
		}
	}
}

// The batchKernels on words agree with the formula likewise.
func TestPairBatchKernels(t *testing.T) {
	eachPairLevel(t, func(t *testing.T, k *pairKernels) {
		testPairBatchKernel(t, k.reducer.wide, k.reducer.mr, k.reducer.nr)
		testPairBatchKernel(t, k.reducer.narrow, k.reducer.mr, k.reducer.nr/2)
	})
}

func testPairBatchKernel(t *testing.T, kernel batchKernel, mr, nr int) {
	r := rand.New(rand.NewPCG(7, 8))
	for _, c := range batchCases(mr, nr, 0) {
		c.a, c.b = randomWords(len(c.a), r.NormFloat64), randomWords(len(c.b), r.NormFloat64)
		stale := noise(r, (mr+1)*c.ldc)
		got := append([]float32{}, stale...)
		kernel(got, c.init, c.a, c.b, c.terms, &c.strides)
		for i := range got {
			row, col := i/c.ldc, i%c.ldc
			if row >= mr || col >= nr {
				require.Equal(t, stale[i], got[i], "outside the tile")
				continue
			}
			want := float64(c.init[row*c.ldi+col])
			size := math.Abs(want)
			for _, term := range c.terms {
				for p := range c.k {
					lo, hi := pairProducts(c.a[term.a+row*c.rs+p*c.ks], c.b[term.b+p*c.ldb+col])
					want, size = want+lo+hi, size+math.Abs(lo)+math.Abs(hi)
				}
			}
			require.InDelta(t, want, got[i], float64(2*len(c.terms)*c.k+1)*size/(1<<24), "%+v", c.strides)
		}
	}
}

// pairProducts are those of the lower and the upper halves of two words.
func pairProducts(x, y float32) (lo, hi float64) {
	xl, xh := pairOf(x)
	yl, yh := pairOf(y)
	return float64(xl) * float64(yl), float64(xh) * float64(yh)
}

// Of one word the micro-kernels make what their twin does, for values that are
// special.
func TestDotPairSpecial(t *testing.T) {
	inf, tiny, huge := math.Inf(1), math.Ldexp(1, -130), math.Ldexp(1, 127)
	values := []float64{0, math.Copysign(0, -1), 1, -3, inf, -inf, math.NaN(), tiny, -tiny, huge, math.Ldexp(1, -80)}
	draw := func(r *rand.Rand) func() float64 { return func() float64 { return values[r.IntN(len(values))] } }
	eachPairLevel(t, func(t *testing.T, k *pairKernels) {
		r := rand.New(rand.NewPCG(5, 6))
		for range 100 {
			a, b := randomWords(k.mr, draw(r)), randomWords(k.nr, draw(r))
			c := make([]float32, k.mr*k.nr)
			k.wide(c, k.nr, a, 1, k.mr, b, k.nr, 1)
			for i, got := range c {
				want := dotPair(0, a[i/k.nr], b[i%k.nr])
				if math.IsNaN(float64(want)) {
					require.True(t, math.IsNaN(float64(got)))
					continue
				}
				require.Equal(t, want, got, "%x %x", math.Float32bits(a[i/k.nr]), math.Float32bits(b[i%k.nr]))
			}
		}
	})
}

func TestInterleave(t *testing.T) {
	eachPairLevel(t, func(t *testing.T, k *pairKernels) {
		for _, n := range conversionSizes {
			r := rand.New(rand.NewPCG(3, 4))
			lo, hi := anyBits(r, n), anyBits(r, n)
			got, want := make([]float32, n+1), make([]float32, n+1)
			k.join(got[:n], lo, hi)
			interleaveGo(want[:n], lo, hi)
			requireBits(t, want, got)
		}
	})
}

// Every layout and every remainder of k, exactly, with canaries.
func TestMatMulPairs(t *testing.T) {
	eachPairLevel(t, func(t *testing.T, _ *pairKernels) {
		d := newDevice(t, 0, 2)
		for i := range 4 {
			for k := range 5 {
				s := device.MatMul{Batch: 2, M: 41, N: 45, K: 30 + k, TransA: i&1 > 0, TransB: i&2 > 0}
				c := newMatmulCase(s, whole)
				c.check(t, d, device.BFloat16, device.Float32, i == 0)
				c.check(t, d, device.BFloat16, device.BFloat16, i == 1)
			}
		}
	})
}

// Images and channels in pairs, with one of each left over, exactly.
func TestConv2DPairs(t *testing.T) {
	d := newDevice(t, 0, 2)
	for _, s := range []device.Conv2D{
		{N: 1, H: 9, W: 8, C: 6, K: 10, Groups: 1, Window: square(3, 1, 1, 1)},
		{N: 3, H: 9, W: 7, C: 20, K: 33, Groups: 1, Window: square(3, 2, 1, 1)},
		{N: 3, H: 6, W: 7, C: 9, K: 12, Groups: 3, Window: square(3, 1, 2, 2)},
		{N: 9, H: 5, W: 5, C: 12, K: 8, Groups: 2, Window: square(1, 1, 1, 0)},
		{N: 9, H: 12, W: 5, C: 34, K: 40, Groups: 1, Window: square(3, 1, 1, 1)},
	} {
		c := newConvCase(s, whole)
		c.check(t, d, device.BFloat16, device.BFloat16)
		c.check(t, d, device.BFloat16, device.Float32)
	}
}

func BenchmarkPairKernel(b *testing.B) {
	k, err := kernelsFor(0)
	require.NoError(b, err)
	if k.pairs == nil {
		b.Skip("this machine does not multiply pairs of BFloat16")
	}
	const depth = 256
	mr, nr := k.pairs.mr, k.pairs.nr
	x, y, z := make([]float32, mr*depth), make([]float32, depth*nr), make([]float32, mr*nr)
	for b.Loop() {
		k.pairs.wide(z, nr, x, depth, 1, y, nr, depth)
	}
	b.ReportMetric(float64(4*mr*nr*depth)*float64(b.N)/float64(b.Elapsed().Nanoseconds()), "GFLOP/s")
}

func BenchmarkMatMulBFloat16(b *testing.B) {
	for _, s := range []device.MatMul{
		{M: 256, N: 256, K: 256},
		{M: 512, N: 512, K: 512},
		{M: 1024, N: 1024, K: 1024},
		{M: 1024, N: 1024, K: 1024, TransA: true},
		{M: 1024, N: 1024, K: 1024, TransB: true},
		{M: 2048, N: 2048, K: 2048},
		{M: 64, N: 1024, K: 3136, TransB: true},
	} {
		s.Batch = 1
		b.Run(fmt.Sprintf("%dx%dx%d%s", s.M, s.N, s.K, transName(s)), func(b *testing.B) {
			d := newDevice(b, 0, 0)
			x, y := upload(b, d, device.BFloat16, make([]float32, s.M*s.K)), upload(b, d, device.BFloat16, make([]float32, s.K*s.N))
			z := upload(b, d, device.BFloat16, make([]float32, s.M*s.N))
			for b.Loop() {
				d.MatMul(device.To(z), device.Dst{}, x, y, nil, s)
			}
			b.ReportMetric(float64(s.FLOPs())*float64(b.N)/float64(b.Elapsed().Nanoseconds()), "GFLOP/s")
		})
	}
}
