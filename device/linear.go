package device

// Linear kernels are products.
type Linear interface {
	// MatMul sets c[i] = f(op(a[i]) op(b[i]) + bias) for every i of the batch.
	// pre takes the value before the activation f.
	// c, pre: data [Batch, M, N]; a, b: data [Batch, M, K] and [Batch, K, N] after
	// op; bias: always Float32 [N], or nil for none.
	MatMul(c, pre Dst, a, b, bias Buffer, s MatMul)
}

// A MatMul describes a batch of products.
type MatMul struct {
	Batch   int
	M, N, K int // of the product: [M, K] by [K, N]
	// TransA and TransB say that the operand is stored transposed: a as [K, M],
	// b as [N, K].
	TransA, TransB bool
	// SharedA and SharedB say that one matrix serves the whole batch.
	SharedA, SharedB bool
	Act              Unary // the activation; Identity is none
}

// FLOPs is the number of multiplications and additions.
func (s MatMul) FLOPs() int64 { return 2 * int64(s.Batch) * int64(s.M) * int64(s.N) * int64(s.K) }
