package cpu

import (
	"fmt"
	"math"
	"testing"

	"example.org/chainrule/device"

	"github.com/stretchr/testify/require"
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

// TestPhiloxVectors compares the words of every level with device.Philox, where
// counters overflow too.
func TestPhiloxVectors(t *testing.T) {
	const first, second, site = math.MaxUint32 - 2, 7, 1 << 31
	for _, k := range machineKernels() {
		for n := 0; n <= 5*16; n += 16 {
			a, b := make([]float32, n+1), make([]float32, n+1)
			k.philox(a[:n], b[:n], first, second, site, 3, 1<<31|4, 5, 1<<31|6)
			require.Zero(t, a[n]+b[n], "%v wrote beyond %d", k.level, n)
			for i := range uint32(n) {
				words := func(block uint32) [4]uint32 {
					return device.Philox([4]uint32{block + i/4, site, 3, 1<<31 | 4}, [2]uint32{5, 1<<31 | 6})
				}
				require.Equal(t, words(first)[i%4], math.Float32bits(a[i]), "%v: word %d of %d", k.level, i, n)
				require.Equal(t, words(second)[i%4], math.Float32bits(b[i]), "%v: word %d of %d", k.level, i, n)
			}
		}
	}
}

func BenchmarkDropout(b *testing.B) {
	benchKernels(b, dropoutCases(device.Float32, 1<<20))
	benchKernels(b, dropoutCases(device.BFloat16, 1<<20))
}
