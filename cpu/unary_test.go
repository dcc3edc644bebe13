package cpu

import (
	"fmt"
	"math"
	"testing"

	"example.org/chainrule/device"

	"github.com/stretchr/testify/require"
)

// positive is n squares of normal numbers: every function is defined there.
func (b *bed) positive(t device.DType, n int) device.Buffer {
	x := b.data(t, n)
	b.Unary(device.To(x), x, device.Unary{Func: device.Square})
	return x
}

func unaryCases(t device.DType, n int, fs ...device.UnaryFunc) (cases []kernelCase) {
	for _, f := range fs {
		u := device.Unary{Func: f, A: 0.5, B: 0.75}
		cases = append(cases,
			kernelCase{fmt.Sprintf("Unary/%v/%v/%d", f, t, n), func(b *bed) (func(), []device.Buffer) {
				x, y := b.positive(t, n), b.alloc(t, n)
				return func() { b.Unary(device.To(y), x, u) }, []device.Buffer{y}
			}},
			kernelCase{fmt.Sprintf("UnaryGrad/%v/%v/%d", f, t, n), func(b *bed) (func(), []device.Buffer) {
				dy, v, dx := b.data(t, n), b.positive(t, n), b.alloc(t, n)
				return func() { b.UnaryGrad(device.To(dx), dy, v, u) }, []device.Buffer{dx}
			}})
	}
	return cases
}

func TestUnary(t *testing.T) {
	testKernels(t, unaryCases(device.Float32, 2*tileLen+1, device.UnaryFuncs()...))
	testKernels(t, unaryCases(device.BFloat16, 2*tileLen+1, device.GELU))
}

func BenchmarkUnary(b *testing.B) {
	benchKernels(b, unaryCases(device.Float32, 1<<20, device.ReLU, device.LeakyReLU, device.ELU, device.GELU,
		device.SiLU, device.Sigmoid, device.Tanh, device.Softplus, device.Exp, device.Log, device.Pow))
	benchKernels(b, unaryCases(device.BFloat16, 1<<20, device.ReLU))
}

// TestUnaryOfMinusInfinity: what falls to -0 is there at every level.
func TestUnaryOfMinusInfinity(t *testing.T) {
	for _, l := range Levels() {
		b := newBed(t, newDevice(t, l, 1))
		x, y := b.upload([]float32{infinity(-1), -math.MaxFloat32}), b.alloc(device.Float32, 2)
		for _, f := range [...]device.UnaryFunc{device.SiLU, device.GELUTanh, device.Mish} {
			b.Unary(device.To(y), x, device.Unary{Func: f})
			for _, v := range b.download(y)[0] {
				require.Zero(t, v, "%v at %v", f, l)
				require.True(t, math.Signbit(v), "%v at %v", f, l)
			}
		}
	}
}
