package cpu

import "example.org/chainrule/device"

// A depthwise convolution has one channel in a group: every channel is a plane of
// its own. It is cut as any other is, into micro-tiles of pixels and channels, but
// these are multiplied channel by channel. An element takes part in few products,
// so that memory is the limit: with 3x3 taps, 45 to 55 GFLOP/s on a core of an AMD
// Zen 5 are 20 to 25 GB/s.

// depthwise reports whether s is one.
func depthwise(s device.Conv2D) bool { return s.Groups > 1 && s.Groups == s.C && s.Groups == s.K }

var goDepthwise = batchReducer{mr: 1, nr: 16, wide: depthwise1x16, narrow: depthwise1x8, channelwise: true}

// depthwise1x16 is a channelwise batchKernel on a row of 16.
func depthwise1x16(c, init, a, b []float32, terms []term, s *strides) {
	depthwiseRow(c[:16], init, a, b, terms, s)
}

// depthwise1x8 is a channelwise batchKernel on a row of 8.
func depthwise1x8(c, init, a, b []float32, terms []term, s *strides) {
	depthwiseRow(c[:8], init, a, b, terms, s)
}

func depthwiseRow(c, init, a, b []float32, terms []term, s *strides) {
	copy(c, init[:len(c)])
	for _, t := range terms {
		for p := range s.k {
			x, y := a[t.a+p*s.ks:][:len(c)], b[t.b+p*s.ldb:][:len(c)]
			for j := range c {
				c[j] += x[j] * y[j]
			}
		}
	}
}

// planeFilters are the filters of a depthwise convolution at some taps, tap by
// tap.
type planeFilters struct {
	w            *buffer
	s            device.Conv2D
	tapsH, tapsW []int
}

func (f *planeFilters) panel(dst []float32, s filterStrip, _ int) {
	for _, h := range f.tapsH {
		for _, w := range f.tapsW {
			for c := range s.count {
				f.w.copyTo(dst[c:][:1], ((s.first+c)*f.s.KH+h)*f.s.KW+w)
			}
			dst = dst[s.width:]
		}
	}
}
