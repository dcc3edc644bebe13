package main

import (
	"slices"

	"example.org/chainrule/device"
)

// A call is one of the device contract, on operands of a usual size. Where run
// calls more than once, the last is what is measured.
type call struct {
	name string
	run  func(b *bed)
}

const (
	elements         = 1 << 20 // of elementwise calls, and parameters of an update
	rows, classes    = 1024, 1000
	pixels, channels = 16 * 16 * 16, 64 // of 16 images of 16 by 16
	imageElements    = pixels * channels
	filterElements   = channels * 3 * 3 * channels
)

// convolution is one of ResNet-20's kind: 3 by 3, as many channels out as in.
var convolution = device.Conv2D{
	N: 16, H: 16, W: 16, C: channels, K: channels, Groups: 1,
	Window: device.Window{KH: 3, KW: 3, StrideH: 1, StrideW: 1, DilationH: 1, DilationW: 1, Top: 1, Bottom: 1, Left: 1, Right: 1},
}

var halving = device.Pool{
	N: 16, H: 16, W: 16, C: channels,
	Window: device.Window{KH: 2, KW: 2, StrideH: 2, StrideW: 2, DilationH: 1, DilationW: 1},
}

var (
	logistic   = device.CrossEntropy{Rows: rows, Classes: classes, Ignore: -100}
	normalized = device.BatchNorm{Rows: pixels, C: channels, Epsilon: 1e-5}
)

// calls lists what is measured: data calls in both types, then updates.
func calls() []call {
	var all []call
	for _, c := range slices.Concat(productCalls(), elementwiseCalls(), rowCalls(), imageCalls()) {
		all = append(all,
			call{c.name + " float32", func(b *bed) { c.run(b, device.Float32) }},
			call{c.name + " bfloat16", func(b *bed) { c.run(b, device.BFloat16) }})
	}
	return append(all, updateCalls()...)
}

// A dataCall is a call on data of a type.
type dataCall struct {
	name string
	run  func(b *bed, t device.DType)
}

func productCalls() []dataCall {
	return []dataCall{
		{"MatMul 512x512x512", matmul(512, 512, 512)},
		{"MatMul 1408x1408x128", matmul(1408, 1408, 128)}, // large tiles, one for each multiprocessor
		{"Conv2D", func(b *bed, t device.DType) {
			b.Conv2D(b.dst(t, imageElements), device.Dst{}, b.data(t, imageElements), b.data(t, filterElements), nil, convolution)
		}},
		{"Conv2DGradInput", func(b *bed, t device.DType) {
			b.Conv2DGradInput(b.dst(t, imageElements), b.data(t, imageElements), b.data(t, filterElements), convolution)
		}},
		{"Conv2DGradFilter", func(b *bed, t device.DType) {
			b.Conv2DGradFilter(b.dst(device.Float32, filterElements), b.data(t, imageElements), b.data(t, imageElements), convolution)
		}},
	}
}

func matmul(m, n, k int) func(*bed, device.DType) {
	return func(b *bed, t device.DType) {
		b.MatMul(b.dst(t, m*n), device.Dst{}, b.data(t, m*k), b.data(t, k*n), nil, device.MatMul{Batch: 1, M: m, N: n, K: k})
	}
}

func elementwiseCalls() []dataCall {
	return []dataCall{
		{"ReLU", unary(device.ReLU)},
		{"ReLU derivative", unaryGrad(device.ReLU)},
		{"GELU", unary(device.GELU)},
		{"GELU derivative", unaryGrad(device.GELU)},
	}
}

func rowCalls() []dataCall {
	return []dataCall{
		{"Softmax", func(b *bed, t device.DType) {
			b.Softmax(b.dst(t, rows*classes), b.data(t, rows*classes), device.Softmax{Rows: rows, Cols: classes})
		}},
		{"CrossEntropy", func(b *bed, t device.DType) {
			b.CrossEntropy(b.dst(device.Float32, rows), b.dst(device.Float32, rows), b.dst(device.Float32, rows), b.data(t, rows*classes), b.labels(), nil, logistic)
		}},
		{"CrossEntropyGrad", func(b *bed, t device.DType) {
			b.CrossEntropyGrad(b.dst(t, rows*classes), b.data(device.Float32, rows), b.data(t, rows*classes), b.data(device.Float32, rows), b.labels(), nil, logistic)
		}},
	}
}

func imageCalls() []dataCall {
	return []dataCall{
		{"Moments", func(b *bed, t device.DType) {
			b.Moments(b.channel(), b.channel(), b.data(t, imageElements), normalized)
		}},
		{"BatchNorm", func(b *bed, t device.DType) {
			s := b.statistics()
			b.BatchNorm(b.dst(t, imageElements), device.Dst{}, b.data(t, imageElements), nil, s, s, s, s, normalized)
		}},
		{"BatchNormGrad", func(b *bed, t device.DType) {
			s, dy, x := b.statistics(), b.data(t, imageElements), b.data(t, imageElements)
			b.BatchNormGrad(b.dst(t, imageElements), device.Dst{}, b.channel(), b.channel(), dy, x, nil, s, s, s, normalized)
		}},
		{"MaxPool", func(b *bed, t device.DType) {
			b.MaxPool(b.dst(t, imageElements/4), b.dst(device.Int32, imageElements/4), b.data(t, imageElements), halving)
		}},
		{"MaxPoolGrad", func(b *bed, t device.DType) {
			index := b.alloc(device.Int32, imageElements/4)
			b.MaxPool(device.Dst{}, device.To(index), b.data(t, imageElements), halving)
			b.MaxPoolGrad(b.dst(t, imageElements), b.data(t, imageElements/4), index, halving)
		}},
	}
}

func unary(f device.UnaryFunc) func(*bed, device.DType) {
	return func(b *bed, t device.DType) {
		b.Unary(b.dst(t, elements), b.data(t, elements), device.Unary{Func: f})
	}
}

func unaryGrad(f device.UnaryFunc) func(*bed, device.DType) {
	return func(b *bed, t device.DType) {
		b.UnaryGrad(b.dst(t, elements), b.data(t, elements), b.data(t, elements), device.Unary{Func: f})
	}
}

func updateCalls() []call {
	slab := func(b *bed) device.Buffer { return b.data(device.Float32, elements) }
	adamW := device.Adam{Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-8, Decoupled: true}
	return []call{
		{"Gate", func(b *bed) { b.Gate(b.control(), slab(b), nil, device.Gate{MaxNorm: 1}) }},
		{"SGD momentum", func(b *bed) {
			b.SGD(slab(b), nil, slab(b), slab(b), b.control(), b.table(), device.SGD{Momentum: 0.9})
		}},
		{"AdamW", func(b *bed) {
			b.Adam(slab(b), nil, slab(b), slab(b), slab(b), b.control(), b.table(), adamW)
		}},
		{"AdamW with a BFloat16 copy", func(b *bed) {
			b.Adam(slab(b), b.data(device.BFloat16, elements), slab(b), slab(b), slab(b), b.control(), b.table(), adamW)
		}},
	}
}
