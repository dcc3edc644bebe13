package cpu

import (
	"fmt"
	"testing"

	"example.org/chainrule/device"

	"github.com/stretchr/testify/require"
)

func batchNormCases(t device.DType, s device.BatchNorm) []kernelCase {
	n, name := s.Rows*s.C, fmt.Sprintf("%v/%dx%d/%v", t, s.Rows, s.C, s.Act.Func)
	columns := func(b *bed) device.Buffer { return b.data(device.Float32, s.C) }
	variance := func(b *bed) device.Buffer {
		v := columns(b)
		b.Unary(device.To(v), v, device.Unary{Func: device.Square})
		return v
	}
	return []kernelCase{
		{"Moments/" + name, func(b *bed) (func(), []device.Buffer) {
			x, m, v := b.data(t, n), b.alloc(device.Float32, s.C), b.alloc(device.Float32, s.C)
			return func() { b.Moments(device.To(m), device.To(v), x, s) }, []device.Buffer{m, v}
		}},
		{"BatchNorm/" + name, func(b *bed) (func(), []device.Buffer) {
			x, residual, y := b.data(t, n), b.data(t, n), b.alloc(t, n)
			m, v, gamma, beta := columns(b), variance(b), columns(b), columns(b)
			return func() { b.BatchNorm(device.To(y), device.Dst{}, x, residual, m, v, gamma, beta, s) }, []device.Buffer{y}
		}},
		{"BatchNormGrad/" + name, func(b *bed) (func(), []device.Buffer) {
			x, y, dy, dx, dr := b.data(t, n), b.data(t, n), b.data(t, n), b.alloc(t, n), b.alloc(t, n)
			m, v, dgamma, dbeta := b.alloc(device.Float32, s.C), b.alloc(device.Float32, s.C), b.alloc(device.Float32, s.C), b.alloc(device.Float32, s.C)
			gamma := columns(b)
			b.Moments(device.To(m), device.To(v), x, s)
			return func() {
				b.BatchNormGrad(device.To(dx), device.To(dr), device.To(dgamma), device.To(dbeta), dy, x, y, m, v, gamma, s)
			}, []device.Buffer{dx, dr, dgamma, dbeta}
		}},
	}
}

func TestBatchNorm(t *testing.T) {
	for _, dtype := range [...]device.DType{device.Float32, device.BFloat16} {
		testKernels(t, batchNormCases(dtype, device.BatchNorm{Rows: 5000, C: 16, Epsilon: 1e-5, Act: device.Unary{Func: device.ReLU}}))
		testKernels(t, batchNormCases(dtype, device.BatchNorm{Rows: 70, C: 300, Epsilon: 1e-5}))
		testKernels(t, batchNormCases(dtype, device.BatchNorm{Rows: 70, C: 5000, Epsilon: 1e-5, Fixed: true}))
	}
}

func TestBatchNormOfManyChannels(t *testing.T) {
	testValues(t, batchNormCases(device.Float32, device.BatchNorm{Rows: 40, C: 300, Epsilon: 0.1, Act: device.Unary{Func: device.ReLU}}))
	testValues(t, batchNormCases(device.Float32, device.BatchNorm{Rows: 3, C: 5000, Epsilon: 0.1, Fixed: true}))
}

// A column far from zero has the moments of the same column about zero: its
// elements are multiples of 1/4 below 2²², and Float32 holds them exactly.
func TestMomentsFarFromZero(t *testing.T) {
	const rows, far = 10_007, 1 << 21
	b := newBed(t, newDevice(t, 0, 0))
	x := make([]float32, rows)
	var sum, squares float64
	for i := range x {
		v := float64(b.rng.IntN(9)-4) / 4
		x[i] = float32(far + v)
		sum, squares = sum+v, squares+v*v
	}
	m, v := b.alloc(device.Float32, 1), b.alloc(device.Float32, 1)
	b.Moments(device.To(m), device.To(v), b.upload(x), device.BatchNorm{Rows: rows, C: 1})
	mean := sum / rows
	got := b.download(m, v)
	require.Equal(t, float64(float32(far+mean)), got[0][0])
	require.InEpsilon(t, squares/rows-mean*mean, got[1][0], 1e-6)
}

// The first tile of a part, whose mean the others are measured from, lies far from
// them, where the rows are all alike: the worst that partTiles allows for.
func TestMomentsOfUnlikeTiles(t *testing.T) {
	const rows, channels, tileRows = 4096, 16, tileLen / 16
	b := newBed(t, newDevice(t, 0, 0))
	x := make([]float32, rows*channels)
	var sum, squares float64
	for i := range x {
		x[i] = 1000
		if i/channels >= tileRows {
			x[i] = float32(b.rng.NormFloat64())
		}
		if i%channels == 0 {
			sum += float64(x[i])
		}
	}
	mean := sum / rows
	for i := 0; i < len(x); i += channels {
		squares += (float64(x[i]) - mean) * (float64(x[i]) - mean)
	}
	m, v := b.alloc(device.Float32, channels), b.alloc(device.Float32, channels)
	b.Moments(device.To(m), device.To(v), b.upload(x), device.BatchNorm{Rows: rows, C: channels})
	got := b.download(m, v)
	require.InEpsilon(t, mean, got[0][0], 1e-6)
	require.InEpsilon(t, squares/rows, got[1][0], 1e-6)
}

func BenchmarkBatchNorm(b *testing.B) {
	for _, s := range []device.BatchNorm{
		{Rows: 128 * 32 * 32, C: 16}, {Rows: 128 * 8 * 8, C: 64}, {Rows: 64 * 32 * 32, C: 64}, {Rows: 64 * 7 * 7, C: 512},
	} {
		s.Epsilon, s.Act = 1e-5, device.Unary{Func: device.ReLU}
		benchKernels(b, batchNormCases(device.Float32, s))
	}
}
