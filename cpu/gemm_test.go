package cpu

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/chainrule/device"
)

// eachLevel runs f once for every level of this machine.
func eachLevel(t *testing.T, f func(t *testing.T, l Level)) {
	for _, l := range Levels() {
		t.Run(l.String(), func(t *testing.T) { f(t, l) })
	}
}

// upload is a new buffer that holds v.
func upload(t testing.TB, d *Device, dt device.DType, v []float32) device.Buffer {
	b, err := d.Alloc(dt, len(v))
	require.NoError(t, err)
	d.Upload(b, v)
	return b
}

func download(t testing.TB, d *Device, b device.Buffer) []float32 {
	v := make([]float32, b.Len())
	require.NoError(t, d.Download(v, b))
	return v
}

// noise is n normal numbers.
func noise(r *rand.Rand, n int) []float32 {
	v := make([]float32, n)
	for i := range v {
		v[i] = float32(r.NormFloat64())
	}
	return v
}

// whole is n whole numbers from -2 to 2: their products add up without rounding,
// so that a result is right or wrong.
func whole(r *rand.Rand, n int) []float32 {
	v := make([]float32, n)
	for i := range v {
		v[i] = float32(r.IntN(5) - 2)
	}
	return v
}

// as is v as dt stores it.
func as(dt device.DType, v float64) float32 {
	if dt == device.BFloat16 {
		return toBFloat16(float32(v)).float32()
	}
	return float32(v)
}

func TestMicroKernels(t *testing.T) {
	eachLevel(t, func(t *testing.T, l Level) {
		k, err := kernelsFor(l)
		require.NoError(t, err)
		for _, depth := range []int{0, 1, 2, 7, 33} {
			testMicroKernel(t, k.wide, k.mr, k.nr, depth)
			if k.narrow != nil {
				testMicroKernel(t, k.narrow, k.mr, k.nr/2, depth)
			}
		}
	})
}

func testMicroKernel(t *testing.T, kernel microKernel, mr, nr, depth int) {
	r := rand.New(rand.NewPCG(1, 2))
	ldb, ldc := nr+3, nr+5
	for _, stride := range [][3]int{{depth + 2, 1, ldc}, {1, mr + 1, 0}} {
		rs, ks, ldi := stride[0], stride[1], stride[2]
		a, b, c := noise(r, mr*rs+depth*ks+1), noise(r, (depth+1)*ldb), noise(r, (mr+1)*ldc)
		got := append([]float32{}, c...)
		init := got // itself, or a row that is repeated
		if ldi == 0 {
			init = noise(r, nr)
		}
		start := append([]float32{}, init...)
		kernel(got, ldc, init, ldi, a, rs, ks, b, ldb, depth)
		for i := range got {
			row, col := i/ldc, i%ldc
			if row >= mr || col >= nr {
				require.Equal(t, c[i], got[i], "outside the tile")
				continue
			}
			want := float64(start[row*ldi+col])
			size := math.Abs(want)
			for p := range depth {
				x := float64(a[row*rs+p*ks]) * float64(b[p*ldb+col])
				want, size = want+x, size+math.Abs(x)
			}
			// Higham, Accuracy and Stability of Numerical Algorithms, section 3.1.
			require.InDelta(t, want, got[i], float64(depth+2)*size/(1<<24))
		}
	}
}

func TestTranspose(t *testing.T) {
	eachLevel(t, func(t *testing.T, l Level) {
		k, err := kernelsFor(l)
		require.NoError(t, err)
		for _, cols := range []int{0, 8, 24} {
			src := noise(rand.New(rand.NewPCG(3, 4)), 8*(cols+3))
			dst := make([]float32, (cols+1)*10)
			k.transpose(dst, 10, src, cols+3, cols)
			for i, v := range dst {
				if c, r := i/10, i%10; c < cols && r < 8 {
					require.Equal(t, src[r*(cols+3)+c], v)
				} else {
					require.Zero(t, v, "outside the block")
				}
			}
		}
	})
}

func TestCopyRows(t *testing.T) {
	eachLevel(t, func(t *testing.T, l Level) {
		k, err := kernelsFor(l)
		require.NoError(t, err)
		for _, size := range [][2]int{{0, 8}, {8, 0}, {1, 8}, {3, 40}, {33, 64}} {
			rows, cols := size[0], size[1]
			src := noise(rand.New(rand.NewPCG(3, 4)), (rows+1)*(cols+3))
			dst := make([]float32, (rows+1)*(cols+2))
			k.copyRows(dst, cols+2, src, cols+3, cols, rows)
			for i, v := range dst {
				if r, c := i/(cols+2), i%(cols+2); r < rows && c < cols {
					require.Equal(t, src[r*(cols+3)+c], v)
				} else {
					require.Zero(t, v, "outside the block")
				}
			}
		}
	})
}

// A matmulCase is a product with its operands as stored.
type matmulCase struct {
	device.MatMul
	a, b, bias, stale []float32 // bias may be nil
}

func newMatmulCase(s device.MatMul, draw func(*rand.Rand, int) []float32) matmulCase {
	r := rand.New(rand.NewPCG(5, 6))
	count := func(shared bool, n int) int {
		if shared {
			return n
		}
		return n * s.Batch
	}
	return matmulCase{
		MatMul: s,
		a:      draw(r, count(s.SharedA, s.M*s.K)),
		b:      draw(r, count(s.SharedB, s.K*s.N)),
		bias:   draw(r, s.N),
		stale:  draw(r, s.Batch*s.M*s.N),
	}
}

// at is the definition of element (i, row, col).
func (c *matmulCase) at(i, row, col int) float64 {
	sum := 0.0
	if c.bias != nil {
		sum = float64(c.bias[col])
	}
	for p := range c.K {
		a := place(i, row, p, c.M, c.K, c.TransA, c.SharedA)
		b := place(i, p, col, c.K, c.N, c.TransB, c.SharedB)
		sum += float64(c.a[a]) * float64(c.b[b])
	}
	return sum
}

// place is where element (row, col) of matrix i, rows by cols, is stored.
func place(i, row, col, rows, cols int, trans, shared bool) int {
	at := row*cols + col
	if trans {
		at = col*rows + row
	}
	if shared {
		return at
	}
	return i*rows*cols + at
}

// run computes the case on d; the buffer of the result holds canaries around it.
func (c *matmulCase) run(t testing.TB, d *Device, data, result device.DType, add bool) []float32 {
	const canary = 64
	guarded := make([]float32, len(c.stale)+2*canary)
	for i := range guarded {
		guarded[i] = 7
	}
	copy(guarded[canary:], c.stale)
	dst := upload(t, d, result, guarded)
	a, b := upload(t, d, data, c.a), upload(t, d, data, c.b)
	var bias device.Buffer
	if c.bias != nil {
		bias = upload(t, d, device.Float32, c.bias)
	}
	to := device.Dst{Buf: dst.Slice(canary, canary+len(c.stale)), Add: add}
	d.MatMul(to, device.Dst{}, a, b, bias, c.MatMul)
	got := download(t, d, dst)
	for i := range canary {
		require.EqualValues(t, 7, got[i])
		require.EqualValues(t, 7, got[len(got)-1-i])
	}
	require.Equal(t, c.a, download(t, d, a))
	require.Equal(t, c.b, download(t, d, b))
	return got[canary : len(got)-canary]
}

// check requires the result to be exact.
func (c *matmulCase) check(t testing.TB, d *Device, data, result device.DType, add bool) {
	for i, got := range c.run(t, d, data, result, add) {
		want := c.at(i/(c.M*c.N), i/c.N%c.M, i%c.N)
		if add {
			want += float64(c.stale[i])
		}
		require.Equal(t, as(result, want), got, "%+v, element %d", c.MatMul, i)
	}
}

func TestMatMulSizes(t *testing.T) {
	eachLevel(t, func(t *testing.T, l Level) {
		d := newDevice(t, l, 2)
		sizes := []int{0, 1, 7, 33, 48} // 48 is a multiple of every micro-tile
		for _, m := range sizes {
			for _, n := range sizes {
				for _, k := range sizes {
					s := device.MatMul{Batch: 1, M: m, N: n, K: k, TransA: (m+n)%2 == 0, TransB: (n+k)%2 == 0}
					c := newMatmulCase(s, whole)
					if k%2 == 0 {
						c.bias = nil
					}
					c.check(t, d, device.Float32, device.Float32, (m+n+k)%2 == 0)
				}
			}
		}
	})
}

func TestMatMulBlocks(t *testing.T) {
	eachLevel(t, func(t *testing.T, l Level) {
		d := newDevice(t, l, 2)
		fit := d.kernel.blocksFor(d.caches)
		for i, s := range []device.MatMul{
			{Batch: 1, M: fit.rows + 1, N: fit.cols - 1, K: fit.depth + 1},
			{Batch: 1, M: fit.rows - 1, N: fit.cols + 1, K: 19, TransA: true},
			{Batch: 1, M: 2*fit.rows + 5, N: 40, K: 2*fit.depth + 3, TransB: true},
			{Batch: 1, M: 5, N: 21, K: 6*fit.depth*minPart + 3, TransA: true}, // in parts
			{Batch: 3, M: 17, N: 18, K: 19, SharedA: true},
			{Batch: 3, M: 17, N: 18, K: 19, SharedB: true},
			{Batch: 3, M: 17, N: 18, K: 19, SharedB: true, TransA: true, TransB: true},
			{Batch: 40, M: 3, N: 4, K: 5, TransA: true, TransB: true},
		} {
			c := newMatmulCase(s, whole)
			c.check(t, d, device.Float32, device.Float32, i%2 == 0)
		}
	})
}

func TestMatMulDTypes(t *testing.T) {
	eachLevel(t, func(t *testing.T, l Level) {
		d := newDevice(t, l, 2)
		fit := d.kernel.blocksFor(d.caches)
		for _, s := range []device.MatMul{
			{Batch: 2, M: 33, N: 45, K: 65},
			{Batch: 1, M: fit.rows + 9, N: 41, K: 35, TransA: true, TransB: true},
		} {
			c := newMatmulCase(s, whole)
			for _, add := range []bool{false, true} {
				c.check(t, d, device.BFloat16, device.BFloat16, add)
				c.check(t, d, device.BFloat16, device.Float32, add)
			}
		}
	})
}

// The bits of a result do not depend on the workers.
func TestMatMulBits(t *testing.T) {
	eachLevel(t, func(t *testing.T, l Level) {
		one := newDevice(t, l, 1)
		fit := one.kernel.blocksFor(one.caches)
		for _, s := range []device.MatMul{
			{Batch: 1, M: 300, N: 280, K: 270, TransB: true},
			{Batch: 1, M: 301, N: 283, K: fit.depth + 9, TransA: true}, // in tiles, and k in blocks
			{Batch: 1, M: 12, N: 20, K: 6 * fit.depth * minPart},
		} {
			c := newMatmulCase(s, noise)
			want := c.run(t, one, device.Float32, device.Float32, true)
			for _, threads := range []int{2, 3, 5} {
				got := c.run(t, newDevice(t, l, threads), device.Float32, device.Float32, true)
				require.Equal(t, want, got, "%d workers", threads)
			}
		}
	})
}

// Both results of a call: before and after the activation, of micro-tiles in
// part and of whole ones.
func TestMatMulActivation(t *testing.T) {
	d := newDevice(t, 0, 2)
	for _, s := range []device.MatMul{{Batch: 1, M: 5, N: 50, K: 9}, {Batch: 2, M: 48, N: 64, K: 9}} {
		c := newMatmulCase(s, whole)
		want := c.run(t, d, device.Float32, device.Float32, false)
		y, pre := upload(t, d, device.Float32, c.stale), upload(t, d, device.Float32, c.stale)
		a, b, bias := upload(t, d, device.Float32, c.a), upload(t, d, device.Float32, c.b), upload(t, d, device.Float32, c.bias)
		c.Act.Func = device.ReLU
		d.MatMul(device.To(y), device.To(pre), a, b, bias, c.MatMul)
		require.Equal(t, want, download(t, d, pre))
		for i, v := range download(t, d, y) {
			require.Equal(t, max(want[i], 0), v)
		}
	}
}

// NaN and infinities spread as IEEE 754 says: a zero factor hides none.
func TestMatMulNaN(t *testing.T) {
	eachLevel(t, func(t *testing.T, l Level) {
		d := newDevice(t, l, 1)
		inf := float32(math.Inf(1))
		a := upload(t, d, device.Float32, []float32{0, 1, 1, 1})
		b := upload(t, d, device.Float32, []float32{inf, 2, 1, 3})
		c := upload(t, d, device.Float32, make([]float32, 4))
		d.MatMul(device.To(c), device.Dst{}, a, b, nil, device.MatMul{Batch: 1, M: 2, N: 2, K: 2})
		got := download(t, d, c)
		require.True(t, math.IsNaN(float64(got[0])), "0 * Inf")
		require.Equal(t, []float32{3, inf, 5}, got[1:])
	})
}

// A plan that is played again allocates nothing.
func TestMatMulAllocs(t *testing.T) {
	d := newDevice(t, 0, 2)
	fit := d.kernel.blocksFor(d.caches)
	for _, s := range []device.MatMul{
		{Batch: 1, M: 300, N: 280, K: 270, TransB: true},
		{Batch: 1, M: 12, N: 20, K: 6 * fit.depth * minPart, TransA: true},
	} {
		c := newMatmulCase(s, whole)
		a, b, dst := upload(t, d, device.Float32, c.a), upload(t, d, device.Float32, c.b), upload(t, d, device.Float32, c.stale)
		r, err := d.Record(func() error {
			d.MatMul(device.Onto(dst), device.Dst{}, a, b, nil, s)
			return nil
		})
		require.NoError(t, err)
		require.Zero(t, testing.AllocsPerRun(10, func() { _ = r.Run() }))
		r.Close()
	}
}

func BenchmarkMatMul(b *testing.B) {
	for _, s := range []device.MatMul{
		{M: 64, N: 64, K: 64},
		{M: 256, N: 256, K: 256},
		{M: 1024, N: 1024, K: 1024},
		{M: 1024, N: 1024, K: 1024, TransA: true},
		{M: 1024, N: 1024, K: 1024, TransB: true},
		{M: 64, N: 1024, K: 3136, TransB: true},
		{M: 64, N: 3136, K: 1024},
		{M: 1024, N: 3136, K: 64, TransA: true},
		{M: 1, N: 1024, K: 1024},
	} {
		s.Batch = 1
		for _, l := range Levels() {
			b.Run(fmt.Sprintf("%dx%dx%d%s/%v", s.M, s.N, s.K, transName(s), l), func(b *testing.B) {
				d := newDevice(b, l, 0)
				x, y := upload(b, d, device.Float32, make([]float32, s.M*s.K)), upload(b, d, device.Float32, make([]float32, s.K*s.N))
				z := upload(b, d, device.Float32, make([]float32, s.M*s.N))
				for b.Loop() {
					d.MatMul(device.To(z), device.Dst{}, x, y, nil, s)
				}
				b.ReportMetric(float64(s.FLOPs())*float64(b.N)/float64(b.Elapsed().Nanoseconds()), "GFLOP/s")
			})
		}
	}
}

func transName(s device.MatMul) string {
	switch {
	case s.TransA:
		return "TransA"
	case s.TransB:
		return "TransB"
	}
	return ""
}
