package cpu

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/chainrule/device"
)

// A convCase is a convolution with operands, and its three results by the
// definition in float64.
type convCase struct {
	device.Conv2D
	over                bool // results overwrite NaN, or else are added to ones
	x, w, dy            []float32
	wantY, wantX, wantW []float64
}

func newConvCase(s device.Conv2D, draw func(*rand.Rand, int) []float32) *convCase {
	r := rand.New(rand.NewPCG(7, 8))
	oh, ow := s.Out()
	nx, nw, ny := s.N*s.H*s.W*s.C, s.K*s.KH*s.KW*s.C/s.Groups, s.N*oh*ow*s.K
	c := &convCase{Conv2D: s, x: draw(r, nx), w: draw(r, nw), dy: draw(r, ny)}
	c.wantX, c.wantW, c.wantY = make([]float64, nx), make([]float64, nw), make([]float64, ny)
	c.define(oh, ow)
	return c
}

// define walks every triple of elements of y, x and w that meet.
func (c *convCase) define(oh, ow int) {
	group, filters := c.C/c.Groups, c.K/c.Groups
	for y := range c.wantY {
		o, j, i, n := y%c.K, y/c.K%ow, y/c.K/ow%oh, y/c.K/ow/oh
		for tap := range c.KH * c.KW * group {
			ch, kw, kh := tap%group, tap/group%c.KW, tap/group/c.KW
			h, w := i*c.StrideH+kh*c.DilationH-c.Top, j*c.StrideW+kw*c.DilationW-c.Left
			if h >= 0 && h < c.H && w >= 0 && w < c.W {
				c.meet(y, ((n*c.H+h)*c.W+w)*c.C+o/filters*group+ch, o*c.KH*c.KW*group+tap)
			}
		}
	}
}

func (c *convCase) meet(y, x, w int) {
	c.wantY[y] += float64(c.x[x]) * float64(c.w[w])
	c.wantX[x] += float64(c.dy[y]) * float64(c.w[w])
	c.wantW[w] += float64(c.dy[y]) * float64(c.x[x])
}

// run computes the three results on d.
func (c *convCase) run(t testing.TB, d *Device, data, result device.DType) (y, dx, dw []float32) {
	prior := float32(1)
	if c.over {
		prior = float32(math.NaN())
	}
	dst := func(n int) device.Dst {
		v := make([]float32, n)
		fill(v, prior)
		return device.Dst{Buf: upload(t, d, result, v), Add: !c.over}
	}
	x, w, dy := upload(t, d, data, c.x), upload(t, d, data, c.w), upload(t, d, data, c.dy)
	to, toX, toW := dst(len(c.wantY)), dst(len(c.wantX)), dst(len(c.wantW))
	d.Conv2D(to, device.Dst{}, x, w, nil, c.Conv2D)
	d.Conv2DGradInput(toX, dy, w, c.Conv2D)
	d.Conv2DGradFilter(toW, dy, x, c.Conv2D)
	return download(t, d, to.Buf), download(t, d, toX.Buf), download(t, d, toW.Buf)
}

// check requires the results to be exact.
func (c *convCase) check(t testing.TB, d *Device, data, result device.DType) {
	y, dx, dw := c.run(t, d, data, result)
	c.requireExact(t, "y", result, c.wantY, y)
	c.requireExact(t, "dx", result, c.wantX, dx)
	c.requireExact(t, "dw", result, c.wantW, dw)
}

// requireExact compares a result with the definition's.
func (c *convCase) requireExact(t testing.TB, name string, dt device.DType, want []float64, got []float32) {
	t.Helper()
	prior := 1.0
	if c.over {
		prior = 0
	}
	for i, v := range got {
		if w := as(dt, want[i]+prior); w != v {
			require.Equal(t, w, v, "%s[%d] of %+v", name, i, c.Conv2D)
		}
	}
}

// square is a window with the same numbers in both axes.
func square(kernel, stride, dilation, pad int) device.Window {
	return device.Window{
		KH: kernel, KW: kernel, StrideH: stride, StrideW: stride, DilationH: dilation, DilationW: dilation,
		Top: pad, Bottom: pad, Left: pad, Right: pad,
	}
}

func convCases() []device.Conv2D {
	return []device.Conv2D{
		{N: 2, H: 9, W: 8, C: 1, K: 5, Groups: 1, Window: square(5, 1, 1, 2)},
		{N: 2, H: 7, W: 11, C: 3, K: 34, Groups: 1, Window: square(3, 1, 1, 1)},
		{N: 2, H: 9, W: 8, C: 5, K: 4, Groups: 1, Window: square(3, 2, 1, 1)},
		{N: 2, H: 8, W: 9, C: 5, K: 4, Groups: 1, Window: square(1, 2, 1, 0)},
		{N: 2, H: 8, W: 9, C: 5, K: 4, Groups: 1, Window: square(1, 1, 1, 0)},
		{N: 1, H: 13, W: 12, C: 4, K: 6, Groups: 2, Window: square(3, 2, 2, 2)},
		{N: 1, H: 13, W: 12, C: 4, K: 8, Groups: 4, Window: square(3, 1, 1, 1)},
		{N: 2, H: 9, W: 8, C: 6, K: 6, Groups: 6, Window: square(3, 1, 1, 1)},
		{N: 2, H: 9, W: 8, C: 6, K: 6, Groups: 6, Window: square(3, 3, 2, 2)},
		{N: 2, H: 9, W: 10, C: 2, K: 3, Groups: 1, Window: device.Window{
			KH: 2, KW: 4, StrideH: 3, StrideW: 2, DilationH: 2, DilationW: 3, Top: 1, Bottom: 0, Left: 4, Right: 5}},
		{N: 3, H: 1, W: 40, C: 20, K: 17, Groups: 1, Window: device.Window{
			KH: 1, KW: 7, StrideH: 1, StrideW: 2, DilationH: 1, DilationW: 1, Left: 3, Right: 3}},
		{N: 1, H: 2, W: 2, C: 2, K: 3, Groups: 1, Window: square(3, 1, 1, 0)}, // no place for the window
		{N: 0, H: 5, W: 5, C: 2, K: 3, Groups: 1, Window: square(3, 1, 1, 1)},
		{N: 1, H: 9, W: 90, C: 4, K: 4, Groups: 4, Window: square(1, 2, 1, 0)}, // pixels that no tap meets
		{N: 1, H: 9, W: 90, C: 4, K: 5, Groups: 1, Window: square(1, 2, 1, 0)},
		{N: 2, H: 16, W: 15, C: 33, K: 34, Groups: 1, Window: square(3, 1, 1, 1)}, // several blocks
		{N: 3, H: 11, W: 17, C: 12, K: 34, Groups: 1, Window: square(1, 1, 1, 0)}, // 17 lines of 33 pixels
		{N: 7, H: 11, W: 10, C: 6, K: 8, Groups: 2, Window: square(1, 1, 1, 0)},   // 22 of 35
	}
}

func TestConv2D(t *testing.T) {
	for i, s := range append(convCases(), loneImages()...) {
		c := newConvCase(s, whole)
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			eachLevel(t, func(t *testing.T, l Level) {
				c.check(t, newDevice(t, l, 2), device.Float32, device.Float32)
			})
		})
	}
}

func TestConv2DDTypes(t *testing.T) {
	d := newDevice(t, 0, 2)
	for _, s := range convCases() {
		c := newConvCase(s, whole)
		c.check(t, d, device.BFloat16, device.BFloat16)
		c.check(t, d, device.BFloat16, device.Float32)
	}
}

// Bias and activation reach every channel of every group.
func TestConv2DEpilogue(t *testing.T) {
	d := newDevice(t, 0, 2)
	for _, s := range convCases()[5:9] {
		c := newConvCase(s, whole)
		bias := whole(rand.New(rand.NewPCG(9, 10)), s.K)
		zero := make([]float32, len(c.wantY))
		y, pre := upload(t, d, device.Float32, zero), upload(t, d, device.Float32, zero)
		x, w, b := upload(t, d, device.Float32, c.x), upload(t, d, device.Float32, c.w), upload(t, d, device.Float32, bias)
		s.Act.Func = device.ReLU
		d.Conv2D(device.To(y), device.To(pre), x, w, b, s)
		before := download(t, d, pre)
		for i, v := range download(t, d, y) {
			require.Equal(t, float32(c.wantY[i])+bias[i%s.K], before[i])
			require.Equal(t, max(before[i], 0), v)
		}
	}
}

// loneImages are batches of one, whose data gradients are cut by lines.
func loneImages() []device.Conv2D {
	return []device.Conv2D{
		{N: 1, H: 28, W: 28, C: 3, K: 16, Groups: 1, Window: square(5, 1, 1, 2)},
		{N: 1, H: 3, W: 30, C: 2, K: 8, Groups: 1, Window: square(3, 1, 1, 3)}, // fewer lines than workers
		{N: 1, H: 11, W: 9, C: 1, K: 9, Groups: 1, Window: device.Window{
			KH: 4, KW: 2, StrideH: 1, StrideW: 1, DilationH: 1, DilationW: 1, Bottom: 5, Left: 1}},
	}
}

// The bits of the results do not depend on the workers.
func TestConv2DBits(t *testing.T) {
	for _, s := range append(convCases(), loneImages()...) {
		c := newConvCase(s, noise)
		y, dx, dw := c.run(t, newDevice(t, 0, 1), device.Float32, device.Float32)
		for _, threads := range []int{2, 3, 5} {
			y2, dx2, dw2 := c.run(t, newDevice(t, 0, threads), device.Float32, device.Float32)
			require.Equal(t, y, y2, "%d workers", threads)
			require.Equal(t, dx, dx2, "%d workers", threads)
			require.Equal(t, dw, dw2, "%d workers", threads)
		}
	}
}

// Plans that are played again allocate nothing.
func TestConv2DAllocs(t *testing.T) {
	d := newDevice(t, 0, 2)
	for _, s := range []device.Conv2D{convCases()[0], convCases()[2], convCases()[8], convCases()[13]} {
		c := newConvCase(s, whole)
		x, w, dy := upload(t, d, device.Float32, c.x), upload(t, d, device.Float32, c.w), upload(t, d, device.Float32, c.dy)
		y, dx, dw := upload(t, d, device.Float32, c.dy), upload(t, d, device.Float32, c.x), upload(t, d, device.Float32, c.w)
		r, err := d.Record(func() error {
			d.Conv2D(device.To(y), device.Dst{}, x, w, nil, s)
			d.Conv2DGradInput(device.To(dx), dy, w, s)
			d.Conv2DGradFilter(device.Onto(dw), dy, x, s)
			return nil
		})
		require.NoError(t, err)
		require.Zero(t, testing.AllocsPerRun(10, func() { _ = r.Run() }))
		r.Close()
	}
}

// Layers of a LeNet of batch 64, of a ResNet-20 of batch 128, and a depthwise one.
func BenchmarkConv2D(b *testing.B) {
	for _, c := range []struct {
		name string
		device.Conv2D
	}{
		{"lenet1", device.Conv2D{N: 64, H: 28, W: 28, C: 1, K: 32, Groups: 1, Window: square(5, 1, 1, 2)}},
		{"lenet2", device.Conv2D{N: 64, H: 14, W: 14, C: 32, K: 64, Groups: 1, Window: square(5, 1, 1, 2)}},
		{"resnet16", device.Conv2D{N: 128, H: 32, W: 32, C: 16, K: 16, Groups: 1, Window: square(3, 1, 1, 1)}},
		{"resnet32half", device.Conv2D{N: 128, H: 32, W: 32, C: 16, K: 32, Groups: 1, Window: square(3, 2, 1, 1)}},
		{"resnet32", device.Conv2D{N: 128, H: 16, W: 16, C: 32, K: 32, Groups: 1, Window: square(3, 1, 1, 1)}},
		{"resnet64", device.Conv2D{N: 128, H: 8, W: 8, C: 64, K: 64, Groups: 1, Window: square(3, 1, 1, 1)}},
		{"depthwise", device.Conv2D{N: 16, H: 32, W: 32, C: 128, K: 128, Groups: 128, Window: square(3, 1, 1, 1)}},
	} {
		d, s := newDevice(b, 0, 0), c.Conv2D
		oh, ow := s.Out()
		x := upload(b, d, device.Float32, make([]float32, s.N*s.H*s.W*s.C))
		w := upload(b, d, device.Float32, make([]float32, s.K*s.KH*s.KW*s.C/s.Groups))
		y := upload(b, d, device.Float32, make([]float32, s.N*oh*ow*s.K))
		pass := func(name string, f func()) {
			b.Run(c.name+"/"+name, func(b *testing.B) {
				for b.Loop() {
					f()
				}
				b.ReportMetric(float64(s.FLOPs())*float64(b.N)/float64(b.Elapsed().Nanoseconds()), "GFLOP/s")
			})
		}
		pass("forward", func() { d.Conv2D(device.To(y), device.Dst{}, x, w, nil, s) })
		pass("gradinput", func() { d.Conv2DGradInput(device.To(x), y, w, s) })
		pass("gradfilter", func() { d.Conv2DGradFilter(device.To(w), y, x, s) })
	}
}
