package cpu

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/chainrule/device"
)

// pairLevels are the kernels of this machine that multiply pairs of BFloat16.
func pairLevels() (list []*kernels) {
	for _, k := range machineKernels() {
		if k.pairs != nil {
			list = append(list, k)
		}
	}
	return list
}

// twinOf are the twins in plain Go of a level's kernels.
func twinOf(k *pairKernels) *pairKernels {
	if k.productKernels.alongK {
		return &goTiles
	}
	return &goPairs
}

// eachPairs runs f once for every level that multiplies pairs of BFloat16, and for
// plain Go with the twins of vectors and of tiles.
func eachPairs(t *testing.T, f func(t *testing.T, k *kernels)) {
	for _, k := range pairLevels() {
		t.Run(k.level.String(), func(t *testing.T) { f(t, k) })
	}
	for name, twins := range map[string]*pairKernels{"go": &goPairs, "go tiles": &goTiles} {
		k := goKernels
		k.pairs = twins
		t.Run(name, func(t *testing.T) { f(t, &k) })
	}
}

// newPairDevice is a device of two workers with these kernels, which multiplies
// pairs even where Winograd's algorithm is faster.
func newPairDevice(t *testing.T, k *kernels) *Device {
	d := newDevice(t, LevelGo, 2)
	d.kernel, d.direct = k, true
	return d
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
	eachPairs(t, func(t *testing.T, k *kernels) {
		for _, depth := range pairDepths {
			testPairMicroKernel(t, k.pairs.wide, &k.pairs.productKernels, k.pairs.nr, depth)
			testPairMicroKernel(t, k.pairs.narrow, &k.pairs.productKernels, k.pairs.nr/2, depth)
		}
	})
}

// pairDepths are depths of sums, with every rest of a tile's.
var pairDepths = []int{0, 1, 2, 7, 16, 17, 30, 33}

func testPairMicroKernel(t *testing.T, kernel microKernel, k *productKernels, nr, depth int) {
	r := rand.New(rand.NewPCG(1, 2))
	mr, ldb, ldc := k.mr, nr+3, nr+5
	for _, stride := range [][2]int{{depth + 2, 1}, {1, mr + 1}} {
		rs, ks := stride[0], stride[1]
		if k.alongK && ks != 1 {
			continue
		}
		a, b := randomWords(mr*rs+depth*ks+1, r.NormFloat64), randomWords((depth+1)*ldb, r.NormFloat64)
		c := noise(r, (mr+1)*ldc)
		got := append([]float32{}, c...)
		kernel(got, ldc, got, ldc, a, rs, ks, b, ldb, depth)
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

// A row of micro-tiles is, to the bit, what it is one by one.
func TestPairRowKernel(t *testing.T) {
	for _, k := range pairLevels() {
		if k.pairs.row == nil {
			continue
		}
		for _, depth := range pairDepths {
			testPairRowKernel(t, &k.pairs.productKernels, depth, 0)
			testPairRowKernel(t, &k.pairs.productKernels, depth, 3*k.pairs.nr+5)
		}
	}
}

func testPairRowKernel(t *testing.T, k *productKernels, depth, ldi int) {
	const n = 3
	r := rand.New(rand.NewPCG(9, 10))
	rs, ldb, ldc, strip := depth+1, k.nr+1, n*k.nr+2, (depth+2)*(k.nr+1)
	a, b := randomWords(k.mr*rs, r.NormFloat64), randomWords(n*strip+k.nr, r.NormFloat64)
	want, init := noise(r, (k.mr+1)*ldc), noise(r, k.mr*ldi+n*k.nr)
	got := append([]float32{}, want...)
	k.row(n, got, ldc, init, ldi, a, rs, 1, b, strip, ldb, depth)
	for i := range n {
		k.wide(want[i*k.nr:], ldc, init[i*k.nr:], ldi, a, rs, 1, b[i*strip:], ldb, depth)
	}
	requireBits(t, want, got)
}

// The batchKernels on words agree with the formula likewise.
func TestPairBatchKernels(t *testing.T) {
	eachPairs(t, func(t *testing.T, k *kernels) {
		r := k.pairs.reducer
		testPairBatchKernel(t, r, r.wide, r.nr)
		testPairBatchKernel(t, r, r.narrow, r.nr/2)
	})
}

func testPairBatchKernel(t *testing.T, reducer batchReducer, kernel batchKernel, nr int) {
	r, mr := rand.New(rand.NewPCG(7, 8)), reducer.mr
	for _, c := range batchCases(mr, nr) {
		if reducer.alongK && c.ks != 1 {
			continue
		}
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

// What the instruction does that a plain sum of products would not.
func TestDotPair(t *testing.T) {
	least := math.Ldexp(1, -126) // the least normal number
	for _, c := range []struct {
		what string
		sum  float64
		x, y float32
		want float64
	}{
		{"the upper product is first", 1 << 24, wordOf(1, -1<<12), wordOf(1, 1<<12), 1},
		{"the lower product is last", 1 << 24, wordOf(-1<<12, 1), wordOf(1<<12, 1), 0},
		{"a product is not rounded", -1, wordOf(1.0078125, 0), wordOf(1.0078125, 0), 0x1p-6 + 0x1p-14},
		{"a product beyond Float32", -math.MaxFloat32, wordOf(0x1p127, 0), wordOf(2, 0), 0x1p104},
		{"a denormal factor is zero", 0, wordOf(least/2, 0), wordOf(4, 0), 0},
		{"a denormal sum becomes zero", 0, wordOf(least, 0), wordOf(0.5, 0), 0},
		{"a denormal sum between the two", 0, wordOf(least, least), wordOf(1, 0.5), least},
		{"a denormal sum is zero", least / 2, wordOf(0, least), wordOf(0, 1), least},
		{"infinities of two signs", 0, wordOf(math.Inf(1), math.Inf(-1)), wordOf(1, 1), math.NaN()},
	} {
		requireBitsOrNaN(t, []float32{float32(c.want)}, []float32{dotPair(float32(c.sum), c.x, c.y)}, c.what)
	}
}

// requireBitsOrNaN compares bits, but one NaN is as good as another.
func requireBitsOrNaN(t *testing.T, want, got []float32, what string) {
	t.Helper()
	for i, w := range want {
		if g := got[i]; math.Float32bits(w) != math.Float32bits(g) && (w == w || g == g) {
			require.Failf(t, "other bits", "%s: %v at %d, want %v", what, g, i, w)
		}
	}
}

// pairDraws are normal numbers, and numbers that are special.
func pairDraws() map[string]func() float64 {
	r := rand.New(rand.NewPCG(5, 6))
	inf, tiny, least := math.Inf(1), math.Ldexp(1, -130), math.Ldexp(1, -126)
	special := []float64{
		0, math.Copysign(0, -1), 1, -3, inf, -inf, math.NaN(),
		tiny, -tiny, least, -least, math.Ldexp(1, 127), math.Ldexp(1, -63), math.Ldexp(1, -80),
	}
	return map[string]func() float64{"normal": r.NormFloat64, "special": func() float64 { return special[r.IntN(len(special))] }}
}

// drawn is n numbers.
func drawn(n int, draw func() float64) []float32 {
	v := make([]float32, n)
	for i := range v {
		v[i] = float32(draw())
	}
	return v
}

// The assembly makes the bits of its twins, which see it a row of so many columns
// at a time.
func TestPairMicroKernelBits(t *testing.T) {
	if len(pairLevels()) == 0 {
		t.Skip("this machine does not multiply pairs of BFloat16")
	}
	for _, k := range pairLevels() {
		twin := twinOf(k.pairs)
		for name, draw := range pairDraws() {
			for _, depth := range pairDepths {
				testPairMicroKernelBits(t, k.pairs.wide, twin.wide, k.pairs.productKernels.alongK, twin.nr, k.pairs.mr, k.pairs.nr, depth, name, draw)
				testPairMicroKernelBits(t, k.pairs.narrow, twin.narrow, k.pairs.productKernels.alongK, twin.nr/2, k.pairs.mr, k.pairs.nr/2, depth, name, draw)
			}
		}
	}
}

func testPairMicroKernelBits(t *testing.T, kernel, twin microKernel, alongK bool, cols, mr, nr, depth int, name string, draw func() float64) {
	ldb, ldc, rs, ks := nr+3, nr+5, 1, mr
	if alongK {
		rs, ks = depth+3, 1
	}
	for range 10 {
		a, b := randomWords(mr*(depth+3), draw), randomWords((depth+1)*ldb, draw)
		want, init := drawn((mr+1)*ldc, draw), drawn(nr, draw)
		got := append([]float32{}, want...)
		kernel(got, ldc, init, 0, a, rs, ks, b, ldb, depth)
		for i := range mr {
			for j := 0; j < nr; j += cols {
				twin(want[i*ldc+j:], ldc, init[j:], 0, a[i*rs:], rs, ks, b[j:], ldb, depth)
			}
		}
		requireBitsOrNaN(t, want, got, name)
	}
}

func TestPairBatchKernelBits(t *testing.T) {
	if len(pairLevels()) == 0 {
		t.Skip("this machine does not multiply pairs of BFloat16")
	}
	for _, k := range pairLevels() {
		r, twin := k.pairs.reducer, twinOf(k.pairs)
		for name, draw := range pairDraws() {
			testPairBatchKernelBits(t, r, r.wide, twin.reducer.wide, twin.nr, r.nr, name, draw)
			testPairBatchKernelBits(t, r, r.narrow, twin.reducer.narrow, twin.nr/2, r.nr/2, name, draw)
		}
	}
}

func testPairBatchKernelBits(t *testing.T, r batchReducer, kernel, twin batchKernel, cols, nr int, name string, draw func() float64) {
	mr := r.mr
	for _, c := range batchCases(mr, nr) {
		if r.alongK && c.ks != 1 {
			continue
		}
		a, b, init := randomWords(len(c.a), draw), randomWords(len(c.b), draw), drawn(len(c.init)+nr, draw)
		want := drawn((mr+1)*c.ldc, draw)
		got := append([]float32{}, want...)
		kernel(got, init, a, b, c.terms, &c.strides)
		for i := range mr {
			for j := 0; j < nr; j += cols {
				twin(want[i*c.ldc+j:], init[i*c.ldi+j:], a[i*c.rs:], b[j:], c.terms, &c.strides)
			}
		}
		requireBitsOrNaN(t, want, got, name)
	}
}

func TestInterleave(t *testing.T) {
	eachPairs(t, func(t *testing.T, k *kernels) {
		for _, cols := range conversionSizes {
			for _, rows := range []int{0, 1, 3, 11} {
				r := rand.New(rand.NewPCG(3, 4))
				lds, ldd := 2*cols+1, cols+3
				lo, hi := anyBits(r, rows*lds+cols), anyBits(r, rows*lds+cols)
				got, want := make([]float32, (rows+1)*ldd), make([]float32, (rows+1)*ldd)
				k.pairs.join(got, ldd, lo, hi, lds, cols, rows)
				interleaveGo(want, ldd, lo, hi, lds, cols, rows)
				requireBits(t, want, got)
			}
		}
	})
}

// Every layout and every remainder of k, exactly, with canaries.
func TestMatMulPairs(t *testing.T) {
	eachPairs(t, func(t *testing.T, k *kernels) {
		d := newPairDevice(t, k)
		for i := range 4 {
			for odd := range 5 {
				s := device.MatMul{Batch: 2, M: 41, N: 45, K: 30 + odd, TransA: i&1 > 0, TransB: i&2 > 0}
				c := newMatmulCase(s, whole)
				c.check(t, d, device.BFloat16, device.Float32, i == 0)
				c.check(t, d, device.BFloat16, device.BFloat16, i == 1)
			}
		}
	})
}

// Images and channels in pairs, with one of each left over, exactly.
func TestConv2DPairs(t *testing.T) {
	eachPairs(t, func(t *testing.T, k *kernels) {
		testConv2DPairs(t, newPairDevice(t, k))
	})
}

func testConv2DPairs(t *testing.T, d *Device) {
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
		k.pairs.wide(z, nr, z, nr, x, depth, 1, y, nr, depth)
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
