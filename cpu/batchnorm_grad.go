package cpu

import (
	"math"

	"example.org/chainrule/device"
)

// BatchNormGrad computes the derivatives; see device.Spatial.
//
// One pass takes the sums over the columns of each tile, a second adds them, a
// third finds dx. dz is computed in both the first and the third: it is cheaper
// than memory.
func (d *Device) BatchNormGrad(dx, dresidual, dgamma, dbeta device.Dst, dy, x, v, mean, variance, gamma device.Buffer, s device.BatchNorm) {
	d.run(device.Call{
		Op: "BatchNormGrad", Dst: [4]device.Dst{dx, dresidual, dgamma, dbeta},
		Src:   [8]device.Buffer{dy, x, v, mean, variance, gamma},
		FLOPs: 11 * int64(dy.Len()),
	}, func(p *plan) {
		if s.C == 0 {
			return
		}
		g := newBatchNormGrad(p, dy, x, v, mean, variance, gamma, s)
		if dgamma.Wanted() || dbeta.Wanted() || dx.Wanted() && !s.Fixed {
			g.sums(p, dgamma, dbeta)
		}
		if dx.Wanted() || dresidual.Wanted() {
			g.spread(p, dx, dresidual)
		}
	})
}

// A batchNormGrad holds one call's sources, and the constants of
//
//	dx = scale (dz - shift - slope (x - mean))
//
// for each column, repeated like a normalizer's.
type batchNormGrad struct {
	device.BatchNorm
	*kernels
	dy, x, v                   *buffer
	mean, variance, gamma      []float32
	act                        func(dx, dy, v []float32)
	means, scale, shift, slope []float32
	spanLen                    int
}

func newBatchNormGrad(p *plan, dy, x, v, mean, variance, gamma device.Buffer, s device.BatchNorm) *batchNormGrad {
	if v == nil {
		v = dy // Identity reads neither x nor y
	}
	w := periodOf(s.C)
	return &batchNormGrad{
		BatchNorm: s, kernels: p.dev.kernel, dy: of(dy), x: of(x), v: of(v), act: p.dev.kernel.unaryGradRow(s.Act),
		mean: f32(mean), variance: f32(variance), gamma: f32(gamma),
		means: p.floats(w), scale: p.floats(w), shift: p.floats(w), slope: p.floats(w),
		spanLen: p.spanLen,
	}
}

// sums plans dβ, dγ, shift and slope.
func (g *batchNormGrad) sums(p *plan, dgamma, dbeta device.Dst) {
	t := columnParts(g.BatchNorm)
	parts := p.floats(2 * t.tall * g.C)
	p.each(t.tiles(), func(i, worker int) {
		k := t.at(i)
		part := parts[2*(k.to-k.col)+k.col:]
		g.partSums(part[:k.cols], part[g.C:][:k.cols], k, p.dev, worker)
	})
	p.each(g.C, func(c, _ int) {
		var sum, dot float64
		for i := range t.tall {
			sum += float64(parts[2*i*g.C+c])
			dot += float64(parts[(2*i+1)*g.C+c])
		}
		inverse := 1 / math.Sqrt(float64(g.variance[c])+float64(g.Epsilon))
		put(dbeta, c, float32(sum))
		put(dgamma, c, float32(dot*inverse))
		g.shift[c] = float32(sum / float64(g.Rows))
		g.slope[c] = float32(dot * inverse * inverse / float64(g.Rows))
	})
}

// partSums sets sum = Σ dz and dot = Σ dz (x-mean) over the rows of a part.
func (g *batchNormGrad) partSums(sum, dot []float32, k tile, d *Device, worker int) {
	var mean, sums, dots []float32
	for k := range k.slices(g.spanLen) {
		dz, x := g.dzStrip(k, d, worker), k.load(g.x, g.C, d.tile(worker, 3))
		if mean == nil {
			w, scratch := min(dz.period(k.cols), x.period(k.cols)), d.tile(worker, 4)
			mean, sums, dots = scratch[:w], scratch[w:2*w], scratch[2*w:3*w]
			repeat(mean, g.mean[k.col:k.col+k.cols])
			clear(sums)
			clear(dots)
		}
		g.addRows(sums, dots, mean, dz, x)
	}
	g.add.period(sum, sums)
	g.add.period(dot, dots)
}

// addRows adds the rows of a tile to the sums.
func (g *batchNormGrad) addRows(sums, dots, mean []float32, dz, x strip) {
	zStride, xStride := dz.rowStride(len(mean)), x.rowStride(len(mean))
	for dz, x := dz.v, x.v; len(dz) > 0; dz, x = dz[min(zStride, len(dz)):], x[min(xStride, len(x)):] {
		n := min(len(mean), len(dz))
		g.addDots(sums[:n], dots[:n], mean[:n], dz[:n], x[:n])
	}
}

// dzStrip is dz of a tile.
func (g *batchNormGrad) dzStrip(k tile, d *Device, worker int) strip {
	if g.Act.Func == device.Identity {
		return k.load(g.dy, g.C, d.tile(worker, 0))
	}
	rows, cols := k.rows, k.cols
	if cols == g.C {
		rows, cols = 1, rows*cols
	}
	dz := d.tile(worker, 0)[:rows*cols]
	for r := range rows {
		at := (k.row+r)*g.C + k.col
		g.dz(dz[r*cols:(r+1)*cols], at, d.tile(worker, 1), d.tile(worker, 2))
	}
	return strip{dz, k.cols}
}

// dz sets dz = dy f'(v) for elements at, at+1, ...
func (g *batchNormGrad) dz(dz []float32, at int, tmp0, tmp1 []float32) {
	end := at + len(dz)
	g.act(dz, load(g.dy, at, end, tmp0), load(g.v, at, end, tmp1))
}

// addDotsRow sets sum += dz and dot += dz (x - m).
func addDotsRow(sum, dot, m, dz, x []float32) {
	n := len(sum)
	dot, m, dz, x = dot[:n], m[:n], dz[:n], x[:n]
	for j := range sum {
		sum[j] += dz[j]
		dot[j] += dz[j] * (x[j] - m[j])
	}
}

// spread plans dx and dresidual.
func (g *batchNormGrad) spread(p *plan, dx, dresidual device.Dst) {
	d := p.dev
	p.each(1, func(int, int) {
		for c := range g.C {
			g.scale[c] = g.gamma[c] * inverseDeviation(g.variance[c], g.Epsilon)
		}
		repeat(g.means, g.mean)
		for _, v := range [...][]float32{g.scale, g.shift, g.slope} {
			repeat(v, v[:g.C])
		}
	})
	p.eachTile(g.Rows*g.C, func(lo, hi, worker int) {
		dz := open(dresidual, lo, hi, d.tile(worker, 0))
		if g.Act.Func == device.Identity && !dresidual.Wanted() {
			dz.v = load(g.dy, lo, hi, dz.v)
		} else {
			g.dz(dz.v, lo, d.tile(worker, 1), d.tile(worker, 2))
		}
		if dx.Wanted() {
			out := open(dx, lo, hi, d.tile(worker, 3))
			g.apply(out.v, dz.v, load(g.x, lo, hi, d.tile(worker, 4)), lo)
			out.commit()
		}
		dz.commit()
	})
}

// apply sets dx for elements lo, lo+1, ...
func (g *batchNormGrad) apply(dx, dz, x []float32, lo int) {
	for len(dx) > 0 {
		j := lo % len(g.scale)
		w := min(len(dx), len(g.scale)-j)
		if g.Fixed {
			g.mul(dx[:w], dz[:w], g.scale[j:j+w])
		} else {
			g.batchNormGrad(dx[:w], dz[:w], x[:w], g.means[j:j+w], g.scale[j:j+w], g.shift[j:j+w], g.slope[j:j+w])
		}
		dx, dz, x, lo = dx[w:], dz[w:], x[w:], lo+w
	}
}

// batchNormGradRow sets dx = scale (dz - shift - slope (x - mean)).
func batchNormGradRow(dx, dz, x, mean, scale, shift, slope []float32) {
	n := len(dx)
	dz, x, mean = dz[:n], x[:n], mean[:n]
	scale, shift, slope = scale[:n], shift[:n], slope[:n]
	for j := range dx {
		dx[j] = scale[j] * (dz[j] - shift[j] - slope[j]*(x[j]-mean[j]))
	}
}
