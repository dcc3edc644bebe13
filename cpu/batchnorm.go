package cpu

import (
	"math"

	"example.org/chainrule/device"
)

// columnParts cuts [Rows, C] for sums over its columns: into parts of several
// tiles of rows.
func columnParts(s device.BatchNorm) tiling {
	return tilesOf(device.Reduce{Outer: 1, N: s.Rows, Inner: s.C}).taller(partTiles)
}

// partTiles is how many tiles of rows make a part. Moments takes the deviations
// of a part from the mean of its first tile. However the rows are, the squares of
// those sum to at most partTiles times the squares of the deviations from the
// part's own mean, and so does what rounding them costs.
const partTiles = 8

// Moments sets mean[c] and variance[c] of the column c of x.
//
// Each part gives three numbers for a column: the mean m of its first tile,
// rounded, and about it s1 = Σ (x-m) and s2 = Σ (x-m)². They are small numbers
// even where the mean is large, and are put together in float64.
func (d *Device) Moments(mean, variance device.Dst, x device.Buffer, s device.BatchNorm) {
	d.run(device.Call{
		Op: "Moments", Dst: [4]device.Dst{mean, variance}, Src: [8]device.Buffer{x},
		FLOPs: 5 * int64(x.Len()),
	}, func(p *plan) {
		if !mean.Wanted() && !variance.Wanted() {
			return
		}
		x, t := of(x), columnParts(s)
		parts := p.floats(3 * t.tall * s.C)
		p.each(t.tiles(), func(i, worker int) {
			k := t.at(i)
			part := parts[3*(k.to-k.col)+k.col:]
			d.moments(part[:k.cols], part[s.C:][:k.cols], part[2*s.C:][:k.cols], x, k, s.C, worker)
		})
		p.each(s.C, func(c, _ int) {
			m, v := mergeMoments(parts[c:], t)
			put(mean, c, float32(m))
			put(variance, c, float32(v))
		})
	})
}

// moments sets, for each column of part k of x, m to the mean of the first tile,
// s1 to Σ (x-m) and s2 to Σ (x-m)².
func (d *Device) moments(m, s1, s2 []float32, x *buffer, k tile, stride, worker int) {
	var mean, sum, squares []float32
	for k := range k.slices() {
		x := k.load(x, stride, d.tile(worker, 0))
		if mean == nil {
			w, scratch := x.period(k.cols), d.tile(worker, 1)
			mean, sum, squares = scratch[:w], scratch[w:2*w], scratch[2*w:3*w]
			x.fold(m, 0, addRows, mean)
			divide(m, float32(k.rows))
			repeat(mean, m)
			clear(sum)
			clear(squares)
		}
		addMoments(sum, squares, mean, x.v, x.rowStride(len(mean)))
	}
	foldPeriod(s1, sum, addRows)
	foldPeriod(s2, squares, addRows)
}

// addMoments sets s1[j] += Σ_r (x[r stride + j] - m[j]), and s2 the same of the
// squares.
func addMoments(s1, s2, m, x []float32, stride int) {
	n := len(s1)
	s2, m = s2[:n], m[:n]
	for len(x) >= stride+n {
		x0, x1 := x[:n], x[stride:][:n]
		for j := range s1 {
			d0, d1 := x0[j]-m[j], x1[j]-m[j]
			s1[j] += d0 + d1
			s2[j] += d0*d0 + d1*d1
		}
		x = x[min(2*stride, len(x)):]
	}
	for ; len(x) > 0; x = x[min(stride, len(x)):] {
		for j, v := range x[:min(n, len(x))] {
			d := v - m[j]
			s1[j] += d
			s2[j] += d * d
		}
	}
}

// mergeMoments is the mean and the variance of a column of which parts holds,
// 3 C elements apart for each tile, what moments found:
//
//	mean = Σ (n m + s1) / N    variance = Σ (s2 + (m-mean) (2 s1 + n (m-mean))) / N
func mergeMoments(parts []float32, t tiling) (mean, variance float64) {
	at := func(tile, i int) float64 { return float64(parts[(3*tile+i)*t.Inner]) }
	rows := func(tile int) float64 { return float64(min(t.rows, t.N-tile*t.rows)) }
	for i := range t.tall {
		mean += rows(i)*at(i, 0) + at(i, 1)
	}
	mean /= float64(t.N)
	for i := range t.tall {
		d := at(i, 0) - mean
		variance += at(i, 2) + d*(2*at(i, 1)+rows(i)*d)
	}
	return mean, max(variance/float64(t.N), 0)
}

// BatchNorm sets y = f(γ (x-mean)/√(variance+ε) + β + residual).
func (d *Device) BatchNorm(y, pre device.Dst, x, residual, mean, variance, gamma, beta device.Buffer, s device.BatchNorm) {
	d.run(device.Call{
		Op: "BatchNorm", Dst: [4]device.Dst{y, pre},
		Src:   [8]device.Buffer{x, residual, mean, variance, gamma, beta},
		FLOPs: 4 * int64(x.Len()),
	}, func(p *plan) {
		if x.Len() == 0 || !y.Wanted() && !pre.Wanted() {
			return
		}
		n := newNormalizer(p, mean, variance, gamma, beta, s)
		x, act := of(x), d.kernel.unaryRow(s.Act)
		p.eachTile(len(x.f32)+len(x.bf16), func(lo, hi, worker int) {
			yOut := open(y, lo, hi, d.tile(worker, 0))
			zOut := open(pre, lo, hi, d.tile(worker, 1))
			n.apply(zOut.v, load(x, lo, hi, d.tile(worker, 2)), lo)
			if residual != nil {
				add(zOut.v, load(of(residual), lo, hi, d.tile(worker, 2)))
			}
			if y.Wanted() {
				act(yOut.v, zOut.v)
			}
			yOut.commit()
			zOut.commit()
		})
	})
}

// A normalizer holds, for each column, the constants of
//
//	z = scale (x - mean) + beta
//
// repeated to a period of several columns where they are few, so that loops are
// long.
type normalizer struct{ mean, scale, beta []float32 }

func newNormalizer(p *plan, mean, variance, gamma, beta device.Buffer, s device.BatchNorm) normalizer {
	w := periodOf(s.C)
	n := normalizer{p.floats(w), p.floats(w), p.floats(w)}
	p.each(1, func(int, int) {
		repeat(n.mean, f32(mean))
		repeat(n.beta, f32(beta))
		for c := range s.C {
			n.scale[c] = f32(gamma)[c] * inverseDeviation(f32(variance)[c], s.Epsilon)
		}
		repeat(n.scale, n.scale[:s.C])
	})
	return n
}

// inverseDeviation is 1/√(variance + ε).
func inverseDeviation(variance, epsilon float32) float32 {
	return float32(1 / math.Sqrt(float64(variance)+float64(epsilon)))
}

// apply sets z for elements lo, lo+1, ...
func (n *normalizer) apply(z, x []float32, lo int) {
	for len(z) > 0 {
		j := lo % len(n.mean)
		w := min(len(z), len(n.mean)-j)
		normalizeRow(z[:w], x, n.mean[j:], n.scale[j:], n.beta[j:])
		z, x, lo = z[w:], x[w:], lo+w
	}
}

// normalizeRow sets z = scale (x - mean) + beta.
func normalizeRow(z, x, mean, scale, beta []float32) {
	n := len(z)
	x, mean, scale, beta = x[:n], mean[:n], scale[:n], beta[:n]
	for j := range z {
		z[j] = scale[j]*(x[j]-mean[j]) + beta[j]
	}
}

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
	dy, x, v                   *buffer
	mean, variance, gamma      []float32
	act                        func(dx, dy, v []float32)
	means, scale, shift, slope []float32
}

func newBatchNormGrad(p *plan, dy, x, v, mean, variance, gamma device.Buffer, s device.BatchNorm) *batchNormGrad {
	if v == nil {
		v = dy // Identity reads neither x nor y
	}
	w := periodOf(s.C)
	return &batchNormGrad{
		BatchNorm: s, dy: of(dy), x: of(x), v: of(v), act: p.dev.kernel.unaryGradRow(s.Act),
		mean: f32(mean), variance: f32(variance), gamma: f32(gamma),
		means: p.floats(w), scale: p.floats(w), shift: p.floats(w), slope: p.floats(w),
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
	for k := range k.slices() {
		dz, x := g.dzStrip(k, d, worker), k.load(g.x, g.C, d.tile(worker, 3))
		if mean == nil {
			w, scratch := min(dz.period(k.cols), x.period(k.cols)), d.tile(worker, 4)
			mean, sums, dots = scratch[:w], scratch[w:2*w], scratch[2*w:3*w]
			repeat(mean, g.mean[k.col:k.col+k.cols])
			clear(sums)
			clear(dots)
		}
		addDots(sums, dots, mean, dz.v, x.v, dz.rowStride(len(mean)), x.rowStride(len(mean)))
	}
	foldPeriod(sum, sums, addRows)
	foldPeriod(dot, dots, addRows)
}

// dzStrip is dz of a tile.
func (g *batchNormGrad) dzStrip(k tile, d *Device, worker int) strip {
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

// addDots sets sum[j] += Σ_r dz[r, j] and dot[j] += Σ_r dz[r, j] (x[r, j] - m[j]).
func addDots(sum, dot, m, dz, x []float32, dzStride, xStride int) {
	n := len(sum)
	dot, m = dot[:n], m[:n]
	for len(dz) >= dzStride+n {
		dz0, dz1, x0, x1 := dz[:n], dz[dzStride:][:n], x[:n], x[xStride:][:n]
		for j := range sum {
			sum[j] += dz0[j] + dz1[j]
			dot[j] += dz0[j]*(x0[j]-m[j]) + dz1[j]*(x1[j]-m[j])
		}
		dz, x = dz[min(2*dzStride, len(dz)):], x[min(2*xStride, len(x)):]
	}
	for len(dz) > 0 {
		for j, v := range dz[:min(n, len(dz))] {
			sum[j] += v
			dot[j] += v * (x[j] - m[j])
		}
		dz, x = dz[min(dzStride, len(dz)):], x[min(xStride, len(x)):]
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
		g.dz(dz.v, lo, d.tile(worker, 1), d.tile(worker, 2))
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
			mulRow(dx[:w], dz, g.scale[j:])
		} else {
			centerRow(dx[:w], dz, x, g.means[j:], g.scale[j:], g.shift[j:], g.slope[j:])
		}
		dx, dz, x, lo = dx[w:], dz[w:], x[w:], lo+w
	}
}

// centerRow sets dx = scale (dz - shift - slope (x - mean)).
func centerRow(dx, dz, x, mean, scale, shift, slope []float32) {
	n := len(dx)
	dz, x, mean = dz[:n], x[:n], mean[:n]
	scale, shift, slope = scale[:n], shift[:n], slope[:n]
	for j := range dx {
		dx[j] = scale[j] * (dz[j] - shift[j] - slope[j]*(x[j]-mean[j]))
	}
}

// mulRow sets y = a b.
func mulRow(y, a, b []float32) {
	a, b = a[:len(y)], b[:len(y)]
	for j := range y {
		y[j] = a[j] * b[j]
	}
}
