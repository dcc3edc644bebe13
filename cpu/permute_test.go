package cpu

import (
	"fmt"
	"testing"

	"example.org/chainrule/device"
)

// permuteCases are the usual reorderings: a matrix and its transpose, images
// between NHWC and NCHW, and the heads of an attention.
func permuteCases(t device.DType) (cases []kernelCase) {
	for _, s := range []device.Permute{
		{Dims: device.Dims{1, 1, 1, 1, 1000, 999}, Axes: [6]int{0, 1, 2, 3, 5, 4}},
		{Dims: device.Dims{1, 1, 64, 28, 28, 3}, Axes: [6]int{0, 1, 2, 5, 3, 4}},
		{Dims: device.Dims{1, 1, 64, 3, 28, 28}, Axes: [6]int{0, 1, 2, 4, 5, 3}},
		{Dims: device.Dims{1, 1, 64, 28, 28, 32}, Axes: [6]int{0, 1, 2, 5, 3, 4}},
		{Dims: device.Dims{1, 1, 8, 128, 12, 64}, Axes: [6]int{0, 1, 2, 4, 3, 5}},
	} {
		n := s.Dims.Len()
		cases = append(cases, kernelCase{fmt.Sprintf("Permute/%v/%v/%v", t, s.Dims, s.Axes), func(b *bed) (func(), []device.Buffer) {
			x, y := b.data(t, n), b.alloc(t, n)
			return func() { b.Permute(device.To(y), x, s) }, []device.Buffer{y}
		}})
	}
	return cases
}

// copyBlockCases join [rows, cols] to something three times as wide.
func copyBlockCases(t device.DType, rows, cols int, add bool) []kernelCase {
	name := fmt.Sprintf("CopyBlock/%v/%dx%d/add=%v", t, rows, cols, add)
	s := device.Block{Rows: rows, Cols: cols, YStride: 3 * cols, YOffset: cols, XStride: cols}
	return []kernelCase{{name, func(b *bed) (func(), []device.Buffer) {
		x, y := b.data(t, rows*cols), b.data(t, 3*rows*cols)
		return func() { b.CopyBlock(device.Dst{Buf: y, Add: add}, x, s) }, []device.Buffer{y}
	}}}
}

func TestMovement(t *testing.T) {
	for _, dtype := range [...]device.DType{device.Float32, device.BFloat16} {
		testKernels(t, permuteCases(dtype))
		testKernels(t, copyBlockCases(dtype, 3, 9001, false))
		testKernels(t, copyBlockCases(dtype, 9001, 3, false))
	}
	testValues(t, permuteCases(device.Float32))
	testValues(t, copyBlockCases(device.Float32, 3, 9001, true))
	testValues(t, copyBlockCases(device.Float32, 9001, 3, true))
}

func BenchmarkMovement(b *testing.B) {
	benchKernels(b, permuteCases(device.Float32))
	benchKernels(b, copyBlockCases(device.Float32, 1<<14, 64, false))
	benchKernels(b, copyBlockCases(device.Float32, 1<<18, 4, false))
	benchKernels(b, copyBlockCases(device.Float32, 1<<14, 64, true))
}
