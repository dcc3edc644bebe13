package cpu

import (
	"fmt"
	"math"
	"testing"

	"example.org/chainrule/device"
)

func softmaxCase(t device.DType, s device.Softmax) kernelCase {
	return kernelCase{fmt.Sprintf("Softmax/log=%v/%v/%dx%d", s.Log, t, s.Rows, s.Cols), func(b *bed) (func(), []device.Buffer) {
		x, y := b.data(t, s.Rows*s.Cols), b.alloc(t, s.Rows*s.Cols)
		return func() { b.Softmax(device.To(y), x, s) }, []device.Buffer{y}
	}}
}

func softmaxGradCase(t device.DType, s device.Softmax) kernelCase {
	return kernelCase{fmt.Sprintf("SoftmaxGrad/log=%v/%v/%dx%d", s.Log, t, s.Rows, s.Cols), func(b *bed) (func(), []device.Buffer) {
		y, dy, dx := b.data(t, s.Rows*s.Cols), b.data(t, s.Rows*s.Cols), b.alloc(t, s.Rows*s.Cols)
		return func() { b.SoftmaxGrad(device.To(dx), dy, y, s) }, []device.Buffer{dx}
	}}
}

func softmaxCases(t device.DType, rows, cols int) (cases []kernelCase) {
	for _, logarithm := range [...]bool{false, true} {
		s := device.Softmax{Rows: rows, Cols: cols, Log: logarithm}
		cases = append(cases, softmaxCase(t, s), softmaxGradCase(t, s))
	}
	return cases
}

func TestSoftmax(t *testing.T) {
	for _, dtype := range [...]device.DType{device.Float32, device.BFloat16} {
		testKernels(t, softmaxCases(dtype, 1001, 10))
		testKernels(t, softmaxCases(dtype, 7, 9001)) // rows of several tiles
	}
}

func TestSoftmaxOfLongRows(t *testing.T) {
	for _, logarithm := range [...]bool{false, true} {
		testValues(t, []kernelCase{softmaxCase(device.Float32, device.Softmax{Rows: 2, Cols: 9001, Log: logarithm})})
	}
}

// The derivative's formula, which the Reference would differentiate for minutes.
func TestSoftmaxGradOfLongRows(t *testing.T) {
	const n = 9001
	b := newBed(t, newDevice(t, 0, 0))
	dy, y, dx := b.data(device.Float32, n), b.data(device.Float32, n), b.alloc(device.Float32, n)
	v := b.download(dy, y)
	var sum, dot float64
	for i, g := range v[0] {
		sum, dot = sum+g, dot+g*v[1][i]
	}
	want, wantLog := make([]float64, n), make([]float64, n)
	for i, g := range v[0] {
		want[i], wantLog[i] = v[1][i]*(g-dot), g-math.Exp(v[1][i])*sum
	}
	b.SoftmaxGrad(device.To(dx), dy, y, device.Softmax{Rows: 1, Cols: n})
	requireClose(t, want, b.download(dx)[0], 1e-6)
	b.SoftmaxGrad(device.To(dx), dy, y, device.Softmax{Rows: 1, Cols: n, Log: true})
	requireClose(t, wantLog, b.download(dx)[0], 1e-6)
}

func BenchmarkSoftmax(b *testing.B) {
	benchKernels(b, softmaxCases(device.Float32, 4096, 1000))
	benchKernels(b, softmaxCases(device.Float32, 64, 10))
}
