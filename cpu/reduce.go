package cpu

import (
	"math"

	"example.org/chainrule/device"
)

// Reduce sets y[o, i] = f over n of x[o, n, i].
func (d *Device) Reduce(y device.Dst, x device.Buffer, s device.Reduce) {
	d.run(device.Call{
		Op: "Reduce", Dst: [4]device.Dst{y}, Src: [8]device.Buffer{x},
		FLOPs: int64(x.Len()),
	}, func(p *plan) {
		if y.Wanted() {
			p.reduce(y, of(x), s, d.reducerOf(s))
		}
	})
}

// reduce plans a tree: each tile of x becomes one row, and these are reduced in
// turn. It may, because a maximum of maxima is the maximum, and so is the sum of
// sums, the norm of norms and the LogSumExp of LogSumExps.
func (p *plan) reduce(y device.Dst, x *buffer, s device.Reduce, r reducer) {
	t := tilesOf(s)
	if t.tall <= 1 {
		p.reduceTiles(y, x, t, r)
		return
	}
	rows := &buffer{dtype: device.Float32, f32: p.floats(s.Outer * t.tall * s.Inner)}
	part := r
	part.divisor = 1
	p.reduceTiles(device.To(rows), x, t, part)
	s.N = t.tall
	p.reduce(y, rows, s, r)
}

// reduceTiles plans y[o, tall, i], a row for each tile.
func (p *plan) reduceTiles(y device.Dst, x *buffer, t tiling, r reducer) {
	d := p.dev
	p.each(t.tiles(), func(i, worker int) {
		k := t.at(i)
		out := open(y, k.to, k.to+k.outers*k.cols, d.tile(worker, 0))
		for o := range k.outers {
			x := loadStrip(x, ((k.outer+o)*t.N+k.row)*t.Inner+k.col, k.rows, k.cols, t.Inner, d.tile(worker, 1))
			r.reduce(out.v[o*k.cols:(o+1)*k.cols], x, d.tile(worker, 2))
		}
		out.commit()
	})
}

// A reducer reduces a strip that fits scratch.
type reducer struct {
	*kernels
	f       device.ReduceFunc
	divisor float32 // of the sum
}

func (d *Device) reducerOf(s device.Reduce) reducer {
	if s.Func == device.Mean {
		return reducer{d.kernel, device.Sum, float32(s.N)}
	}
	return reducer{d.kernel, s.Func, 1}
}

// reduce sets y to the rows of x taken together.
func (r reducer) reduce(y []float32, x strip, scratch []float32) {
	if len(y) == 1 && x.stride == 1 {
		y[0] = r.row(x.v, scratch)
		return
	}
	switch r.f {
	case device.Max:
		x.fold(y, infinity(-1), r.largest, scratch)
	case device.Min:
		x.fold(y, infinity(1), r.smallest, scratch)
	case device.LogSumExp:
		r.logSumExp(y, x, scratch)
	case device.Norm2:
		r.norm2(y, x, scratch)
	default:
		x.fold(y, 0, r.add, scratch)
		divide(y, r.divisor)
	}
}

// row is the value of one contiguous row.
func (r reducer) row(x, scratch []float32) float32 {
	switch r.f {
	case device.Max:
		return r.folds.max(x)
	case device.Min:
		return r.folds.min(x)
	case device.LogSumExp:
		m := r.folds.max(x)
		return logSum(float64(m), r.folds.expSum(scratch[:len(x)], x, m))
	case device.Norm2:
		return float32(math.Sqrt(r.folds.dot(x, x)))
	}
	return float32(r.folds.sum(x)) / r.divisor
}

// logSum is m + ln(sum) for a sum of exp(x-m), which means nothing where m is
// infinite.
func logSum(m, sum float64) float32 {
	if math.IsInf(m, 0) {
		return float32(m)
	}
	return float32(m + log(sum))
}

// logSumExp sets y[j] = ln Σ_r exp(x[r, j]).
func (r reducer) logSumExp(y []float32, x strip, scratch []float32) {
	n := x.period(len(y))
	m, sum, e := scratch[:n], scratch[n:2*n], scratch[2*n:3*n]
	x.fold(y, infinity(-1), r.largest, m)
	repeat(m, y)
	clear(sum)
	stride := x.rowStride(n)
	for x := x.v; len(x) > 0; x = x[min(stride, len(x)):] {
		e := e[:min(n, len(x))]
		r.expDistances(e, x[:len(e)], m[:len(e)])
		r.add(sum[:len(e)], e)
	}
	r.add.period(sum[:len(y)], sum)
	for j := range y {
		y[j] = logSum(float64(y[j]), float64(sum[j]))
	}
}

// norm2 sets y[j] = √Σ_r x[r, j]².
func (r reducer) norm2(y []float32, x strip, scratch []float32) {
	sum := scratch[:x.period(len(y))]
	clear(sum)
	r.addSquares.rows(sum, x.v, x.rowStride(len(sum)))
	r.add.period(y, sum)
	for j := range y {
		y[j] = float32(math.Sqrt(float64(y[j])))
	}
}

// ReduceGrad sets dx[o, n, i] = dy[o, i] ∂y[o, i]/∂x[o, n, i].
func (d *Device) ReduceGrad(dx device.Dst, dy, x, y device.Buffer, s device.Reduce) {
	n := s.Outer * s.N * s.Inner
	d.run(device.Call{
		Op: "ReduceGrad", Dst: [4]device.Dst{dx}, Src: [8]device.Buffer{dy, x, y},
		FLOPs: int64(n),
	}, func(p *plan) {
		if dx.Wanted() && n > 0 {
			p.reduceGrad(dx, dy, x, y, s)
		}
	})
}

// reduceGrad plans dx tile by tile: dy and y are repeated along the axis, then
// every element is by itself.
func (p *plan) reduceGrad(dx device.Dst, dy, x, y device.Buffer, s device.Reduce) {
	d, g := p.dev, p.float32s(of(dy))
	r := d.reducerOf(s)
	if !s.Func.ReadsXY() {
		p.eachTile(s.Outer*s.N*s.Inner, func(lo, hi, worker int) {
			out := open(dx, lo, hi, d.tile(worker, 0))
			repeatAxis(out.v, g, lo, s)
			r.scale(out.v, out.v, 1/r.divisor)
			out.commit()
		})
		return
	}
	xs, ys := of(x), p.float32s(of(y))
	if s.Func == device.Max || s.Func == device.Min {
		g = p.shares(g, xs, ys, s, r)
	}
	p.eachTile(s.Outer*s.N*s.Inner, func(lo, hi, worker int) {
		out, y := open(dx, lo, hi, d.tile(worker, 0)), d.tile(worker, 1)[:hi-lo]
		repeatAxis(out.v, g, lo, s)
		repeatAxis(y, ys, lo, s)
		r.grad(out.v, load(xs, lo, hi, d.tile(worker, 2)), y)
		out.commit()
	})
}

// repeatAxis sets dst to elements lo, lo+1, ... of v [Outer, Inner] repeated
// along the axis between.
func repeatAxis(dst, v []float32, lo int, s device.Reduce) {
	for len(dst) > 0 {
		o, i := lo/(s.N*s.Inner), lo%s.Inner
		var n int
		if s.Inner == 1 {
			n = min(len(dst), (o+1)*s.N-lo)
			fill(dst[:n], v[o])
		} else {
			n = copy(dst, v[o*s.Inner+i:(o+1)*s.Inner])
		}
		dst, lo = dst[n:], lo+n
	}
}

// grad multiplies g by ∂y/∂x, element by element; y is scratch afterwards.
func (r reducer) grad(g, x, y []float32) {
	x, y = x[:len(g)], y[:len(g)]
	switch r.f {
	case device.LogSumExp:
		r.expDistances(y, x, y)
		r.mul(g, g, y)
	case device.Norm2:
		r.normGrad(g, x, y)
	default:
		r.keepSame(g, x, y)
	}
}

// normGradRow sets g to g x/y, and to 0 where y is.
func normGradRow(g, x, y []float32) {
	x, y = x[:len(g)], y[:len(g)]
	for i := range g {
		if y[i] != 0 {
			g[i] *= x[i] / y[i]
		} else {
			g[i] = 0
		}
	}
}

// shares plans g divided by the number of elements equal to the extremum.
func (p *plan) shares(g []float32, x *buffer, y []float32, s device.Reduce, r reducer) []float32 {
	d, t, share := p.dev, tilesOf(s).wholeColumns(), p.floats(len(g))
	p.each(t.tiles(), func(i, worker int) {
		k := t.at(i)
		for o := k.outer; o < k.outer+k.outers; o++ {
			at := o*s.Inner + k.col
			share := share[at : at+k.cols]
			clear(share)
			step := tileLen / k.cols
			for n := 0; n < s.N; n += step {
				x := loadStrip(x, (o*s.N+n)*s.Inner+k.col, min(step, s.N-n), k.cols, s.Inner, d.tile(worker, 0))
				r.count(share, x, y[at:at+k.cols], d.tile(worker, 1))
			}
			for j := range share {
				share[j] = g[at+j] / share[j]
			}
		}
	})
	return share
}

// count adds to n[j] how many x[r, j] are y[j].
func (r reducer) count(n []float32, x strip, y, scratch []float32) {
	w := x.period(len(y))
	sum, wide := scratch[:w], scratch[w:2*w]
	clear(sum)
	repeat(wide, y)
	stride := x.rowStride(w)
	for x := x.v; len(x) > 0; x = x[min(stride, len(x)):] {
		end := min(w, len(x))
		r.countSame(sum[:end], x[:end], wide[:end])
	}
	r.add.period(sum[:len(n)], sum)
	r.add(n, sum[:len(n)])
}
