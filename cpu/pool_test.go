package cpu

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"example.org/chainrule/device"

	"github.com/stretchr/testify/require"
)

func poolCases(t device.DType, s device.Pool) (cases []kernelCase) {
	oh, ow := s.Out()
	x, y := s.N*s.H*s.W*s.C, s.N*oh*ow*s.C
	name := fmt.Sprintf("%v/%dx%dx%dx%d/%dx%d", t, s.N, s.H, s.W, s.C, oh, ow)
	if !s.Adaptive {
		cases = append(cases,
			kernelCase{"MaxPool/" + name, func(b *bed) (func(), []device.Buffer) {
				x, y, index := b.data(t, x), b.alloc(t, y), b.alloc(device.Int32, y)
				return func() { b.MaxPool(device.To(y), device.To(index), x, s) }, []device.Buffer{y, index}
			}},
			kernelCase{"MaxPoolGrad/" + name, func(b *bed) (func(), []device.Buffer) {
				dy, index, dx := b.data(t, y), b.alloc(device.Int32, y), b.alloc(t, x)
				b.MaxPool(device.Dst{}, device.To(index), b.data(t, x), s)
				return func() { b.MaxPoolGrad(device.To(dx), dy, index, s) }, []device.Buffer{dx}
			}})
	}
	return append(cases,
		kernelCase{"AvgPool/" + name, func(b *bed) (func(), []device.Buffer) {
			x, y := b.data(t, x), b.alloc(t, y)
			return func() { b.AvgPool(device.To(y), x, s) }, []device.Buffer{y}
		}},
		kernelCase{"AvgPoolGrad/" + name, func(b *bed) (func(), []device.Buffer) {
			dy, dx := b.data(t, y), b.alloc(t, x)
			return func() { b.AvgPoolGrad(device.To(dx), dy, s) }, []device.Buffer{dx}
		}})
}

func squareWindow(kernel, stride, padding int) device.Window {
	return device.Window{
		KH: kernel, KW: kernel, StrideH: stride, StrideW: stride, DilationH: 1, DilationW: 1,
		Top: padding, Bottom: padding, Left: padding, Right: padding,
	}
}

func TestPooling(t *testing.T) {
	for _, dtype := range [...]device.DType{device.Float32, device.BFloat16} {
		testKernels(t, poolCases(dtype, device.Pool{N: 5, H: 14, W: 14, C: 32, Window: squareWindow(2, 2, 0)}))
		testKernels(t, poolCases(dtype, device.Pool{N: 2, H: 9, W: 7, C: 200, Window: squareWindow(3, 2, 1)}))
		testKernels(t, poolCases(dtype, device.Pool{N: 1, H: 6, W: 7, C: 70, Window: squareWindow(3, 1, 1)}))
		testKernels(t, poolCases(dtype, device.Pool{N: 2, H: 3, W: 2, C: 5000, Window: squareWindow(2, 1, 0)}))
		testKernels(t, poolCases(dtype, device.Pool{N: 3, H: 8, W: 8, C: 64, Adaptive: true, OH: 3, OW: 3}))
	}
}

func TestPoolingOfManyChannels(t *testing.T) {
	testValues(t, poolCases(device.Float32, device.Pool{N: 2, H: 9, W: 7, C: 200, Window: squareWindow(3, 2, 1)}))
	testValues(t, poolCases(device.Float32, device.Pool{N: 1, H: 3, W: 2, C: 5000, Window: squareWindow(2, 1, 0)}))
}

// randomPool draws a small pool: any window, dilated, lopsided, mostly of padding.
func randomPool(r *rand.Rand) device.Pool {
	window := device.Window{
		KH: 1 + r.IntN(4), KW: 1 + r.IntN(4), StrideH: 1 + r.IntN(4), StrideW: 1 + r.IntN(4),
		DilationH: 1 + r.IntN(4), DilationW: 1 + r.IntN(4),
		Top: r.IntN(6), Bottom: r.IntN(6), Left: r.IntN(6), Right: r.IntN(6),
	}
	for {
		s := device.Pool{
			N: 1 + r.IntN(2), H: 1 + r.IntN(6), W: 1 + r.IntN(6), C: 1 + r.IntN(20),
			Window: window, CountPad: r.IntN(2) == 0,
		}
		if oh, ow := s.Out(); oh > 0 && ow > 0 {
			return s
		}
		window.Top, window.Left = window.Top+1, window.Left+1
	}
}

// TestRandomPooling compares random pools with the Reference at every level; a
// failure names its seed.
func TestRandomPooling(t *testing.T) {
	for _, level := range Levels() {
		for seed := range uint64(100) {
			t.Run(fmt.Sprintf("%v/seed %d", level, seed), func(t *testing.T) {
				s := randomPool(rand.New(rand.NewPCG(seed, 1)))
				testValuesAt(t, level, poolCases(device.Float32, s))
			})
		}
	}
}

// Windows that lie in padding alone see nothing, below the last image as well.
func TestPoolingOfPadding(t *testing.T) {
	for _, dtype := range [...]device.DType{device.Float32, device.BFloat16} {
		b := newBed(t, newDevice(t, 0, 0))
		s := device.Pool{N: 1, H: 1, W: 1, C: 2, Window: squareWindow(1, 1, 2)}
		x, y, index := b.data(dtype, 2), b.alloc(dtype, 50), b.alloc(device.Int32, 50)
		b.MaxPool(device.To(y), device.To(index), x, s)
		got := b.download(x, y, index)
		for i, v := range got[1] {
			if i/2 == 12 { // the only window with a place
				require.Equal(t, got[0][i%2], v)
				require.Zero(t, got[2][i])
			} else {
				require.Equal(t, math.Inf(-1), v)
				require.Equal(t, -1.0, got[2][i])
			}
		}
	}
}

func BenchmarkPooling(b *testing.B) {
	for _, s := range []device.Pool{
		{N: 64, H: 28, W: 28, C: 32, Window: squareWindow(2, 2, 0)},
		{N: 64, H: 14, W: 14, C: 64, Window: squareWindow(2, 2, 0)},
		{N: 64, H: 32, W: 32, C: 64, Window: squareWindow(3, 2, 1)},
		{N: 128, H: 8, W: 8, C: 64, Adaptive: true, OH: 1, OW: 1},
	} {
		benchKernels(b, poolCases(device.Float32, s))
	}
}
