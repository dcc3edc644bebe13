package cuda

import "example.org/chainrule/device"

// MaxPool sets y to the largest element of each window and index to its place;
// see device.Spatial.
func (d *Device) MaxPool(y, index device.Dst, x device.Buffer, s device.Pool) {
	call := device.Call{Op: "MaxPool", Dst: [4]device.Dst{y, index}, Src: [8]device.Buffer{x}, FLOPs: poolFLOPs(s)}
	d.run(call, func(l *launcher) {
		if y.Wanted() || index.Wanted() {
			l.launch("pool", "max", column(y, x), poolOutputs(s), l.args().dst(y).ptr(index.Buf).ptr(x).pool(s))
		}
	})
}

// MaxPoolGrad sets dx to the sum of dy over the windows whose index is there;
// see device.Spatial.
func (d *Device) MaxPoolGrad(dx device.Dst, dy, index device.Buffer, s device.Pool) {
	call := device.Call{Op: "MaxPoolGrad", Dst: [4]device.Dst{dx}, Src: [8]device.Buffer{dy, index}, FLOPs: poolFLOPs(s)}
	d.run(call, func(l *launcher) {
		if dx.Wanted() {
			l.launch("pool", "max_grad", column(dx, dy), poolInputs(s), l.args().dst(dx).ptr(dy).ptr(index).pool(s))
		}
	})
}

// AvgPool sets y to the mean of each window; see device.Spatial.
func (d *Device) AvgPool(y device.Dst, x device.Buffer, s device.Pool) {
	call := device.Call{Op: "AvgPool", Dst: [4]device.Dst{y}, Src: [8]device.Buffer{x}, FLOPs: poolFLOPs(s)}
	d.run(call, func(l *launcher) {
		if y.Wanted() {
			l.launch("pool", "avg", column(y, x), poolOutputs(s), l.args().dst(y).ptr(x).pool(s))
		}
	})
}

// AvgPoolGrad spreads dy evenly over each window; see device.Spatial.
func (d *Device) AvgPoolGrad(dx device.Dst, dy device.Buffer, s device.Pool) {
	call := device.Call{Op: "AvgPoolGrad", Dst: [4]device.Dst{dx}, Src: [8]device.Buffer{dy}, FLOPs: poolFLOPs(s)}
	d.run(call, func(l *launcher) {
		if dx.Wanted() {
			l.launch("pool", "avg_grad", column(dx, dy), poolInputs(s), l.args().dst(dx).ptr(dy).pool(s))
		}
	})
}

// poolFLOPs counts one operation for each place of each window.
func poolFLOPs(s device.Pool) int64 {
	oh, ow := s.Out()
	window := int64(s.KH) * int64(s.KW)
	if s.Adaptive {
		window = int64(ceilDiv(s.H, max(oh, 1))) * int64(ceilDiv(s.W, max(ow, 1)))
	}
	return int64(s.N) * int64(oh) * int64(ow) * int64(s.C) * window
}

// pool packs the fields of kernels/pool.cu's struct pool.
func (a *args) pool(s device.Pool) *args {
	oh, ow := s.Out()
	w := s.Window
	return a.i32(s.N, s.C).flag(s.Adaptive).flag(s.CountPad).
		i32(s.H, oh, w.KH, w.StrideH, w.DilationH, w.Top).
		i32(s.W, ow, w.KW, w.StrideW, w.DilationW, w.Left)
}

// poolOutputs gives a thread one place of the result, poolInputs one of x.
func poolOutputs(s device.Pool) geometry {
	oh, ow := s.Out()
	return places(s.N*oh*ow, s.C)
}

func poolInputs(s device.Pool) geometry { return places(s.N*s.H*s.W, s.C) }

// places gives n places a few threads each along their channels, which then take
// many, and more where places are few.
func places(n, channels int) geometry {
	width := widthOf(channels)
	groups := channels / width
	x := min(powerOfTwo(groups), 32/width)
	y := teamThreads / x
	blocks := ceilDiv(n, y)
	beside := min(ceilDiv(groups, x), ceilDiv(enoughBlocks, max(blocks, 1)))
	return geometry{grid: [3]int{blocks, beside, 1}, block: [3]int{x, y, 1}}
}
