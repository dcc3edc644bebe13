package cpu

import (
	"fmt"
	"testing"

	"example.org/chainrule/device"
)

func dropoutCases(t device.DType, n int) []kernelCase {
	return []kernelCase{
		{fmt.Sprintf("Dropout/%v/%d", t, n), func(b *bed) (func(), []device.Buffer) {
			x, cell, y := b.data(t, n), b.ints(device.StreamWords, 1<<30), b.alloc(t, n)
			return func() { b.Dropout(device.To(y), x, cell, device.Dropout{P: 0.5, Site: 3}) }, []device.Buffer{y}
		}},
		{fmt.Sprintf("Normalize/%v/%d", t, n), func(b *bed) (func(), []device.Buffer) {
			x, y := b.alloc(device.Uint8, n), b.alloc(t, n)
			b.Upload(x, make([]uint8, n))
			scale, shift := b.data(device.Float32, 3), b.data(device.Float32, 3)
			return func() { b.Normalize(device.To(y), x, scale, shift) }, []device.Buffer{y}
		}},
		{fmt.Sprintf("Convert/%v/%d", t, n), func(b *bed) (func(), []device.Buffer) {
			x, y := b.data(device.Float32, n), b.alloc(t, n)
			return func() { b.Convert(device.To(y), x) }, []device.Buffer{y}
		}},
	}
}

func TestDropout(t *testing.T) {
	testKernels(t, dropoutCases(device.Float32, 2*tileLen+3))
	testKernels(t, dropoutCases(device.BFloat16, 2*tileLen+3))
}

func BenchmarkDropout(b *testing.B) {
	benchKernels(b, dropoutCases(device.Float32, 1<<20))
	benchKernels(b, dropoutCases(device.BFloat16, 1<<20))
}
