package cpu

import "example.org/chainrule/device"

// Softmax sets y[r, c] = exp(x[r, c]) / Σ exp(x[r, :]), or its logarithm.
func (d *Device) Softmax(y device.Dst, x device.Buffer, s device.Softmax) {
	d.run(device.Call{
		Op: "Softmax", Dst: [4]device.Dst{y}, Src: [8]device.Buffer{x},
		FLOPs: 4 * int64(x.Len()),
	}, func(p *plan) {
		if !y.Wanted() {
			return
		}
		x := of(x)
		p.eachRow(s.Rows, s.Cols, func(r, worker int) {
			d.softmaxRow(y, x, r*s.Cols, (r+1)*s.Cols, s.Log, worker)
		})
	})
}

// eachRow plans a task for each of rows, short ones in groups.
func (p *plan) eachRow(rows, cols int, task func(r, worker int)) {
	group := max(1, tileLen/max(cols, 1))
	p.each(ceilDiv(rows, group), func(i, worker int) {
		for r := i * group; r < min((i+1)*group, rows); r++ {
			task(r, worker)
		}
	})
}

func (d *Device) softmaxRow(y device.Dst, x *buffer, lo, hi int, logarithm bool, worker int) {
	e := d.tile(worker, 0)
	m, sum := d.maxAndSum(x, lo, hi, e, worker)
	for at := lo; at < hi; at += tileLen {
		end := min(at+tileLen, hi)
		out := open(y, at, end, d.tile(worker, 1))
		switch e := e[:end-at]; {
		case logarithm:
			subRow(out.v, load(x, at, end, d.tile(worker, 2)), m+log(sum))
		case hi-lo > tileLen: // e holds the last tile only
			expRow(e, load(x, at, end, d.tile(worker, 2)), m)
			fallthrough
		default:
			scaleRow(out.v, e, float32(1/sum))
		}
		out.commit()
	}
}

// maxAndSum is the largest m of elements lo to hi and the sum of exp(x-m). The
// terms of the last tile, which may be the only one, are left in e.
func (d *Device) maxAndSum(x *buffer, lo, hi int, e []float32, worker int) (m, sum float64) {
	largest := infinity(-1)
	for at := lo; at < hi; at += tileLen {
		largest = max(largest, maxRow(load(x, at, min(at+tileLen, hi), d.tile(worker, 2))))
	}
	m = float64(largest)
	for at := lo; at < hi; at += tileLen {
		x := load(x, at, min(at+tileLen, hi), d.tile(worker, 2))
		sum += expRow(e[:len(x)], x, m)
	}
	return m, sum
}

// SoftmaxGrad sets dx = y (dy - Σ dy y), or with Log: dx = dy - exp(y) Σ dy.
func (d *Device) SoftmaxGrad(dx device.Dst, dy, y device.Buffer, s device.Softmax) {
	d.run(device.Call{
		Op: "SoftmaxGrad", Dst: [4]device.Dst{dx}, Src: [8]device.Buffer{dy, y},
		FLOPs: 4 * int64(y.Len()),
	}, func(p *plan) {
		if !dx.Wanted() {
			return
		}
		dy, y := of(dy), of(y)
		p.eachRow(s.Rows, s.Cols, func(r, worker int) {
			d.softmaxGradRow(dx, dy, y, r*s.Cols, (r+1)*s.Cols, s.Log, worker)
		})
	})
}

func (d *Device) softmaxGradRow(dx device.Dst, dy, y *buffer, lo, hi int, logarithm bool, worker int) {
	sum := 0.0
	for at := lo; at < hi; at += tileLen {
		end := min(at+tileLen, hi)
		dy := load(dy, at, end, d.tile(worker, 0))
		if logarithm {
			sum += sumRow(dy)
		} else {
			sum += dotRow(dy, load(y, at, end, d.tile(worker, 1)))
		}
	}
	for at := lo; at < hi; at += tileLen {
		end := min(at+tileLen, hi)
		dy, y := load(dy, at, end, d.tile(worker, 0)), load(y, at, end, d.tile(worker, 1))
		out := open(dx, at, end, d.tile(worker, 2))
		if logarithm {
			logSoftmaxGrad(out.v, dy, y, sum)
		} else {
			softmaxGrad(out.v, dy, y, float32(sum))
		}
		out.commit()
	}
}

// softmaxGrad sets dx = y (dy - dot).
func softmaxGrad(dx, dy, y []float32, dot float32) {
	dy, y = dy[:len(dx)], y[:len(dx)]
	for i := range dx {
		dx[i] = y[i] * (dy[i] - dot)
	}
}

// logSoftmaxGrad sets dx = dy - exp(y) sum.
func logSoftmaxGrad(dx, dy, y []float32, sum float64) {
	expRow(dx, y, 0)
	dy = dy[:len(dx)]
	for i := range dx {
		dx[i] = float32(float64(dy[i]) - float64(dx[i])*sum)
	}
}

// expRow sets y = exp(x - m) and returns Σ y. Like each, it keeps conversions
// away from the calls of exp.
func expRow(y, x []float32, m float64) (sum float64) {
	var wide [16]float64
	for len(x) > 0 {
		w := wide[:min(len(x), len(wide))]
		for i, v := range x[:len(w)] {
			w[i] = float64(v) - m
		}
		for i, v := range w {
			w[i] = exp(v)
		}
		for i, v := range w {
			y[i] = float32(v)
			sum += v
		}
		x, y = x[len(w):], y[len(w):]
	}
	return sum
}

// subRow sets y = x - k.
func subRow(y, x []float32, k float64) {
	x = x[:len(y)]
	for i := range y {
		y[i] = float32(float64(x[i]) - k)
	}
}

// scaleRow sets y = k x.
func scaleRow(y, x []float32, k float32) {
	x = x[:len(y)]
	for i := range y {
		y[i] = k * x[i]
	}
}
