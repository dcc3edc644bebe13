package cpu

import "example.org/chainrule/device"

// A convolution is a product of the patches under its window with its filters,
// a group at a time: y[positions, K/groups] = patches[positions, taps C/groups]
// filters. Patches are gathered block by block while the product runs (implicit
// GEMM); see conv2d_patches.go. Depthwise convolutions are no products of any
// size and are computed directly; see conv2d_depthwise.go.

// Conv2D convolves; see device.Spatial.
func (d *Device) Conv2D(y, pre device.Dst, x, w, bias device.Buffer, s device.Conv2D) {
	call := device.Call{Op: "Conv2D", Dst: [4]device.Dst{y, pre}, Src: [8]device.Buffer{x, w, bias}, FLOPs: s.FLOPs()}
	d.run(call, func(p *plan) {
		if !y.Wanted() && !pre.Wanted() {
			return
		}
		to := epilogue{dst: y, pre: pre, bias: f32(bias), biasStep: s.K / s.Groups, act: d.kernel.activation(s.Act), at: positionsOf(s)}
		if depthwise(s) {
			planTaps(p, to, patchesOf(x, s), tapWeights(p, of(w), s, taps(s.KH), taps(s.KW)), s.N)
			return
		}
		if allFloat32(y.Buf, pre.Buf, x, w) && d.byWinograd(s) {
			planWinograd(p, to, of(x), s, planFilters(of(w).f32))
			return
		}
		kernel := &d.kernel.productKernels
		if d.kernel.pairs.take(x, s.C/s.Groups) {
			kernel, x, w, s.C = &d.kernel.pairs.productKernels, wordsOf(of(x)), wordsOf(of(w)), s.C/2
		}
		g := &product{
			kernel: kernel,
			batch:  s.Groups, m: positions(s), n: s.K / s.Groups, k: s.KH * s.KW * s.C / s.Groups,
			a:  factor{source: patchesOf(x, s)},
			b:  factor{source: filtersOf(w, s), trans: true, keep: true},
			to: to,
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
		if depthwise(s) {
			planFilterSums(p, dw, of(dy), patchesOf(x, s), s.N)
			return
		}
		filters := filtersOf(dw.Buf, s)
		g := &product{
			batch: s.Groups, m: s.K / s.Groups, n: filters.ld, k: positions(s),
			a:  factor{source: stored{of(dy), s.K, s.K / s.Groups}, trans: true},
			b:  factor{source: patchesOf(x, s)},
			to: epilogue{dst: dw, at: matrixRows(filters.ld, filters.step)},
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
		if m := mirrored(s); allFloat32(dx.Buf, dy, w) && d.byWinograd(m) {
			planWinograd(p, epilogue{dst: dx}, of(dy), m, planMirroredFilters(of(w).f32))
			return
		}
		for _, lines := range phases(s.H, s.KH, s.StrideH, s.DilationH, s.Top) {
			for _, cols := range phases(s.W, s.KW, s.StrideW, s.DilationW, s.Left) {
				planGradInput(p, dx, of(dy), of(w), s, lines, cols)
			}
		}
	})
}

// planGradInput plans the pixels of dx in a phase of lines and one of columns.
func planGradInput(p *plan, dx device.Dst, dy, w *buffer, s device.Conv2D, lines, cols axisPhase) {
	to := epilogue{dst: dx, at: raster{
		height: lines.n, width: cols.n,
		origin: (lines.first*s.W + cols.first) * s.C, step: s.C / s.Groups,
		image: s.H * s.W * s.C, line: s.StrideH * s.W * s.C, pixel: s.StrideW * s.C,
	}}
	oh, ow := s.Out()
	from := &patches{
		buf: dy, height: oh, width: ow, channels: s.K, group: s.K / s.Groups,
		at: raster{height: lines.n, width: cols.n}, strideH: 1, strideW: 1,
		dh: lines.offsets, dw: cols.offsets,
	}
	if depthwise(s) {
		planTaps(p, to, from, tapWeights(p, w, s, lines.taps, cols.taps), s.N)
		return
	}
	kernel, filters := &p.dev.kernel.productKernels, source(&tapFilters{w, s, lines.taps, cols.taps})
	if pairs := p.dev.kernel.pairs; pairs.take(dy, s.K/s.Groups) {
		kernel, filters = &pairs.productKernels, &tapWords{tapFilters{w, s, lines.taps, cols.taps}, pairs}
		from.buf, from.channels, from.group, s.K = wordsOf(dy), from.channels/2, from.group/2, s.K/2
	}
	from.join()
	g := &product{
		kernel: kernel,
		batch:  s.Groups, m: s.N * lines.n * cols.n, n: s.C / s.Groups, k: len(lines.taps) * len(cols.taps) * s.K / s.Groups,
		a:  factor{source: from},
		b:  factor{source: filters, keep: true},
		to: to,
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

// positions is the number of places of the window on all images.
func positions(s device.Conv2D) int {
	oh, ow := s.Out()
	return s.N * oh * ow
}

// positionsOf says where the results of each position begin.
func positionsOf(s device.Conv2D) raster {
	oh, ow := s.Out()
	return raster{height: oh, width: ow, step: s.K / s.Groups, image: oh * ow * s.K, line: ow * s.K, pixel: s.K}
}

// filtersOf is the matrix whose row is a filter, one matrix a group.
func filtersOf(w device.Buffer, s device.Conv2D) stored {
	size := s.KH * s.KW * s.C / s.Groups
	return stored{of(w), size, size * s.K / s.Groups}
}

// tapFilters is the matrix that a phase multiplies with: row (tap h, tap w, o)
// holds, of the filter of output channel o, the input channels at that tap.
type tapFilters struct {
	w            *buffer
	s            device.Conv2D
	tapsH, tapsW []int
}

func (f *tapFilters) read(dst []float32, ld, i, row, rows, col, cols int) {
	for r := range rows {
		f.w.copyTo(dst[r*ld:][:cols], f.of(i, row+r)+col)
	}
}

// of is where row of matrix i begins.
func (f *tapFilters) of(i, row int) int {
	filters := f.s.K / f.s.Groups
	tap, o := row/filters, row%filters
	h, w := f.tapsH[tap/len(f.tapsW)], f.tapsW[tap%len(f.tapsW)]
	return (((i*filters+o)*f.s.KH+h)*f.s.KW + w) * f.s.C / f.s.Groups
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
