package cpu

import (
	"fmt"
	"testing"

	"example.org/chainrule/device"
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
		device.SiLU, device.Sigmoid, device.Tanh, device.Softplus, device.Exp, device.Log))
	benchKernels(b, unaryCases(device.BFloat16, 1<<20, device.ReLU))
}
