package bench

import (
	"testing"

	"example.org/chainrule"
	"example.org/chainrule/device"
	"example.org/chainrule/tensor"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas32"
	gorgonia "gorgonia.org/tensor"
)

// A product is [batch, m, k] by [batch, k, n]; a and b may be stored transposed.
type product struct {
	name           string
	batch, m, n, k int
	transA, transB bool
}

var products = []product{
	{name: "256", batch: 1, m: 256, n: 256, k: 256},
	{name: "512", batch: 1, m: 512, n: 512, k: 512},
	{name: "1024", batch: 1, m: 1024, n: 1024, k: 1024},
	{name: "1024-transposed-a", batch: 1, m: 1024, n: 1024, k: 1024, transA: true},
	{name: "1024-transposed-b", batch: 1, m: 1024, n: 1024, k: 1024, transB: true},
	{name: "2048", batch: 1, m: 2048, n: 2048, k: 2048},
	{name: "64x1024x3136", batch: 1, m: 64, n: 1024, k: 3136, transB: true}, // LeNet's first linear layer
	{name: "64x10x1024", batch: 1, m: 64, n: 10, k: 1024, transB: true},     // its last one
	{name: "32", batch: 1, m: 32, n: 32, k: 32},
	{name: "64-of-128x128x64", batch: 64, m: 128, n: 128, k: 64},
}

func BenchmarkMatMul(b *testing.B) {
	for _, p := range products {
		onEachType(b, p.name, p.ours)
		if p.batch == 1 {
			b.Run(p.name+"/gonum", p.gonum)
			b.Run(p.name+"/gorgonia", p.gorgonia)
		}
	}
}

// BenchmarkMatMulOneCore leaves out what it takes to share a product.
func BenchmarkMatMulOneCore(b *testing.B) {
	for _, p := range products {
		b.Run(p.name+"/cpu", func(b *testing.B) { p.ours(b, open(b, "cpu", chainrule.Threads(1)), device.Float32) })
	}
}

// stored is the rows and columns of an operand in memory.
func stored(rows, cols int, transposed bool) (r, c int) {
	if transposed {
		return cols, rows
	}
	return rows, cols
}

func (p product) ours(b *testing.B, dev device.Device, t device.DType) {
	ar, ac := stored(p.m, p.k, p.transA)
	br, bc := stored(p.k, p.n, p.transB)
	x, y := normal(b, dev, t, p.batch, ar, ac), normal(b, dev, t, p.batch, br, bc)
	z := tensor.To(empty(b, dev, t, p.batch, p.m, p.n))
	how := tensor.Product{TransA: p.transA, TransB: p.transB}
	measure(b, dev, func() error { return tensor.MatMulInto(z, tensor.Dst{}, x, y, nil, how) })
}

// work is that of a product of Float32 on the host.
func (p product) work() work {
	return work{flops: 2 * int64(p.m*p.n*p.k), bytes: 4 * int64(p.m*p.k+p.k*p.n+p.m*p.n)}
}

func (p product) gonum(b *testing.B) {
	matrix := func(rows, cols int) blas32.General {
		return blas32.General{Rows: rows, Cols: cols, Stride: cols, Data: normals(rows * cols)}
	}
	transpose := map[bool]blas.Transpose{false: blas.NoTrans, true: blas.Trans}
	x, y, z := matrix(stored(p.m, p.k, p.transA)), matrix(stored(p.k, p.n, p.transB)), matrix(p.m, p.n)
	p.work().time(b, func() error {
		blas32.Gemm(transpose[p.transA], transpose[p.transB], 1, x, y, 0, z)
		return nil
	})
}

func (p product) gorgonia(b *testing.B) {
	matrix := func(rows, cols int, transposed bool) *gorgonia.Dense {
		r, c := stored(rows, cols, transposed)
		m := gorgonia.New(gorgonia.WithShape(r, c), gorgonia.WithBacking(normals(r*c)))
		if transposed {
			require.NoError(b, m.T())
		}
		return m
	}
	x, y, z := matrix(p.m, p.k, p.transA), matrix(p.k, p.n, p.transB), matrix(p.m, p.n, false)
	p.work().time(b, func() error {
		_, err := gorgonia.MatMul(x, y, gorgonia.WithReuse(z))
		return err
	})
}
