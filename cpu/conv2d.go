package cpu

import "example.org/chainrule/device"

// A convolution and its data gradient are correlations, see conv2d_correlation.go;
// its filter gradient is in conv2d_filter.go, and the data gradient of images of few
// channels in conv2d_scatter.go. Where Winograd's algorithm needs fewer
// multiplications it takes over: see conv2d_winograd.go.

// Conv2D convolves; see device.Spatial.
func (d *Device) Conv2D(y, pre device.Dst, x, w, bias device.Buffer, s device.Conv2D) {
	call := device.Call{Op: "Conv2D", Dst: [4]device.Dst{y, pre}, Src: [8]device.Buffer{x, w, bias}, FLOPs: s.FLOPs()}
	d.run(call, func(p *plan) {
		if !y.Wanted() && !pre.Wanted() {
			return
		}
		to := epilogue{dst: y, pre: pre, bias: f32(bias), biasStep: s.K / s.Groups, act: d.kernel.activation(s.Act)}
		if d.byWinograd(s, x.DType()) {
			planWinograd(p, to, p.widened(of(x)), s, planFilters(p.widened(of(w))))
			return
		}
		if depthwise(s) {
			planDepthwise(p, to, of(x), of(w), s)
			return
		}
		s := flattened(s)
		x, w, channels, reducer := of(x), of(w), s.C, &d.kernel.reducer
		if pairs := d.kernel.pairs; pairs.take(x, s.C/s.Groups) {
			reducer, x, w, channels = &pairs.reducer, wordsOf(x), wordsOf(w), s.C/2
		}
		window, filters := sweepOf(s), panelSource(forwardFiltersOf(p, w, s.K/s.Groups, s.KH*s.KW*channels/s.Groups))
		g := &correlation{
			sweep: window, reducer: reducer, images: s.N, groups: s.Groups, out: s.K / s.Groups,
			from: window.frames(x, s.H, s.W, channels), filters: filters, to: to, into: positionsOf(s),
		}
		g.plan(p)
	})
}

// Conv2DGradFilter sums dy x over all images and positions; see device.Spatial.
func (d *Device) Conv2DGradFilter(dw device.Dst, dy, x device.Buffer, s device.Conv2D) {
	call := device.Call{Op: "Conv2DGradFilter", Dst: [4]device.Dst{dw}, Src: [8]device.Buffer{dy, x}, FLOPs: s.FLOPs()}
	d.run(call, func(p *plan) {
		if !dw.Wanted() {
			return
		}
		if d.byWinogradGrad(s, x.DType()) {
			planWinogradGrad(p, dw, p.widened(of(dy)), p.widened(of(x)), s)
			return
		}
		if depthwise(s) {
			planDepthwiseGradFilter(p, dw, of(dy), of(x), s)
			return
		}
		s := flattened(s)
		window := sweepOf(s)
		g := &filterGradient{
			sweep: window, reducer: &d.kernel.reducer, images: s.N, groups: s.Groups, out: s.K / s.Groups,
			from: window.frames(of(x), s.H, s.W, s.C), dy: wholeFrames(of(dy), window, s.K), to: dw,
		}
		if pairs := d.kernel.pairs; pairs != nil && x.DType() == device.BFloat16 {
			g.pair(pairs)
		}
		g.plan(p)
	})
}

// Conv2DGradInput sums dy w over all that read an element of x; see
// device.Spatial. Where the window moves in strides, the pixels of dx fall into
// phases, each of which meets only some taps: each phase is a convolution of dy
// of stride 1.
func (d *Device) Conv2DGradInput(dx device.Dst, dy, w device.Buffer, s device.Conv2D) {
	call := device.Call{Op: "Conv2DGradInput", Dst: [4]device.Dst{dx}, Src: [8]device.Buffer{dy, w}, FLOPs: s.FLOPs()}
	d.run(call, func(p *plan) {
		if !dx.Wanted() {
			return
		}
		if m := mirrored(s); d.byWinograd(m, dy.DType()) {
			planWinograd(p, epilogue{dst: dx}, p.widened(of(dy)), m, planMirroredFilters(p.widened(of(w))))
			return
		}
		if d.kernel.scatters(s) {
			planScatter(p, dx, of(dy), of(w), s)
			return
		}
		s := flattened(s)
		for _, lines := range phases(s.H, s.KH, s.StrideH, s.DilationH, s.Top) {
			for _, cols := range phases(s.W, s.KW, s.StrideW, s.DilationW, s.Left) {
				planGradInput(p, dx, of(dy), of(w), s, lines, cols)
			}
		}
	})
}

// planGradInput plans the pixels of dx in a phase of lines and one of columns.
func planGradInput(p *plan, dx device.Dst, dy, w *buffer, s device.Conv2D, lines, cols axisPhase) {
	into := raster{
		origin: (lines.first*s.W + cols.first) * s.C, step: s.C / s.Groups,
		image: s.H * s.W * s.C, line: s.StrideH * s.W * s.C, pixel: s.StrideW * s.C,
	}
	oh, ow := s.Out()
	window := sweep{height: lines.n, width: cols.n, strideH: 1, strideW: 1, dh: lines.offsets, dw: cols.offsets}
	if depthwise(s) {
		c := &depthwiseSweep{
			sweep: window, images: s.N, from: wholeLines(dy, oh, ow, s.C),
			filters: planeFilters{w, s, lines.taps, cols.taps}, to: epilogue{dst: dx}, into: into,
		}
		c.plan(p)
		return
	}
	channels, reducer := s.K, &p.dev.kernel.reducer // channels of dy
	filters := panelSource(&tapFilters{w, s, lines.taps, cols.taps})
	if pairs := p.dev.kernel.pairs; pairs.take(dy, s.K/s.Groups) {
		reducer, filters = &pairs.reducer, &tapWords{tapFilters{w, s, lines.taps, cols.taps}, pairs}
		dy, channels = wordsOf(dy), s.K/2
	}
	g := &correlation{
		sweep: window, reducer: reducer, images: s.N, groups: s.Groups, out: s.C / s.Groups,
		from: window.frames(dy, oh, ow, channels), filters: filters, to: epilogue{dst: dx}, into: into,
	}
	g.plan(p)
}

// An axisPhase is a phase in one axis: every stride-th line or column of dx from
// first on, n of them; the taps that meet them; and for each tap how far the
// position of dy is from the number of the pixel in the phase. Offsets ascend.
type axisPhase struct {
	first, n      int
	taps, offsets []int
}

// phases lists those of an axis of size pixels.
func phases(size, kernel, stride, dilation, pad int) []axisPhase {
	list := make([]axisPhase, min(stride, size))
	for first := range list {
		a := &list[first]
		a.first, a.n = first, ceilDiv(size-first, stride)
		for tap := kernel - 1; tap >= 0; tap-- {
			if at := first + pad - tap*dilation; at%stride == 0 {
				a.taps = append(a.taps, tap)
				a.offsets = append(a.offsets, at/stride)
			}
		}
	}
	return list
}

// taps lists the taps of an axis.
func taps(kernel int) []int {
	list := make([]int, kernel)
	for i := range list {
		list[i] = i
	}
	return list
}

// positionsOf says where the results of each position begin.
func positionsOf(s device.Conv2D) raster {
	oh, ow := s.Out()
	return raster{step: s.K / s.Groups, image: oh * ow * s.K, line: ow * s.K, pixel: s.K}
}
