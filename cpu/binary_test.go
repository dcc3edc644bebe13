package cpu

import (
	"fmt"
	"testing"

	"example.org/chainrule/device"
)

// A broadcasting is the shape of a result and which operand repeats where.
type broadcasting struct {
	name string
	spec device.Binary
}

func broadcastings(rows, cols int) []broadcasting {
	matrix := device.Dims{1, 1, 1, 1, rows, cols}
	along := func(axes ...int) (r [device.MaxDims]bool) {
		for _, a := range axes {
			r[a] = true
		}
		return r
	}
	return []broadcasting{
		{"same", device.Binary{Dims: matrix}},
		{"scalar", device.Binary{Dims: matrix, RepeatB: along(4, 5)}},
		{"bias", device.Binary{Dims: matrix, RepeatB: along(4)}},
		{"column", device.Binary{Dims: matrix, RepeatB: along(5)}},
		{"outer", device.Binary{Dims: matrix, RepeatA: along(5), RepeatB: along(4)}},
	}
}

func binaryCases(t device.DType, rows, cols int, fs ...device.BinaryFunc) (cases []kernelCase) {
	for _, f := range fs {
		for _, s := range broadcastings(rows, cols) {
			spec := s.spec
			spec.Func = f
			name := fmt.Sprintf("%v/%s/%v/%dx%d", f, s.name, t, rows, cols)
			n, nA, nB := rows*cols, operandLen(spec.Dims, spec.RepeatA), operandLen(spec.Dims, spec.RepeatB)
			cases = append(cases,
				kernelCase{"Binary/" + name, func(b *bed) (func(), []device.Buffer) {
					x, y, z := b.data(t, nA), b.data(t, nB), b.alloc(t, n)
					return func() { b.Binary(device.To(z), x, y, spec) }, []device.Buffer{z}
				}},
				kernelCase{"BinaryGrad/" + name, func(b *bed) (func(), []device.Buffer) {
					x, y, dz := b.data(t, nA), b.data(t, nB), b.data(t, n)
					dx, dy := b.alloc(t, nA), b.alloc(t, nB)
					return func() { b.BinaryGrad(device.To(dx), device.To(dy), dz, x, y, spec) }, []device.Buffer{dx, dy}
				}})
		}
	}
	return cases
}

func operandLen(dims device.Dims, repeats [device.MaxDims]bool) int {
	n := 1
	for axis, extent := range dims {
		if !repeats[axis] {
			n *= extent
		}
	}
	return n
}

func TestBinary(t *testing.T) {
	testKernels(t, binaryCases(device.Float32, 3001, 10, device.Mul)) // partial sums of many rows
	testKernels(t, binaryCases(device.Float32, 7, 9001, device.Mul))  // rows of several tiles
	testKernels(t, binaryCases(device.BFloat16, 300, 30, device.Div, device.Maximum))
	testValues(t, binaryCases(device.Float32, 301, 30, device.Sub))
	testValues(t, binaryCases(device.Float32, 3, 9001, device.Maximum))
}

func BenchmarkBinary(b *testing.B) {
	benchKernels(b, binaryCases(device.Float32, 8192, 128, device.Add, device.Mul))
	benchKernels(b, binaryCases(device.Float32, 1<<17, 8, device.Add))
}
