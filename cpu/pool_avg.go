package cpu

import "example.org/chainrule/device"

// AvgPool sets y to the mean of each window.
func (d *Device) AvgPool(y device.Dst, x device.Buffer, s device.Pool) {
	q := newPooling(s)
	d.run(device.Call{
		Op: "AvgPool", Dst: [4]device.Dst{y}, Src: [8]device.Buffer{x},
		FLOPs: q.flops(),
	}, func(p *plan) {
		if !y.Wanted() {
			return
		}
		x := of(x)
		q.eachWindow(p, func(w poolWindow, worker int) {
			out := open(y, w.at, w.at+w.cc, d.tile(worker, 0))
			clear(out.v)
			q.lines(x, w, d.tile(worker, 1), func(v strip, _, _ int) { addRows(out.v, v.v, v.stride) })
			scale(out.v, 1/q.places(w))
			out.commit()
		})
	})
}

// places is what the sum over a window is divided by.
func (q *pooling) places(w poolWindow) float32 {
	if q.CountPad && !q.Adaptive {
		return float32(q.KH * q.KW)
	}
	return float32(max(1, w.rows.count()*w.cols.count()))
}

// AvgPoolGrad spreads dy evenly over each window.
func (d *Device) AvgPoolGrad(dx device.Dst, dy device.Buffer, s device.Pool) {
	q := newPooling(s)
	d.run(device.Call{
		Op: "AvgPoolGrad", Dst: [4]device.Dst{dx}, Src: [8]device.Buffer{dy},
		FLOPs: q.flops(),
	}, func(p *plan) {
		if !dx.Wanted() {
			return
		}
		dy := of(dy)
		q.eachImage(p, dx, func(to imagePart, w poolWindow, worker int) {
			g := d.tile(worker, 0)[:w.cc]
			scaleRow(g, load(dy, w.at, w.at+w.cc, d.tile(worker, 1)), 1/q.places(w))
			for row := w.rows.first; row < w.rows.end; row += w.rows.step {
				for col := w.cols.first; col < w.cols.end; col += w.cols.step {
					add(to.at(row*q.W+col), g)
				}
			}
		})
	})
}
