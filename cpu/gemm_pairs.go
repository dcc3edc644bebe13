package cpu

import (
	"math"
	"unsafe"

	"example.org/chainrule/device"
)

// Where the processor multiplies pairs of BFloat16, a product of BFloat16 is one
// of words of 32 bits: a word holds two neighbours along k, the first in its
// lower half, and k counts words. The last word of an odd k has a zero above.
// Everything but the micro-kernel is as for Float32, whose slices hold the words.

// pairKernels are the inner loops of products of words.
type pairKernels struct {
	productKernels              // wide and narrow add dotPair(a, b) where others add a b
	reducer        batchReducer // of convolutions, likewise
	// interleave sets dst[r*ldd+c] to the word of lo[r*lds+c] and hi[r*lds+c], for
	// r < rows and c < cols, a multiple of conversionLen.
	interleave func(dst []float32, ldd int, lo, hi []bfloat16, lds, cols, rows int)
	rate       float64 // of multiplications, against Float32's
}

// halves is the view of words as their elements.
func halves(words []float32) []bfloat16 {
	return unsafe.Slice((*bfloat16)(unsafe.Pointer(unsafe.SliceData(words))), 2*len(words))
}

// pair makes g, of matrices in memory, a product of words if it has BFloat16
// data and the level has kernels for it.
func (g *product) pair(k *pairKernels) {
	a, b := g.a.source.(stored), g.b.source.(stored)
	if k == nil || a.buf.dtype != device.BFloat16 {
		return
	}
	g.kernel = &k.productKernels
	g.a.source = k.words(a, g.k, !g.a.trans)
	g.b.source = k.words(b, g.k, g.b.trans)
	g.k = ceilDiv(g.k, 2)
}

// take reports whether k exists and applies to images whose groups have this
// many channels: neighbours of an even number are words.
func (k *pairKernels) take(images device.Buffer, channels int) bool {
	return k != nil && images.DType() == device.BFloat16 && channels%2 == 0
}

// wordsOf is the view of an even number of elements as words.
func wordsOf(b *buffer) *buffer {
	v := unsafe.Slice((*float32)(unsafe.Pointer(unsafe.SliceData(b.bf16))), len(b.bf16)/2)
	return &buffer{dev: b.dev, block: b.block, dtype: device.Float32, f32: v}
}

// words is s as words; k runs along its rows or across them.
func (p *pairKernels) words(s stored, k int, along bool) source {
	switch {
	case !along:
		return wordsAcross{s, k, p}
	case k%2 == 0:
		return stored{wordsOf(s.buf), s.ld / 2, s.step / 2}
	}
	return wordsAlong{s, k}
}

// wordsAlong is a source of words whose elements are neighbours in a row of an odd k.
type wordsAlong struct {
	stored
	k int
}

func (s wordsAlong) read(dst []float32, ld, i, row, rows, col, cols int) {
	n := min(2*cols, s.k-2*col)
	for r := range rows {
		v := halves(dst[r*ld:][:cols])
		at := i*s.step + (row+r)*s.ld + 2*col
		copy(v, s.buf.bf16[at:][:n])
		clear(v[n:])
	}
}

// wordsAcross is a source of words whose elements are neighbours in a column of k.
type wordsAcross struct {
	stored
	k       int
	kernels *pairKernels
}

func (s wordsAcross) read(dst []float32, ld, i, row, rows, col, cols int) {
	lo := s.buf.bf16[i*s.step+2*row*s.ld+col:]
	pairs := min(rows, s.k/2-row)
	if pairs > 0 {
		s.kernels.join(dst, ld, lo, lo[s.ld:], 2*s.ld, cols, pairs)
	}
	if pairs < rows {
		widenLow(dst[pairs*ld:][:cols], lo[2*pairs*s.ld:])
	}
}

// join is interleave for any number of columns.
func (p *pairKernels) join(dst []float32, ldd int, lo, hi []bfloat16, lds, cols, rows int) {
	n := cols / conversionLen * conversionLen
	p.interleave(dst, ldd, lo, hi, lds, n, rows)
	if n < cols {
		interleaveGo(dst[n:], ldd, lo[n:], hi[n:], lds, cols-n, rows)
	}
}

// widenLow sets dst[i] to the word of lo[i] and zero.
func widenLow(dst []float32, lo []bfloat16) {
	for i, v := range lo[:len(dst)] {
		dst[i] = math.Float32frombits(uint32(v))
	}
}
