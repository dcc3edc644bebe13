package cpu

import "example.org/chainrule/device"

// MaxPool sets y to the largest element of each window and index to its place.
func (d *Device) MaxPool(y, index device.Dst, x device.Buffer, s device.Pool) {
	q := newPooling(s)
	d.run(device.Call{
		Op: "MaxPool", Dst: [4]device.Dst{y, index}, Src: [8]device.Buffer{x},
		FLOPs: q.flops(),
	}, func(p *plan) {
		if !y.Wanted() && !index.Wanted() {
			return
		}
		x, places := of(x), i32(index.Buf)
		q.eachWindow(p, func(w poolWindow, worker int) {
			out := open(y, w.at, w.at+w.cc, d.tile(worker, 0))
			if places == nil {
				q.max(out.v, x, w, d.tile(worker, 1))
			} else {
				q.argMax(out.v, places[w.at:w.at+w.cc], x, w, d.tile(worker, 1))
			}
			out.commit()
		})
	})
}

// max sets y to the largest of each channel.
func (q *pooling) max(y []float32, x *buffer, w poolWindow, tmp []float32) {
	fill(y, infinity(-1))
	q.lines(x, w, tmp, func(v strip, _, _ int) { maxRows(y, v.v, v.stride) })
}

// argMax does the same, and sets index to the first place of the largest.
func (q *pooling) argMax(y []float32, index []int32, x *buffer, w poolWindow, tmp []float32) {
	if w.rows.count()*w.cols.count() == 0 {
		fill(y, infinity(-1))
		fill(index, -1)
	}
	more := false
	q.lines(x, w, tmp, func(v strip, place, step int) {
		x.dev.kernel.maxTaps(y, index, v.v, v.stride, place, step, more)
		more = true
	})
}

// MaxPoolGrad sets dx[n, h, w, c] = Σ dy over the windows whose index is there.
func (d *Device) MaxPoolGrad(dx device.Dst, dy, index device.Buffer, s device.Pool) {
	q := newPooling(s)
	d.run(device.Call{
		Op: "MaxPoolGrad", Dst: [4]device.Dst{dx}, Src: [8]device.Buffer{dy, index},
		FLOPs: int64(dy.Len()),
	}, func(p *plan) {
		if !dx.Wanted() {
			return
		}
		dy, index := of(dy), i32(index)
		q.eachImage(p, dx, func(to imagePart, w poolWindow, worker int) {
			if w.cols.count() == 0 {
				return
			}
			g, index := load(dy, w.at, w.at+w.cc, d.tile(worker, 0)), index[w.at:w.at+w.cc]
			for row := w.rows.first; row < w.rows.end; row += w.rows.step {
				place := row*q.W + w.cols.first
				d.kernel.spreadTaps(to.taps(place, w.cols), g, index, to.stride*w.cols.step, place, w.cols.step)
			}
		})
	})
}
