package cpu

import "example.org/chainrule/device"

// softmaxKernels are the elementwise loops of softmax and its loss, over spans of
// equal length; see the rows of these names.
type softmaxKernels struct {
	scale             func(y, x []float32, k float32)
	softmaxDot        func(dy, y []float32) float64
	logSoftmax        func(y, x []float32, m, l float32)
	softmaxGrad       func(dx, dy, y []float32, dot float32)
	logSoftmaxGrad    func(dx, dy, y []float32, sum float32)
	crossEntropyGrad  func(dx, x []float32, lse, k, b float32)
	distances         func(x []float32, m float32) float64
	weightedDistances func(x, w []float32, m float32) float64
}

var goSoftmax = softmaxKernels{
	scaleRow, dotRow, logSoftmaxRow, softmaxGradRow, logSoftmaxGradRow, crossEntropyGradRow, distanceSum, weightedDistanceSum,
}

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

// softmaxRow leaves the terms of a short row where the result belongs; those of a
// longer one are computed again.
func (d *Device) softmaxRow(y device.Dst, x *buffer, lo, hi int, logarithm bool, worker int) {
	k, terms := d.kernel, open(y, lo, min(lo+tileLen, hi), d.tile(worker, 1)).v
	m, sum := d.maxAndSum(x, lo, hi, terms, worker)
	for at := lo; at < hi; at += tileLen {
		end := min(at+tileLen, hi)
		out := open(y, at, end, d.tile(worker, 1))
		switch {
		case logarithm:
			k.logSoftmax(out.v, load(x, at, end, d.tile(worker, 2)), m, float32(log(sum)))
		case hi-lo > tileLen:
			k.folds.expSum(out.v, load(x, at, end, d.tile(worker, 2)), m)
			fallthrough
		default:
			k.scale(out.v, out.v, float32(1/sum))
		}
		out.commit()
	}
}

// maxAndSum is the largest m of elements lo to hi and the sum of exp(x-m). The
// terms of the last tile, which may be the only one, are left in e.
func (d *Device) maxAndSum(x *buffer, lo, hi int, e []float32, worker int) (m float32, sum float64) {
	m = infinity(-1)
	for at := lo; at < hi; at += tileLen {
		m = max(m, d.kernel.folds.max(load(x, at, min(at+tileLen, hi), d.tile(worker, 2))))
	}
	for at := lo; at < hi; at += tileLen {
		x := load(x, at, min(at+tileLen, hi), d.tile(worker, 2))
		sum += d.kernel.folds.expSum(e[:len(x)], x, m)
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
			sum += d.kernel.folds.sum(dy)
		} else {
			sum += d.kernel.softmaxDot(dy, load(y, at, end, d.tile(worker, 1)))
		}
	}
	for at := lo; at < hi; at += tileLen {
		end := min(at+tileLen, hi)
		dy, y := load(dy, at, end, d.tile(worker, 0)), load(y, at, end, d.tile(worker, 1))
		out := open(dx, at, end, d.tile(worker, 2))
		if logarithm {
			d.kernel.logSoftmaxGrad(out.v, dy, y, float32(sum))
		} else {
			d.kernel.softmaxGrad(out.v, dy, y, float32(sum))
		}
		out.commit()
	}
}

// logSoftmaxRow sets y = x - m - l, where x - m loses nothing to a large m.
func logSoftmaxRow(y, x []float32, m, l float32) {
	x = x[:len(y)]
	for i := range y {
		y[i] = x[i] - m - l
	}
}

// softmaxGradRow sets dx = y (dy - dot).
func softmaxGradRow(dx, dy, y []float32, dot float32) {
	dy, y = dy[:len(dx)], y[:len(dx)]
	for i := range dx {
		dx[i] = y[i] * (dy[i] - dot)
	}
}

// logSoftmaxGradRow sets dx = dy - exp(y) sum.
func logSoftmaxGradRow(dx, dy, y []float32, sum float32) {
	expRow(dx, y, 0)
	dy = dy[:len(dx)]
	for i := range dx {
		dx[i] = dy[i] - dx[i]*sum
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

// scaleRow sets y = k x.
func scaleRow(y, x []float32, k float32) {
	x = x[:len(y)]
	for i := range y {
		y[i] = k * x[i]
	}
}
