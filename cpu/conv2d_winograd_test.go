package cpu

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"example.org/chainrule/device"

	"github.com/stretchr/testify/require"
)

const canary = 7

// guarded is n canaries.
func guarded(n int) []float32 {
	v := make([]float32, n)
	fill(v, canary)
	return v
}

// requireAlike compares what a routine and its twin wrote: within some roundings
// of the largest, and the same canaries, infinities and NaN.
func requireAlike(t *testing.T, want, got []float32) {
	t.Helper()
	largest := float32(0)
	for _, v := range want {
		if v-v == 0 {
			largest = max(largest, max(v, -v))
		}
	}
	for i, v := range want {
		switch {
		case v != v:
			require.True(t, got[i] != got[i], "element %d", i)
		case v == canary || v-v != 0:
			require.Equal(t, v, got[i], "element %d", i)
		default:
			require.InDelta(t, v, got[i], float64(16*0x1p-24*largest), "element %d", i)
		}
	}
}

// Every transform of a tile does what its twin does, for every part of the tile
// that may lie inside the image, and reads and writes nothing else.
func TestWinogradTileTransforms(t *testing.T) {
	eachLevel(t, func(t *testing.T, l Level) {
		k, err := kernelsFor(l)
		require.NoError(t, err)
		testTileTransform(t, 6, goTransforms.data, k.data)
		for taps := 2; taps <= 5; taps++ {
			testTileTransform(t, taps, goTransforms.filter[taps], k.filter[taps])
		}
	})
}

func testTileTransform(t *testing.T, size int, twin, transform tileTransform) {
	r := rand.New(rand.NewPCG(1, 2))
	for lo := range size {
		for hi := lo; hi <= size; hi++ {
			n := 16 * (1 + (lo+hi)%3)
			step, pixel, line := n+3, n+1, size*(n+1)+5
			rows, cols := uint(1<<hi-1<<lo), uint(1<<(size-lo)-1<<(size-hi))
			for _, x := range [][]float32{noise(r, line*(hi-lo)), special(r, line*(hi-lo))} {
				// x is only the lines inside, so that reading others would be seen.
				at := -lo*line - (size-hi)*pixel
				want, got := guarded(36*step), guarded(36*step)
				twin(want, step, x, at, line, pixel, rows, cols, n)
				transform(got, step, x, at, line, pixel, rows, cols, n)
				requireAlike(t, want, got)
			}
		}
	}
}

// special is n numbers among which are the unusual ones, some in each channel.
func special(r *rand.Rand, n int) []float32 {
	v := noise(r, n)
	unusual := [...]float32{0, float32(math.Copysign(0, -1)), 1e-40, -1e-42, 1e30, -1e30,
		float32(math.Inf(1)), float32(math.Inf(-1)), float32(math.NaN())}
	for i := range v {
		if r.IntN(8) == 0 {
			v[i] = unusual[r.IntN(len(unusual))]
		}
	}
	return v
}

func TestWinogradOutputTransforms(t *testing.T) {
	eachLevel(t, func(t *testing.T, l Level) {
		k, err := kernelsFor(l)
		require.NoError(t, err)
		for outputs := 2; outputs <= 5; outputs++ {
			testOutputTransform(t, outputs, goTransforms.output[outputs], k.output[outputs])
		}
	})
}

func testOutputTransform(t *testing.T, size int, twin, transform outputTransform) {
	r := rand.New(rand.NewPCG(3, 4))
	for _, n := range []int{16, 32, 48} {
		step, pixel, line := n+3, n+1, size*(n+1)+5
		for _, add := range [][2]int{{0, 0}, {line, pixel}} {
			for _, draw := range []func(*rand.Rand, int) []float32{noise, special} {
				m, bias := draw(r, 36*step), noise(r, size*line)
				want, got := guarded(size*line), guarded(size*line)
				twin(want, line, pixel, m, step, bias, add[0], add[1], n)
				transform(got, line, pixel, m, step, bias, add[0], add[1], n)
				requireAlike(t, want, got)
			}
		}
	}
}

// The transforms are an algorithm for convolution: the outputs of a tile are, in
// float64's eyes, the sums of the definition.
func TestWinogradIdentity(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for taps := 2; taps <= 5; taps++ {
		outputs := winogradTile + 1 - taps
		d, g := noise(r, 6), noise(r, taps)
		v, u, m := oneAxis(winogradData, d), oneAxis(winogradFilter(taps), g), make([]float32, 6)
		for i := range m {
			m[i] = u[i] * v[i]
		}
		y := oneAxis(winogradOutput(outputs), m)
		for o, got := range y[:outputs] {
			want := 0.
			for k := range taps {
				want += float64(d[o+k]) * float64(g[k])
			}
			require.InDelta(t, want, got, 1e-5, "%d taps, output %d", taps, o)
		}
	}
}

// oneAxis is f of x, on a channel.
func oneAxis(f func(v, x *vectors), x []float32) (v [6]float32) {
	var in, out vectors
	for i := range x {
		in[i][3] = x[i]
	}
	f(&out, &in)
	for i := range v {
		v[i] = out[i][3]
	}
	return v
}

// winogradCases have whole and ragged tiles and strips, and every padding that
// leaves each window something of its image.
func winogradCases() []device.Conv2D {
	lopsided := square(3, 1, 1, 1)
	lopsided.Top, lopsided.Bottom, lopsided.Left, lopsided.Right = 0, 2, 2, 1
	return []device.Conv2D{
		{N: 16, H: 8, W: 8, C: 16, K: 16, Groups: 1, Window: square(3, 1, 1, 1)},
		{N: 5, H: 16, W: 15, C: 32, K: 48, Groups: 1, Window: square(3, 1, 1, 1)},
		{N: 9, H: 11, W: 13, C: 48, K: 32, Groups: 1, Window: lopsided},
		{N: 9, H: 12, W: 14, C: 16, K: 80, Groups: 1, Window: square(3, 1, 1, 0)},
		{N: 2, H: 14, W: 14, C: 32, K: 64, Groups: 1, Window: square(5, 1, 1, 2)},
		{N: 3, H: 13, W: 12, C: 80, K: 16, Groups: 1, Window: square(5, 1, 1, 1)},
	}
}

// A matrix is a transform's in one axis, or a tile of 36 values.
type matrix [6][6]float64

// magnitudes are those of the elements of f's matrix.
func magnitudes(f func(v, x *vectors)) (m matrix) {
	for j := range m {
		unit := make([]float32, 6)
		unit[j] = 1
		for i, v := range oneAxis(f, unit) {
			m[i][j] = math.Abs(float64(v))
		}
	}
	return m
}

// both is m x mᵀ.
func (m matrix) both(x matrix) matrix { return m.times(m.times(x).transposed()).transposed() }

func (m matrix) times(x matrix) (y matrix) {
	for i := range m {
		for k, v := range m[i] {
			for j := range m {
				y[i][j] += v * x[k][j]
			}
		}
	}
	return y
}

func (m matrix) transposed() (t matrix) {
	for i := range 36 {
		t[i/6][i%6] = m[i%6][i/6]
	}
	return t
}

// addProducts adds the products of the values of two tiles.
func (m *matrix) addProducts(u, v *matrix) {
	for i := range m {
		for j := range m[i] {
			m[i][j] += u[i][j] * v[i][j]
		}
	}
}

// winogradBound is how far from the exact result every element of a convolution
// may be; see winograd.
func winogradBound(s device.Conv2D, x, w []float32) []float64 {
	grid := tilesOfConv2D(s)
	b, g, a := magnitudes(winogradData), magnitudes(winogradFilter(s.KH)), magnitudes(winogradOutput(grid.outputs))
	filters := make([]matrix, s.K*s.C)
	for i := range filters {
		filters[i] = g.both(tileOf(w, i/s.C*s.KH*s.KW*s.C+i%s.C, s.KW*s.C, s.C, s.KH, 0, 0, s.KH, s.KW))
	}
	bound := make([]float64, s.N*grid.oh*grid.ow*s.K)
	for t := range grid.tiles() {
		n, i, j := grid.at(t)
		pixels := make([]matrix, s.C)
		for c := range pixels {
			pixels[c] = b.both(tileOf(x, n*s.H*s.W*s.C+c, s.W*s.C, s.C, 6, i-s.Top, j-s.Left, s.H, s.W))
		}
		for k := range s.K {
			var sums matrix
			for c := range pixels {
				sums.addProducts(&pixels[c], &filters[k*s.C+c])
			}
			for e, v := range flat(a.both(sums)) {
				if h, w := e/6, e%6; h < grid.outputs && w < grid.outputs && i+h < grid.oh && j+w < grid.ow {
					bound[((n*grid.oh+i+h)*grid.ow+j+w)*s.K+k] = float64(s.C+32) * 0x1p-24 * v
				}
			}
		}
	}
	return bound
}

// winogradGradBound is the same for the gradient of the filters.
func winogradGradBound(s device.Conv2D, dy, x []float32) []float64 {
	grid := tilesOfConv2D(s)
	b, g, a := magnitudes(winogradData), magnitudes(winogradFilter(grid.outputs)), magnitudes(winogradOutput(s.KH))
	sums := make([]matrix, s.K*s.C)
	for t := range grid.tiles() {
		n, i, j := grid.at(t)
		pixels := make([]matrix, s.C)
		for c := range pixels {
			pixels[c] = b.both(tileOf(x, n*s.H*s.W*s.C+c, s.W*s.C, s.C, 6, i-s.Top, j-s.Left, s.H, s.W))
		}
		for k := range s.K {
			u := g.both(tileOf(dy, n*grid.oh*grid.ow*s.K+k, grid.ow*s.K, s.K, grid.outputs, i, j, grid.oh, grid.ow))
			for c := range pixels {
				sums[k*s.C+c].addProducts(&u, &pixels[c])
			}
		}
	}
	bound := make([]float64, s.K*s.KH*s.KW*s.C)
	for i, sum := range sums {
		for e, v := range flat(a.both(sum)) {
			if e/6 < s.KH && e%6 < s.KW {
				bound[((i/s.C*s.KH+e/6)*s.KW+e%6)*s.C+i%s.C] = float64(grid.tiles()+32) * 0x1p-24 * v
			}
		}
	}
	return bound
}

func flat(m matrix) (v [36]float64) {
	for i := range v {
		v[i] = m[i/6][i%6]
	}
	return v
}

// tileOf is the magnitudes of the size by size pixels from (top, left) on of an
// image of height by width at x[at], zeros outside of it.
func tileOf(x []float32, at, line, pixel, size, top, left, height, width int) (m matrix) {
	for h := range size {
		for w := range size {
			if i, j := top+h, left+w; i >= 0 && i < height && j >= 0 && j < width {
				m[h][w] = math.Abs(float64(x[at+i*line+j*pixel]))
			}
		}
	}
	return m
}

// mirroredFilters are the filters of mirrored(s).
func mirroredFilters(s device.Conv2D, w []float32) []float32 {
	size, v := s.KH*s.KW, make([]float32, len(w))
	for i, x := range w {
		k, tap, c := i/s.C/size, i/s.C%size, i%s.C
		v[(c*size+size-1-tap)*s.K+k] = x
	}
	return v
}

// Every element of the three results is within the bound.
func TestWinogradBound(t *testing.T) {
	t.Setenv(WinogradVariable, "on")
	for i, s := range winogradCases() {
		c := newConvCase(s, noise)
		y, dx := winogradBound(s, c.x, c.w), winogradBound(mirrored(s), c.dy, mirroredFilters(s, c.w))
		dw := winogradGradBound(s, c.dy, c.x)
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			eachLevel(t, func(t *testing.T, l Level) {
				d := newDevice(t, l, 2)
				require.True(t, d.byWinogradGrad(s, device.Float32))
				require.True(t, d.byWinograd(mirrored(s), device.Float32))
				gotY, gotX, gotW := c.run(t, d, device.Float32, device.Float32)
				requireWithin(t, "y", c.wantY, gotY, y)
				requireWithin(t, "dx", c.wantX, gotX, dx)
				requireWithin(t, "dw", c.wantW, gotW, dw)
			})
		})
	}
}

// requireWithin compares what was added to ones.
func requireWithin(t *testing.T, name string, want []float64, got []float32, bound []float64) {
	t.Helper()
	for i, v := range got {
		sum := want[i] + 1
		require.InDelta(t, sum, v, bound[i]+0x1p-24*math.Abs(sum), "%s[%d]", name, i)
	}
}

// Direct convolutions are exact where the numbers are whole; the option and the
// environment ask for them.
func TestWinogradOff(t *testing.T) {
	s := winogradCases()[0]
	d, err := New(Options{Direct: true, Threads: 2})
	require.NoError(t, err)
	newConvCase(s, whole).check(t, d, device.Float32, device.Float32)
	require.NoError(t, d.Close())
	t.Setenv(WinogradVariable, "off")
	require.False(t, newDevice(t, 0, 2).byWinograd(s, device.Float32))
	t.Setenv(WinogradVariable, "on")
	require.True(t, newDevice(t, 0, 2).byWinograd(s, device.Float32))
	t.Setenv(WinogradVariable, "never")
	_, err = New(Options{})
	require.ErrorContains(t, err, `CHAINRULE_WINOGRAD="never": want on or off`)
}

// What follows the sums: bias and activation, both results, and adding to one;
// the bits do not depend on the workers, and playing again allocates nothing.
func TestWinogradKernels(t *testing.T) {
	var cases []kernelCase
	for i, s := range winogradCases() {
		s.Act.Func = [...]device.UnaryFunc{device.Identity, device.ReLU}[i%2]
		cases = append(cases, kernelCase{fmt.Sprint(i), func(b *bed) (func(), []device.Buffer) {
			oh, ow := s.Out()
			x, w := b.data(device.Float32, s.N*s.H*s.W*s.C), b.data(device.Float32, s.K*s.KH*s.KW*s.C)
			bias, dy := b.data(device.Float32, s.K), b.data(device.Float32, s.N*oh*ow*s.K)
			y, pre := b.alloc(device.Float32, s.N*oh*ow*s.K), b.alloc(device.Float32, s.N*oh*ow*s.K)
			dx, dw := b.alloc(device.Float32, s.N*s.H*s.W*s.C), b.alloc(device.Float32, s.K*s.KH*s.KW*s.C)
			return func() {
				b.Conv2D(device.To(y), device.To(pre), x, w, bias, s)
				b.Conv2DGradInput(device.To(dx), dy, w, s)
				b.Conv2DGradFilter(device.To(dw), dy, x, s)
			}, []device.Buffer{y, pre, dx, dw}
		}})
	}
	testKernels(t, cases)
	testValues(t, cases)
}
