package cpu

import "example.org/chainrule/device"

// CrossEntropy computes the loss of each row; see device.Rows.
func (d *Device) CrossEntropy(loss, weight, lse device.Dst, logits, labels, weights device.Buffer, s device.CrossEntropy) {
	d.run(device.Call{
		Op: "CrossEntropy", Dst: [4]device.Dst{loss, weight, lse}, Src: [8]device.Buffer{logits, labels, weights},
		FLOPs: 3 * int64(logits.Len()),
	}, func(p *plan) {
		if !loss.Wanted() && !weight.Wanted() && !lse.Wanted() {
			return
		}
		ce := newCrossEntropy(p, logits, labels, weights, s)
		p.eachRow(s.Rows, s.Classes, func(r, worker int) {
			m, sum := d.maxAndSum(ce.logits, r*s.Classes, (r+1)*s.Classes, d.tile(worker, 0), worker)
			l := log(sum)
			put(lse, r, float32(float64(m)+l))
			t, counts := ce.label(r, &d.latch)
			if !counts {
				put(loss, r, 0)
				put(weight, r, 0)
				return
			}
			put(weight, r, ce.weight(t))
			put(loss, r, ce.loss(r, t, m, l, d.tile(worker, 0)))
		})
	})
}

// A crossEntropy is one call's sources.
type crossEntropy struct {
	device.CrossEntropy
	kernel  *kernels
	logits  *buffer
	labels  []int32
	weights []float32
	total   []float32 // W = Σ w[c], one element
}

func newCrossEntropy(p *plan, logits, labels, weights device.Buffer, s device.CrossEntropy) *crossEntropy {
	ce := &crossEntropy{s, p.dev.kernel, of(logits), i32(labels), f32(weights), p.floats(1)}
	p.each(1, func(int, int) {
		ce.total[0] = float32(ce.Classes)
		if ce.weights != nil {
			ce.total[0] = float32(ce.kernel.folds.sum(ce.weights))
		}
	})
	return ce
}

// label is the label of row r and whether the row counts. One out of range is
// reported to faults, where that is not nil.
func (ce *crossEntropy) label(r int, faults *latch) (t int, counts bool) {
	label := ce.labels[r]
	switch {
	case label == ce.Ignore:
		return 0, false
	case label < 0 || int(label) >= ce.Classes:
		if faults != nil {
			faults.addFault(device.Fault{Op: "CrossEntropy", Index: r, Value: int(label), Limit: ce.Classes})
		}
		return 0, false
	}
	return int(label), true
}

// weight is w[c].
func (ce *crossEntropy) weight(c int) float32 {
	if ce.weights == nil {
		return 1
	}
	return ce.weights[c]
}

// loss is the loss of row r with the label t and the log-sum-exp m + l, which is
// not rounded: logits may be large and their distances from it small.
func (ce *crossEntropy) loss(r, t int, m float32, l float64, tmp []float32) float32 {
	lo, hi := r*ce.Classes, (r+1)*ce.Classes
	x, epsilon := load(ce.logits, lo+t, lo+t+1, tmp)[0], float64(ce.Smoothing)
	loss := (1 - epsilon) * float64(ce.weight(t)) * (float64(m) - float64(x) + l)
	if epsilon == 0 {
		return float32(loss)
	}
	sum := l * float64(ce.total[0])
	for at := lo; at < hi; at += tileLen {
		x := load(ce.logits, at, min(at+tileLen, hi), tmp)
		if ce.weights == nil {
			sum += ce.kernel.distances(x, m)
		} else {
			sum += ce.kernel.weightedDistances(x, ce.weightsAt(at-lo, len(x)), m)
		}
	}
	return float32(loss + epsilon/float64(ce.Classes)*sum)
}

// weightsAt is n class weights from c.
func (ce *crossEntropy) weightsAt(c, n int) []float32 { return ce.weights[c : c+n] }

// distanceSum is Σ (m - x).
func distanceSum(x []float32, m float32) (sum float64) {
	for _, v := range x {
		sum += float64(m - v)
	}
	return sum
}

// weightedDistanceSum is Σ w (m - x).
func weightedDistanceSum(x, w []float32, m float32) (sum float64) {
	w = w[:len(x)]
	for i, v := range x {
		sum += float64(w[i]) * float64(m-v)
	}
	return sum
}

// CrossEntropyGrad computes the derivative by the logits; see device.Rows.
func (d *Device) CrossEntropyGrad(dlogits device.Dst, dloss, logits, lse, labels, weights device.Buffer, s device.CrossEntropy) {
	d.run(device.Call{
		Op: "CrossEntropyGrad", Dst: [4]device.Dst{dlogits}, Src: [8]device.Buffer{dloss, logits, lse, labels, weights},
		FLOPs: 3 * int64(logits.Len()),
	}, func(p *plan) {
		if !dlogits.Wanted() {
			return
		}
		ce := newCrossEntropy(p, logits, labels, weights, s)
		dloss, lse := f32(dloss), f32(lse)
		p.eachRow(s.Rows, s.Classes, func(r, worker int) {
			ce.gradRow(dlogits, r, dloss[r], lse[r], d.tile(worker, 0), d.tile(worker, 1))
		})
	})
}

// gradRow sets row r of dx to (a + b W) p - b w, less a at the label, with
// a = dloss (1-ε) w[t] and b = dloss ε/C.
func (ce *crossEntropy) gradRow(dx device.Dst, r int, dloss, lse float32, tmp0, tmp1 []float32) {
	lo, hi := r*ce.Classes, (r+1)*ce.Classes
	t, counts := ce.label(r, nil)
	a, b := dloss*(1-ce.Smoothing)*ce.weight(t), dloss*ce.Smoothing/float32(ce.Classes)
	scale, shift := a+b*ce.total[0], b
	if ce.weights != nil {
		shift = 0
	}
	for at := lo; at < hi; at += tileLen {
		end := min(at+tileLen, hi)
		out := open(dx, at, end, tmp0)
		if counts {
			ce.kernel.crossEntropyGrad(out.v, load(ce.logits, at, end, tmp1), lse, scale, shift)
			if ce.weights != nil && b != 0 {
				subWeights(out.v, b, ce.weightsAt(at-lo, end-at))
			}
			if i := lo + t - at; i >= 0 && i < len(out.v) {
				out.v[i] -= a
			}
		} else {
			clear(out.v)
		}
		out.commit()
	}
}

// crossEntropyGradRow sets dx = k exp(x - lse) - b.
func crossEntropyGradRow(dx, x []float32, lse, k, b float32) {
	expRow(dx, x, float64(lse))
	for i, p := range dx {
		dx[i] = k*p - b
	}
}

// subWeights sets y -= b w.
func subWeights(y []float32, b float32, w []float32) {
	w = w[:len(y)]
	for i := range y {
		y[i] -= b * w[i]
	}
}

// Hits sets hits[0] to the number of rows whose first largest logit is at the
// label.
func (d *Device) Hits(hits device.Dst, logits, labels device.Buffer, s device.Softmax) {
	d.run(device.Call{
		Op: "Hits", Dst: [4]device.Dst{hits}, Src: [8]device.Buffer{logits, labels},
		FLOPs: int64(logits.Len()),
	}, func(p *plan) {
		if !hits.Wanted() {
			return
		}
		x, labels, hit := of(logits), i32(labels), p.floats(s.Rows)
		p.eachRow(s.Rows, s.Cols, func(r, worker int) {
			hit[r] = 0
			if s.Cols > 0 && labels[r] == d.kernel.argMax(x, r*s.Cols, (r+1)*s.Cols, d.tile(worker, 0)) {
				hit[r] = 1
			}
		})
		p.each(1, func(int, int) { put(hits, 0, float32(sumRow(hit))) })
	})
}
