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
		q.eachRun(p, of(x), func(w poolWindows, worker int) {
			out := open(y, w.at, w.end(), d.tile(worker, 0))
			if w.empty() {
				clear(out.v)
			}
			w.eachRow(q.C, func(t tapRow) { d.kernel.addTaps(out.v, w.seen(t.place), t) })
			d.kernel.scale(out.v, out.v, 1/w.places())
			out.commit()
		})
	})
}

// places is what the sum over each of the windows is divided by.
func (w *poolWindows) places() float32 {
	if w.q.CountPad && !w.q.Adaptive {
		return float32(w.q.KH * w.q.KW)
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
		dy := p.float32s(of(dy))
		q.eachImage(p, dx, func(to imagePart, w poolWindows, worker int) {
			g, share := d.tile(worker, 0), 1/w.places()
			for i := range w.cols.windows {
				d.kernel.scale(g[i*w.channels:][:w.channels], dy[w.at+i*q.C:][:w.channels], share)
			}
			w.eachRow(to.stride, func(t tapRow) {
				t.yMove = w.channels
				d.kernel.addTapsGrad(to.v[t.place*to.stride:], g, t)
			})
		})
	})
}
