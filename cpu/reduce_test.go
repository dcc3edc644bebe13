package cpu

import (
	"fmt"
	"testing"

	"example.org/chainrule/device"
)

func reduceCase(t device.DType, s device.Reduce) kernelCase {
	return kernelCase{fmt.Sprintf("Reduce/%v/%v/%dx%dx%d", s.Func, t, s.Outer, s.N, s.Inner), func(b *bed) (func(), []device.Buffer) {
		x, y := b.data(t, s.Outer*s.N*s.Inner), b.alloc(device.Float32, s.Outer*s.Inner)
		return func() { b.Reduce(device.To(y), x, s) }, []device.Buffer{y}
	}}
}

func reduceGradCase(t device.DType, s device.Reduce) kernelCase {
	return kernelCase{fmt.Sprintf("ReduceGrad/%v/%v/%dx%dx%d", s.Func, t, s.Outer, s.N, s.Inner), func(b *bed) (func(), []device.Buffer) {
		x, y, dy := b.data(t, s.Outer*s.N*s.Inner), b.alloc(t, s.Outer*s.Inner), b.data(t, s.Outer*s.Inner)
		dx := b.alloc(t, x.Len())
		b.Reduce(device.To(y), x, s)
		return func() { b.ReduceGrad(device.To(dx), dy, x, y, s) }, []device.Buffer{dx}
	}}
}

func argMaxCase(t device.DType, s device.Reduce) kernelCase {
	return kernelCase{fmt.Sprintf("ArgMax/%v/%dx%dx%d", t, s.Outer, s.N, s.Inner), func(b *bed) (func(), []device.Buffer) {
		x, y := b.data(t, s.Outer*s.N*s.Inner), b.alloc(device.Int32, s.Outer*s.Inner)
		return func() { b.ArgMax(device.To(y), x, s) }, []device.Buffer{y}
	}}
}

func TestReduce(t *testing.T) {
	var cases []kernelCase
	for _, dtype := range [...]device.DType{device.Float32, device.BFloat16} {
		for _, s := range []device.Reduce{
			{Outer: 1, N: 100_000, Inner: 1}, {Outer: 1, N: 5000, Inner: 10}, {Outer: 3, N: 70, Inner: 300}, {Outer: 700, N: 10, Inner: 3},
		} {
			for _, s.Func = range device.ReduceFuncs() {
				cases = append(cases, reduceCase(dtype, s), reduceGradCase(dtype, s))
			}
			cases = append(cases, argMaxCase(dtype, s))
		}
	}
	testKernels(t, cases)
}

func TestReduceOfManyTiles(t *testing.T) {
	for _, s := range []device.Reduce{
		{Outer: 1, N: 100_000, Inner: 1}, {Outer: 1, N: 5000, Inner: 10}, {Outer: 3, N: 70, Inner: 300},
	} {
		for _, s.Func = range device.ReduceFuncs() {
			testValues(t, []kernelCase{reduceCase(device.Float32, s)})
		}
		testValues(t, []kernelCase{argMaxCase(device.Float32, s)})
	}
	s := device.Reduce{Func: device.Max, Outer: 2, N: 30, Inner: 300}
	testValues(t, []kernelCase{reduceGradCase(device.Float32, s)})
}

func BenchmarkReduce(b *testing.B) {
	var cases []kernelCase
	for _, s := range []device.Reduce{
		{Outer: 4096, N: 1000, Inner: 1}, {Outer: 1, N: 128 * 32 * 32, Inner: 16}, {Outer: 1, N: 64 * 28 * 28, Inner: 32}, {Outer: 64, N: 49, Inner: 512},
	} {
		for _, s.Func = range device.ReduceFuncs() {
			cases = append(cases, reduceCase(device.Float32, s), reduceGradCase(device.Float32, s))
		}
		cases = append(cases, argMaxCase(device.Float32, s))
	}
	benchKernels(b, cases)
}
