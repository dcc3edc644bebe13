package devicetest

import (
	"fmt"
	"math"

	"example.org/chainrule/device"
)

// Moments is the specification of device.Spatial.
func (r *reference) Moments(mean, variance device.Dst, x device.Buffer, s device.BatchNorm) {
	r.run(device.Call{Op: "Moments", Dst: [4]device.Dst{mean, variance}, Src: [8]device.Buffer{x}}, func() {
		m, v := make([]float64, s.C), make([]float64, s.C)
		for c := range s.C {
			m[c], v[c] = moments(column(values(x), c, s.C))
		}
		putAll(mean, m)
		putAll(variance, v)
	})
}

// BatchNorm is the specification of device.Spatial.
func (r *reference) BatchNorm(y, pre device.Dst, x, residual, mean, variance, gamma, beta device.Buffer, s device.BatchNorm) {
	call := device.Call{Op: "BatchNorm", Dst: [4]device.Dst{y, pre}, Src: [8]device.Buffer{x, residual, mean, variance, gamma, beta}}
	r.run(call, func() {
		z := make([]float64, s.Rows*s.C)
		for i := range z {
			c := i % s.C
			z[i] = channelOf(c, mean, variance, gamma, beta, s).normal(values(x)[i])
			if residual != nil {
				z[i] += values(residual)[i]
			}
		}
		putActivated(y, pre, z, s.Act)
	})
}

// BatchNormGrad is the specification of device.Spatial: it differentiates
// Σ dz z, a channel at a time.
func (r *reference) BatchNormGrad(dx, dresidual, dgamma, dbeta device.Dst, dy, x, v, mean, variance, gamma device.Buffer, s device.BatchNorm) {
	call := device.Call{
		Op:  "BatchNormGrad",
		Dst: [4]device.Dst{dx, dresidual, dgamma, dbeta}, Src: [8]device.Buffer{dy, x, v, mean, variance, gamma},
	}
	r.run(call, func() {
		dz := append([]float64{}, values(dy)...)
		for i := range dz {
			if s.Act.Func != device.Identity {
				dz[i] *= unaryGrad(s.Act, values(v)[i])
			}
		}
		gradX, gradGamma, gradBeta := make([]float64, len(dz)), make([]float64, s.C), make([]float64, s.C)
		for c := range s.C {
			k := channelOf(c, mean, variance, gamma, nil, s)
			z, col := column(dz, c, s.C), column(values(x), c, s.C)
			gradGamma[c], gradBeta[c] = k.gradConstants(z, col)
			for r, g := range k.gradInput(z, col, s.Fixed) {
				gradX[r*s.C+c] = g
			}
		}
		putAll(dx, gradX)
		putAll(dresidual, dz) // z = ... + residual
		putAll(dgamma, gradGamma)
		putAll(dbeta, gradBeta)
	})
}

// column takes column c of x [rows, columns].
func column(x []float64, c, columns int) []float64 {
	var col []float64
	for i := c; i < len(x); i += columns {
		col = append(col, x[i])
	}
	return col
}

// moments returns the mean and the biased variance of a column.
func moments(x []float64) (mean, variance float64) {
	for _, v := range x {
		mean += v
	}
	mean /= float64(len(x))
	for _, v := range x {
		variance += (v - mean) * (v - mean)
	}
	return mean, variance / float64(len(x))
}

// A channel has the constants of one column.
type channel struct{ mean, variance, gamma, beta, epsilon float64 }

func channelOf(c int, mean, variance, gamma, beta device.Buffer, s device.BatchNorm) channel {
	k := channel{mean: values(mean)[c], variance: values(variance)[c], gamma: values(gamma)[c], epsilon: float64(s.Epsilon)}
	if beta != nil {
		k.beta = values(beta)[c]
	}
	return k
}

// deviation is √(variance + ε).
func (k channel) deviation() float64 { return math.Sqrt(k.variance + k.epsilon) }

// normal is the forward formula, for one element.
func (k channel) normal(x float64) float64 { return k.gamma*(x-k.mean)/k.deviation() + k.beta }

// dot is Σ dz z.
func (k channel) dot(dz, x []float64) (sum float64) {
	for r, d := range dz {
		sum += d * k.normal(x[r])
	}
	return sum
}

// gradInput is the derivative of dot by x; mean and variance move with x unless
// they are fixed.
func (k channel) gradInput(dz, x []float64, fixed bool) []float64 {
	return gradient(func(x []float64) float64 {
		k := k
		if !fixed {
			k.mean, k.variance = moments(x)
		}
		return k.dot(dz, x)
	}, x, 0x1p-7*k.deviation())
}

// gradConstants is the derivative of dot by γ and β.
func (k channel) gradConstants(dz, x []float64) (dgamma, dbeta float64) {
	d := gradient(func(constants []float64) float64 {
		k := k
		k.gamma, k.beta = constants[0], constants[1]
		return k.dot(dz, x)
	}, []float64{k.gamma, k.beta}, 1)
	return d[0], d[1]
}

func checkBatchNorm(s *suite) {
	rows, channels := []int{0, 1, 2, 7, 31, 33, 130}, []int{0, 1, 3, 7, 32, 33}
	for _, p := range pairs(len(rows), len(channels), len(activations), 2, 2, len(columns), len(modes), len(modes), len(modes), len(modes)) {
		b := device.BatchNorm{Rows: rows[p[0]], C: channels[p[1]], Epsilon: 1e-5, Fixed: p[3] == 1, Act: activations[p[2]]}
		d := s.batch(b, columns[p[5]], 3)
		s.checkMoments(b, d, modes[p[6]], modes[p[7]])
		s.checkBatchNorm(b, d, p[4] == 1, modes[p[6]], modes[p[7]])
		s.checkBatchNormGrad(b, d, modes[p[6]], modes[p[7]], modes[p[8]], modes[p[9]])
	}
	for _, mean := range []float64{0, 1e4, -1e6} {
		b := device.BatchNorm{Rows: 1000, C: 2, Epsilon: 1e-5}
		d := s.batch(b, columns[0], mean)
		s.checkMoments(b, d, result{}, result{})
		s.checkBatchNorm(b, d, false, result{}, result{})
	}
}

// A batch is the data of a BatchNorm.
type batch struct {
	t                              dtypeColumn
	x, mean, variance, gamma, beta array
}

// batch makes columns around ±mean whose deviations differ, with their moments or,
// for fixed ones, others.
func (s *suite) batch(b device.BatchNorm, t dtypeColumn, mean float64) batch {
	i := -1
	d := batch{
		t: t,
		x: s.array(t.src, b.Rows*b.C, func() float64 {
			i++
			c := i % b.C
			return mean*float64(1-c%2*2) + s.rng.NormFloat64()*float64(1+c%5)/2
		}),
		gamma: s.normal(device.Float32, b.C),
		beta:  s.normal(device.Float32, b.C),
	}
	m, v := make([]float64, b.C), make([]float64, b.C)
	for c := range b.C {
		m[c], v[c] = moments(column(d.x.v, c, b.C))
		if b.Fixed || b.Rows == 0 {
			m[c], v[c] = mean/2, 1+float64(c)
		}
	}
	d.mean, d.variance = s.values(device.Float32, m...), s.values(device.Float32, v...)
	return d
}

// checkMoments allows n terms a sum of n, n roundings; but of the deviations from
// any number near the mean, not of the elements: no digits may be lost to a large
// mean beyond its own rounding. The variance about a mean that is off by e is off
// by e².
func (s *suite) checkMoments(b device.BatchNorm, d batch, mean, variance result) {
	n := float64(b.Rows + 4)
	mean.dtype, mean.n, mean.tol, mean.rel = device.Float32, b.C, make([]float64, b.C), 2
	variance.dtype, variance.n, variance.tol, variance.rel = device.Float32, b.C, make([]float64, b.C), n
	for c := range b.C {
		m, v := moments(column(d.x.v, c, b.C))
		mean.tol[c] = n * u32 * math.Sqrt(v)
		e := mean.tol[c] + 2*u32*math.Abs(m)
		variance.tol[c] = e * e
	}
	s.check(check{
		op: "Moments", name: fmt.Sprintf("%+v, mean %.3g, %v", b, d.mean.v, d.t),
		src: []array{d.x}, dst: []result{mean, variance},
		call: func(dev device.Device, dst []device.Dst, src []device.Buffer) { dev.Moments(dst[0], dst[1], src[0], b) },
	})
}

// checkBatchNorm allows eight roundings of the terms of the formula as it
// stands: x - mean must not be taken apart.
func (s *suite) checkBatchNorm(b device.BatchNorm, d batch, residual bool, y, pre result) {
	terms, added := make([]float64, len(d.x.v)), array{}
	if residual {
		added = s.normal(d.t.src, len(d.x.v))
		terms = abs(added.v)
	}
	for i, x := range d.x.v {
		k := d.channel(i%b.C, b)
		terms[i] += math.Abs(k.normal(x)-k.beta) + math.Abs(k.beta)
	}
	s.check(check{
		op: "BatchNorm", name: fmt.Sprintf("%+v residual %v, %v", b, residual, d.t),
		src: []array{d.x, added, d.mean, d.variance, d.gamma, d.beta},
		dst: activated(y, pre, d.t.dst, terms, 7, b.Act),
		call: func(dev device.Device, dst []device.Dst, src []device.Buffer) {
			dev.BatchNorm(dst[0], dst[1], src[0], src[1], src[2], src[3], src[4], src[5], b)
		},
	})
}

// checkBatchNormGrad bounds each result by the terms of the contract's formula:
// sums over the rows of dz and dz x̂, every one of them rounded as often as a
// sum of that many products whose factors took up to unaryRoundings more. Since
// mean and variance were rounded, the Reference, which takes its own, sees
// another x̂ than the kernel by as much as a rounding of the mean.
func (s *suite) checkBatchNormGrad(b device.BatchNorm, d batch, dx, dresidual, dgamma, dbeta result) {
	dy, v := s.normal(d.t.src, len(d.x.v)), array{}
	slopes := make([]float64, len(d.x.v))
	for i := range slopes {
		slopes[i] = math.Abs(dy.v[i])
	}
	if b.Act.Func != device.Identity {
		v = s.activatedValues(b, d)
		for i, at := range v.v {
			slopes[i] *= math.Abs(unaryGrad(b.Act, at)) + unaryGradCondition(b.Act, at)
		}
	}
	n := float64(b.Rows + 8 + unaryRoundings)
	dx.dtype, dresidual.dtype, dgamma.dtype, dbeta.dtype = d.t.dst, d.t.dst, device.Float32, device.Float32
	dx.n, dresidual.n, dgamma.n, dbeta.n = len(slopes), len(slopes), b.C, b.C
	x, gamma, beta := d.gradTerms(b, slopes)
	dx.tol, dgamma.tol, dbeta.tol = roundings(n, x), roundings(n, gamma), roundings(n, beta)
	dresidual.tol = roundings(unaryRoundings, slopes)
	s.check(check{
		op: "BatchNormGrad", name: fmt.Sprintf("%+v %v", b, d.t),
		src: []array{dy, d.x, v, d.mean, d.variance, d.gamma},
		dst: []result{dx.rounded(), dresidual.rounded(), dgamma.rounded(), dbeta.rounded()},
		call: func(dev device.Device, dst []device.Dst, src []device.Buffer) {
			dev.BatchNormGrad(dst[0], dst[1], dst[2], dst[3], src[0], src[1], src[2], src[3], src[4], src[5], b)
		},
	})
}

// activatedValues is what BatchNormGrad reads of the forward pass: pre or y.
func (s *suite) activatedValues(b device.BatchNorm, d batch) array {
	i := -1
	return s.mapped(d.x, func(x float64) float64 {
		i++
		z := d.channel(i%b.C, b).normal(x)
		if b.Act.Func.ReadsX() {
			return z
		}
		return unary(b.Act, z)
	})
}

// gradTerms is Σ|terms| of dx, dγ and dβ, where dz is up to slopes.
func (d batch) gradTerms(b device.BatchNorm, slopes []float64) (dx, dgamma, dbeta []float64) {
	dx, dgamma, dbeta = make([]float64, len(slopes)), make([]float64, b.C), make([]float64, b.C)
	for i, x := range d.x.v {
		k := d.channel(i%b.C, b)
		dgamma[i%b.C] += slopes[i] * math.Abs(x-k.mean) / k.deviation()
		dbeta[i%b.C] += slopes[i]
	}
	for i, x := range d.x.v {
		k := d.channel(i%b.C, b)
		normal, rows := (math.Abs(x)+math.Abs(k.mean))/k.deviation(), float64(b.Rows)
		dx[i] = math.Abs(k.gamma) / k.deviation() * (slopes[i] + dbeta[i%b.C]/rows + normal*dgamma[i%b.C]/rows)
	}
	return dx, dgamma, dbeta
}

func (d batch) channel(c int, b device.BatchNorm) channel {
	return channel{d.mean.v[c], d.variance.v[c], d.gamma.v[c], d.beta.v[c], float64(b.Epsilon)}
}
