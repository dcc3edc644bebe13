package cpu

// Where the processor multiplies pairs of BFloat16, convolutions are of words; see
// gemm_pairs.go. A convolution and its data gradient sum over channels: an image
// with an even number of these in a group is one of words as it lies. A filter
// gradient sums over images: of any two it makes one of words.

// tapWords are tapFilters as words: two output channels of a tap, of which there
// is an even number, make one.
type tapWords struct {
	tapFilters
	kernels *pairKernels
}

func (f *tapWords) panel(dst []float32, s filterStrip, _ int) {
	rows := len(f.tapsH) * len(f.tapsW) * f.s.K / f.s.Groups / 2
	for r := range rows {
		lo, hi := f.of(s.group, 2*r)+s.first, f.of(s.group, 2*r+1)+s.first
		f.kernels.join(dst[r*s.width:], 0, f.w.bf16[lo:], f.w.bf16[hi:], 0, s.count, 1)
	}
}

// pair makes g a gradient of words.
func (g *filterGradient) pair(k *pairKernels) {
	g.reducer = &k.reducer
	g.images = ceilDiv(g.images, 2)
	g.from.joins, g.dy.joins = k, k
}
