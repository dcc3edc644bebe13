package cpu

// A term is one product of a sum of products: where its factors begin.
type term struct{ a, b int }

// strides say how a sum of products lies in memory: the distances from row to
// row, and from k to k.
type strides struct {
	ldc, ldi int // rows of the result, and of what it starts from; 0 repeats one row
	rs, ks   int // of a: from row to row, from k to k
	ldb      int // rows of b
	k        int // depth of every term
}

// A batchKernel sums products in a micro-tile that it keeps in registers:
//
//	c[i*ldc+j] = init[i*ldi+j] + Σ_t Σ_p a[terms[t].a+i*rs+p*ks] b[terms[t].b+p*ldb+j]    p < k
//
// It is what a convolution needs of a processor: a term is a line of the window,
// a is the image itself. Georganas et al., Harnessing Deep Learning via a Single
// Building Block, 2020, who call it a batch-reduce product.
type batchKernel func(c, init, a, b []float32, terms []term, s *strides)

// A batchReducer is the batchKernel of a level for two sizes of micro-tiles.
type batchReducer struct {
	mr, nr int         // rows and columns of a micro-tile
	wide   batchKernel // on mr by nr
	narrow batchKernel // on mr by nr/2

	alongK bool // both read a along k: ks is 1
}

// tilesOf is the reducer whose micro-tiles so many rows fill best.
func (k *kernels) tilesOf(rows int) *batchReducer {
	if k.slim != nil && roundUp(rows, k.slim.mr) < roundUp(rows, k.reducer.mr) {
		return k.slim
	}
	return &k.reducer
}

var goReducer = batchReducer{mr: 2, nr: 16, wide: brgemm2x16, narrow: brgemm2x8}

// brgemm2x16 is a batchKernel on two rows of 16.
func brgemm2x16(c, init, a, b []float32, terms []term, s *strides) {
	brgemmRows(c[:16], c[s.ldc:][:16], init, a, b, terms, s)
}

// brgemm2x8 is a batchKernel on two rows of 8.
func brgemm2x8(c, init, a, b []float32, terms []term, s *strides) {
	brgemmRows(c[:8], c[s.ldc:][:8], init, a, b, terms, s)
}

func brgemmRows(c, d, init, a, b []float32, terms []term, s *strides) {
	copy(c, init[:len(c)])
	copy(d, init[s.ldi:][:len(d)])
	for _, t := range terms {
		addScaledRows(c, d, a[t.a:], a[t.a+s.rs:], s.ks, b[t.b:], s.ldb, s.k)
	}
}
