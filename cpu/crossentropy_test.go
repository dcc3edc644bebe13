package cpu

import (
	"fmt"
	"math"
	"testing"

	"example.org/chainrule/device"

	"github.com/stretchr/testify/require"
)

func crossEntropyCases(t device.DType, s device.CrossEntropy) []kernelCase {
	name := fmt.Sprintf("%v/%dx%d/%v", t, s.Rows, s.Classes, s.Smoothing)
	return []kernelCase{
		{"CrossEntropy/" + name, func(b *bed) (func(), []device.Buffer) {
			logits, labels, weights := b.data(t, s.Rows*s.Classes), b.ints(s.Rows, s.Classes), b.data(device.Float32, s.Classes)
			loss, weight, lse := b.alloc(device.Float32, s.Rows), b.alloc(device.Float32, s.Rows), b.alloc(device.Float32, s.Rows)
			return func() {
				b.CrossEntropy(device.To(loss), device.To(weight), device.To(lse), logits, labels, weights, s)
			}, []device.Buffer{loss, weight, lse}
		}},
		{"CrossEntropyGrad/" + name, func(b *bed) (func(), []device.Buffer) {
			logits, labels, weights := b.data(t, s.Rows*s.Classes), b.ints(s.Rows, s.Classes), b.data(device.Float32, s.Classes)
			dloss, lse, dlogits := b.data(device.Float32, s.Rows), b.data(device.Float32, s.Rows), b.alloc(t, s.Rows*s.Classes)
			return func() {
				b.CrossEntropyGrad(device.To(dlogits), dloss, logits, lse, labels, weights, s)
			}, []device.Buffer{dlogits}
		}},
		{"Hits/" + name, func(b *bed) (func(), []device.Buffer) {
			logits, labels, hits := b.data(t, s.Rows*s.Classes), b.ints(s.Rows, s.Classes), b.alloc(device.Float32, 1)
			return func() {
				b.Hits(device.To(hits), logits, labels, device.Softmax{Rows: s.Rows, Cols: s.Classes})
			}, []device.Buffer{hits}
		}},
	}
}

func TestCrossEntropy(t *testing.T) {
	for _, dtype := range [...]device.DType{device.Float32, device.BFloat16} {
		testKernels(t, crossEntropyCases(dtype, device.CrossEntropy{Rows: 1001, Classes: 10}))
		testKernels(t, crossEntropyCases(dtype, device.CrossEntropy{Rows: 7, Classes: 9001, Smoothing: 0.1}))
	}
}

func TestCrossEntropyOfLongRows(t *testing.T) {
	cases := crossEntropyCases(device.Float32, device.CrossEntropy{Rows: 2, Classes: 9001, Smoothing: 0.1})
	testValues(t, []kernelCase{cases[0], cases[2]})
}

// The derivative's formula, which the Reference would differentiate for minutes.
func TestCrossEntropyGradOfLongRows(t *testing.T) {
	const n, epsilon, label = 9001, 0.25, 8000
	b := newBed(t, newDevice(t, 0, 0))
	logits, weights, dlogits, labels := b.data(device.Float32, n), b.data(device.Float32, n), b.alloc(device.Float32, n), b.alloc(device.Int32, 1)
	b.Upload(labels, []int32{label})
	v := b.download(logits, weights)
	total := 0.0
	for _, w := range v[1] {
		total += w
	}
	want := make([]float64, n)
	for c, x := range v[0] {
		p := math.Exp(x - 2)
		want[c] = 3 * ((1-epsilon)*v[1][label]*p + epsilon/n*(total*p-v[1][c]))
	}
	want[label] -= 3 * (1 - epsilon) * v[1][label]
	b.CrossEntropyGrad(device.To(dlogits), b.upload([]float32{3}), logits, b.upload([]float32{2}), labels, weights,
		device.CrossEntropy{Rows: 1, Classes: n, Smoothing: epsilon})
	requireClose(t, want, b.download(dlogits)[0], 1e-6)
}

// Of several bad labels the first is reported, whichever worker was faster.
func TestCrossEntropyReportsTheFirstBadLabel(t *testing.T) {
	const rows, classes = 50_000, 3
	b := newBed(t, newDevice(t, 0, 3))
	logits, labels := b.data(device.Float32, rows*classes), b.alloc(device.Int32, rows)
	bad := make([]int32, rows)
	for r := 7000; r < rows; r++ {
		bad[r] = int32(r)
	}
	b.Upload(labels, bad)
	loss := b.alloc(device.Float32, rows)
	b.CrossEntropy(device.To(loss), device.Dst{}, device.Dst{}, logits, labels, nil, device.CrossEntropy{Rows: rows, Classes: classes, Ignore: -100})
	require.Equal(t, &device.Fault{Op: "CrossEntropy", Index: 7000, Value: 7000, Limit: classes}, b.Err())
}

func BenchmarkCrossEntropy(b *testing.B) {
	benchKernels(b, crossEntropyCases(device.Float32, device.CrossEntropy{Rows: 64, Classes: 10}))
	benchKernels(b, crossEntropyCases(device.Float32, device.CrossEntropy{Rows: 4096, Classes: 1000, Smoothing: 0.1}))
}
