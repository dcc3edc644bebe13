package cuda

import (
	"testing"

	"example.org/chainrule/device"
	"example.org/chainrule/device/cuda/driver"
	"example.org/chainrule/device/cuda/driver/sim"

	"github.com/stretchr/testify/require"
)

func TestKernelChoice(t *testing.T) {
	a100 := &driver.Properties{Multiprocessors: 108}
	for _, c := range []struct {
		name string
		product
		want tile
	}{
		{"large", product{1, 4096, 4096, 4096, true}, tile128},
		{"many small", product{64, 256, 256, 64, true}, tile128},
		{"too few tiles of 128", product{1, 1024, 1024, 1024, true}, tile64},
		{"half of each tile of 128 empty", product{1, 1 << 16, 64, 576, true}, tile64},
		{"odd lines", product{1, 4096, 4095, 4096, false}, tile64},
		{"ten classes", product{1, 4096, 10, 512, false}, naive},
		{"depthwise", product{512, 4096, 1, 9, false}, naive},
	} {
		require.Equal(t, c.want, c.kernel(a100), c.name)
	}
}

// TestPhases compares the taps that each pixel meets with those that divide.
func TestPhases(t *testing.T) {
	const size, pad = 7, 2
	for _, c := range [][3]int{{3, 1, 1}, {3, 2, 1}, {5, 2, 2}, {4, 3, 2}, {5, 4, 6}, {1, 2, 1}, {7, 6, 4}} {
		kernel, stride, dilation := c[0], c[1], c[2]
		met := make([]map[int]int, size) // by pixel: the place of each tap
		for first := range min(stride, size) {
			p := phaseOf(first, size, kernel, stride, dilation, pad)
			for place := range p.places {
				met[first+place*stride] = map[int]int{}
				for i := range p.taps {
					met[first+place*stride][p.tap+i*p.step] = place + p.offset - i*p.back
				}
			}
		}
		for pixel := range size {
			want := map[int]int{}
			for tap := range kernel {
				if at := pixel + pad - tap*dilation; at%stride == 0 {
					want[tap] = at / stride
				}
			}
			require.Equal(t, want, met[pixel], "kernel, stride, dilation %v, pixel %d", c, pixel)
		}
	}
}

func TestSplits(t *testing.T) {
	for _, c := range [][3]int{{1, 1, 1}, {1000, 7, 32}, {64, 4, 32}, {33, 2, 32}, {0, 0, 32}, {100, 0, 1}, {9, 100, 1}} {
		s := splitOf(tile64, c[0], c[1], c[2])
		require.Positive(t, s.parts)
		require.LessOrEqual(t, s.parts, max(1, c[1]))
		require.Zero(t, s.each%c[2])
		require.GreaterOrEqual(t, s.parts*s.each, c[0], "all of it")
		require.Less(t, (s.parts-1)*s.each, max(1, c[0]), "no empty part")
	}
}

// TestPartsAreTheShapes: the number of parts, and so the order of every sum, is the
// same on any model of GPU; tiles of 128 are for those that they fill.
func TestPartsAreTheShapes(t *testing.T) {
	null, _ := openNull(t, Options{})
	x, err := null.Alloc(device.BFloat16, 0)
	require.NoError(t, err)
	for _, c := range []struct {
		n, size, channels, filters int
		parts                      int
		large                      tile
	}{
		{256, 8, 128, 128, 29, tile128}, // 9 tiles of 128
		{64, 32, 64, 64, 29, tile64},    // 9 tiles of 64
		{4, 8, 128, 128, 1, tile64},     // 256 positions
		{64, 32, 3, 10, 410, naive},
	} {
		s := device.Conv2D{N: c.n, H: c.size, W: c.size, C: c.channels, K: c.filters, Groups: 1, Window: device.Window{
			KH: 3, KW: 3, StrideH: 1, StrideW: 1, DilationH: 1, DilationW: 1, Top: 1, Left: 1, Bottom: 1, Right: 1,
		}}
		for _, multiprocessors := range []int{1, 46, 108, 132, 200} {
			got := gradFilterSplit(x, s, &driver.Properties{Multiprocessors: multiprocessors})
			require.Equal(t, c.parts, got.parts, "%+v on %d", c, multiprocessors)
			if multiprocessors == 132 {
				require.Equal(t, c.large, got.tile, "%+v", c)
			}
		}
	}
}

// openCounting opens a simulated device and returns how to make buffers of small
// integers, whose products and sums are exact, and how to read them.
func openCounting(t *testing.T) (*Device, func(device.DType, int) device.Buffer, func(device.Buffer) []float32) {
	t.Helper()
	d, err := Open(sim.New(sim.Options{}), 0, Options{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, d.Close()) })
	buffer := func(dtype device.DType, n int) device.Buffer {
		b, err := d.Alloc(dtype, n)
		require.NoError(t, err)
		v := make([]float32, n)
		for i := range v {
			v[i] = float32(i*i%13) - 6
		}
		d.Upload(b, v)
		return b
	}
	download := func(b device.Buffer) []float32 {
		v := make([]float32, b.Len())
		require.NoError(t, d.Download(v, b))
		return v
	}
	return d, buffer, download
}

// TestMixedDestinations holds a product with destinations of two dtypes to the
// bits of two products.
func TestMixedDestinations(t *testing.T) {
	d, buffer, download := openCounting(t)
	s := device.MatMul{Batch: 1, M: 20, N: 24, K: 16, Act: device.Unary{Func: device.ReLU}}
	a, b := buffer(device.BFloat16, s.M*s.K), buffer(device.BFloat16, s.K*s.N)
	narrow, wide := buffer(device.BFloat16, s.M*s.N), buffer(device.Float32, s.M*s.N)
	d.MatMul(device.To(narrow), device.Dst{}, a, b, nil, s)
	d.MatMul(device.Dst{}, device.To(wide), a, b, nil, s)

	c, pre := buffer(device.BFloat16, s.M*s.N), buffer(device.Float32, s.M*s.N)
	d.MatMul(device.To(c), device.To(pre), a, b, nil, s)
	require.Equal(t, download(narrow), download(c))
	require.Equal(t, download(wide), download(pre))
}

// TestPartsAreWholeSlices sums over positions that two parts of whole slices share
// unevenly: each is counted once.
func TestPartsAreWholeSlices(t *testing.T) {
	d, buffer, download := openCounting(t)
	s := device.Conv2D{N: 7, H: 10, W: 10, C: 16, K: 16, Groups: 1, Window: device.Window{
		KH: 3, KW: 3, StrideH: 1, StrideW: 1, DilationH: 1, DilationW: 1, Top: 1, Left: 1, Bottom: 1, Right: 1,
	}}
	for _, dtype := range []device.DType{device.Float32, device.BFloat16} {
		dy, x := buffer(dtype, s.N*s.H*s.W*s.K), buffer(dtype, s.N*s.H*s.W*s.C)
		sum := func(t split) []float32 {
			dw := buffer(device.Float32, s.K*s.KH*s.KW*s.C)
			d.run(device.Call{Op: "Conv2DGradFilter"}, func(l *launcher) { l.gradFilter(t, device.To(dw), dy, x, s) })
			return download(dw)
		}
		parts := gradFilterSplit(x, s, &d.properties)
		require.Equal(t, 2, parts.parts)
		require.Equal(t, sum(split{naive, 1, s.N * s.H}), sum(parts), dtype)
	}
}

// TestGradFilterParts holds a filter's gradient in parts to the one made at once.
func TestGradFilterParts(t *testing.T) {
	d, buffer, download := openCounting(t)
	s := device.Conv2D{
		N: 3, H: 9, W: 7, C: 48, K: 48, Groups: 2,
		Window: device.Window{KH: 2, KW: 3, StrideH: 1, StrideW: 1, DilationH: 1, DilationW: 1, Top: 1, Left: 2},
	}
	oh, ow := s.Out()
	for _, dtype := range []device.DType{device.Float32, device.BFloat16} {
		dy, x := buffer(dtype, s.N*oh*ow*s.K), buffer(dtype, s.N*s.H*s.W*s.C)
		sum := func(t split) []float32 {
			dw := buffer(device.Float32, s.K*s.KH*s.KW*s.C/s.Groups)
			d.run(device.Call{Op: "Conv2DGradFilter"}, func(l *launcher) { l.gradFilter(t, device.Onto(dw), dy, x, s) })
			return download(dw)
		}
		want := sum(split{naive, 1, s.N * oh})
		require.Equal(t, want, sum(split{naive, 4, 7}), dtype)
		require.Equal(t, want, sum(split{tile64, 1, 192}), dtype)
		require.Equal(t, want, sum(split{tile64, 3, 64}), dtype)
		require.Equal(t, want, sum(split{tile128, 2, 128}), dtype)
	}
}
