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
		places := i32(index.Buf)
		if places == nil {
			places = p.ints(y.Buf.Len())
		}
		q.eachRun(p, of(x), func(w poolWindows, worker int) {
			out := open(y, w.at, w.end(), d.tile(worker, 0))
			w.max(out.v, places[w.at:w.end()], &d.kernel.poolKernels)
			out.commit()
		})
	})
}

// max sets y to the largest of what the windows see, and index to the first place
// of it.
func (w *poolWindows) max(y []float32, index []int32, k *poolKernels) {
	if w.empty() {
		fill(y, infinity(-1))
		fill(index, -1)
	}
	w.eachRow(w.q.C, func(t tapRow) { k.maxTaps(y, index, w.seen(t.place), t) })
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
		dy, index := p.float32s(of(dy)), i32(index)
		q.eachImage(p, dx, func(to imagePart, w poolWindows, _ int) {
			w.eachRow(to.stride, func(t tapRow) {
				d.kernel.maxTapsGrad(to.v[t.place*to.stride:], dy[w.at:], index[w.at:], t)
			})
		})
	})
}
