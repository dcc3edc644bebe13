package cpu

import "example.org/chainrule/device"

// A convolution of BFloat16 pairs is a product of the words under its window with
// its filters, a group at a time: y[positions, K/groups] = patches[positions, taps
// C/2/groups] filters. Patches are gathered block by block while the product runs
// (implicit GEMM); see conv2d_patches.go and gemm_pairs.go.

// planPairs plans a convolution.
func planPairs(p *plan, to epilogue, x, w device.Buffer, s device.Conv2D) {
	x, w, s.C = wordsOf(of(x)), wordsOf(of(w)), s.C/2
	size := s.KH * s.KW * s.C / s.Groups // of a filter
	oh, ow := s.Out()
	g := &product{
		kernel: &p.dev.kernel.pairs.productKernels,
		batch:  s.Groups, m: s.N * oh * ow, n: s.K / s.Groups, k: size,
		a:  factor{source: patchesOf(x, s)},
		b:  factor{source: stored{of(w), size, size * s.K / s.Groups}, trans: true, keep: true},
		to: to,
	}
	g.plan(p)
}

// planGradInputPairs plans the pixels of a data gradient in a phase of lines and
// one of columns.
func planGradInputPairs(p *plan, to epilogue, dy, w *buffer, s device.Conv2D, lines, cols axisPhase) {
	pairs := p.dev.kernel.pairs
	from := phasePatches(wordsOf(dy), s, s.K/2, lines, cols)
	from.join()
	g := &product{
		kernel: &pairs.productKernels,
		batch:  s.Groups, m: s.N * lines.n * cols.n, n: s.C / s.Groups,
		k:  len(lines.taps) * len(cols.taps) * from.group,
		a:  factor{source: from},
		b:  factor{source: &tapWords{tapFilters{w, s, lines.taps, cols.taps}, pairs}, keep: true},
		to: to,
	}
	g.plan(p)
}

// tapWords are tapFilters as words: two output channels of a tap, of which there
// is an even number, make one.
type tapWords struct {
	tapFilters
	kernels *pairKernels
}

func (f *tapWords) read(dst []float32, ld, i, row, rows, col, cols int) {
	for r := range rows {
		lo, hi := f.of(i, 2*(row+r))+col, f.of(i, 2*(row+r)+1)+col
		f.kernels.join(dst[r*ld:][:cols], f.w.bf16[lo:][:cols], f.w.bf16[hi:][:cols])
	}
}
