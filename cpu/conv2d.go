package cpu

import "example.org/chainrule/device"

// A convolution is a product of the patches under its window with its filters,
// a group at a time: y[positions, K/groups] = patches[positions, taps C/groups]
// filters. Patches are gathered block by block while the product runs (implicit
// GEMM); see patches.go. Depthwise ones are computed directly; see depthwise.go.

// Conv2D convolves; see device.Spatial.
func (d *Device) Conv2D(y, pre device.Dst, x, w, bias device.Buffer, s device.Conv2D) {
	call := device.Call{Op: "Conv2D", Dst: [4]device.Dst{y, pre}, Src: [8]device.Buffer{x, w, bias}, FLOPs: s.FLOPs()}
	d.run(call, func(p *plan) {
		if !y.Wanted() && !pre.Wanted() {
			return
		}
		to := epilogue{dst: y, pre: pre, bias: f32(bias), biasStep: s.K / s.Groups, act: activation(s.Act), at: positionsOf(s)}
		if depthwise(s) {
			planTaps(p, to, patchesOf(x, s), tapWeights(p, of(w), s, taps(s.KH), taps(s.KW)), s.N)
			return
		}
		g := &product{
			batch: s.Groups, m: positions(s), n: s.K / s.Groups, k: s.KH * s.KW * s.C / s.Groups,
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
		for h := range min(s.StrideH, s.H) {
			for w0 := range min(s.StrideW, s.W) {
				planGradInput(p, dx, of(dy), of(w), s, phaseOf(s.H, h, s.KH, s.StrideH, s.DilationH, s.Top), phaseOf(s.W, w0, s.KW, s.StrideW, s.DilationW, s.Left))
			}
		}
	})
}

// planGradInput plans the pixels of dx of one phase in height and in width.
func planGradInput(p *plan, dx device.Dst, dy, w *buffer, s device.Conv2D, h, v axisPhase) {
	to := epilogue{dst: dx, at: raster{
		height: h.n, width: v.n,
		origin: (h.first*s.W + v.first) * s.C, step: s.C / s.Groups,
		image: s.H * s.W * s.C, line: h.stride * s.W * s.C, pixel: v.stride * s.C,
	}}
	oh, ow := s.Out()
	from := &patches{
		buf: dy, height: oh, width: ow, channels: s.K, group: s.K / s.Groups,
		at: raster{height: h.n, width: v.n}, strideH: 1, strideW: 1,
		dh: h.offsets, dw: v.offsets,
	}
	if depthwise(s) {
		planTaps(p, to, from, tapWeights(p, w, s, h.taps, v.taps), s.N)
		return
	}
	from.join()
	g := &product{
		batch: s.Groups, m: s.N * h.n * v.n, n: s.C / s.Groups, k: len(h.taps) * len(v.taps) * s.K / s.Groups,
		a:  factor{source: from},
		b:  factor{source: &tapFilters{w, s, h.taps, v.taps}, keep: true},
		to: to,
	}
	g.plan(p)
}

// An axisPhase is the share of a phase in one axis: pixels first, first+stride,
// ... of dx, n of them; the taps that meet them; and for each tap how far the
// position of dy is from the number of the pixel. Offsets ascend.
type axisPhase struct {
	first, stride, n int
	taps, offsets    []int
}

// phaseOf is the axisPhase of pixel first of size, for a window of the axis.
func phaseOf(size, first, kernel, stride, dilation, pad int) axisPhase {
	a := axisPhase{first: first, stride: stride, n: ceilDiv(size-first, stride)}
	for tap := kernel - 1; tap >= 0; tap-- {
		if at := first + pad - tap*dilation; at%stride == 0 {
			a.taps = append(a.taps, tap)
			a.offsets = append(a.offsets, at/stride)
		}
	}
	return a
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
	filters, group := f.s.K/f.s.Groups, f.s.C/f.s.Groups
	for r := range rows {
		tap, o := (row+r)/filters, (row+r)%filters
		h, w := f.tapsH[tap/len(f.tapsW)], f.tapsW[tap%len(f.tapsW)]
		at := (((i*filters+o)*f.s.KH+h)*f.s.KW + w) * group
		f.w.copyTo(dst[r*ld:][:cols], at+col)
	}
}
