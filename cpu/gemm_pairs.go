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
	// interleave sets dst[i] to the word of lo[i] and hi[i], over whole vectors:
	// all have one length, a multiple of conversionLen.
	interleave func(dst []float32, lo, hi []bfloat16)
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
	for r := range rows {
		v := dst[r*ld:][:cols]
		lo := s.buf.bf16[i*s.step+2*(row+r)*s.ld+col:]
		if 2*(row+r)+1 < s.k {
			s.kernels.join(v, lo[:cols], lo[s.ld:][:cols])
		} else {
			widenLow(v, lo[:cols])
		}
	}
}

// join sets dst[i] to the word of lo[i] and hi[i].
func (p *pairKernels) join(dst []float32, lo, hi []bfloat16) {
	n := len(dst) / conversionLen * conversionLen
	p.interleave(dst[:n], lo[:n], hi[:n])
	interleaveGo(dst[n:], lo[n:], hi[n:])
}

// widenLow sets dst[i] to the word of lo[i] and zero.
func widenLow(dst []float32, lo []bfloat16) {
	for i, v := range lo {
		dst[i] = math.Float32frombits(uint32(v))
	}
}
