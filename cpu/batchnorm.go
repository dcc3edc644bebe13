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
	for k := range k.slices(tileLen) {
		x := k.load(x, stride, d.tile(worker, 0))
		if mean == nil {
			w, scratch := x.period(k.cols), d.tile(worker, 1)
			mean, sum, squares = scratch[:w], scratch[w:2*w], scratch[2*w:3*w]
			x.fold(m, 0, d.kernel.add, mean)
			divide(m, float32(k.rows))
			repeat(mean, m)
			clear(sum)
			clear(squares)
		}
		stride := x.rowStride(len(mean))
		for x := x.v; len(x) > 0; x = x[min(stride, len(x)):] {
			n := min(len(mean), len(x))
			d.kernel.addMoments(sum[:n], squares[:n], mean[:n], x[:n])
		}
	}
	d.kernel.add.period(s1, sum)
	d.kernel.add.period(s2, squares)
}

// addMomentsRow sets s1 += x - m, and s2 the same of the squares.
func addMomentsRow(s1, s2, m, x []float32) {
	s2, m, x = s2[:len(s1)], m[:len(s1)], x[:len(s1)]
	for j := range s1 {
		d := x[j] - m[j]
		s1[j] += d
		s2[j] += d * d
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
			yOut, zOut := open(y, lo, hi, d.tile(worker, 0)), open(pre, lo, hi, d.tile(worker, 1))
			z := zOut.v
			if !pre.Wanted() {
				z = yOut.v
			}
			n.apply(z, load(x, lo, hi, d.tile(worker, 2)), lo)
			if residual != nil {
				d.kernel.add(z, load(of(residual), lo, hi, d.tile(worker, 2)))
			}
			act(yOut.v, z)
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
type normalizer struct {
	*kernels
	mean, scale, beta []float32
}

func newNormalizer(p *plan, mean, variance, gamma, beta device.Buffer, s device.BatchNorm) normalizer {
	w := periodOf(s.C)
	n := normalizer{p.dev.kernel, p.floats(w), p.floats(w), p.floats(w)}
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
		n.batchNorm(z[:w], x[:w], n.mean[j:j+w], n.scale[j:j+w], n.beta[j:j+w])
		z, x, lo = z[w:], x[w:], lo+w
	}
}

// batchNormRow sets z = scale (x - mean) + beta.
func batchNormRow(z, x, mean, scale, beta []float32) {
	n := len(z)
	x, mean, scale, beta = x[:n], mean[:n], scale[:n], beta[:n]
	for j := range z {
		z[j] = scale[j]*(x[j]-mean[j]) + beta[j]
	}
}
