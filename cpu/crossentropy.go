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
		ce := crossEntropy{s, of(logits), i32(labels), f32(weights)}
		p.eachRow(s.Rows, s.Classes, func(r, worker int) {
			m, sum := d.maxAndSum(ce.logits, r*s.Classes, (r+1)*s.Classes, d.tile(worker, 0), worker)
			l := m + log(sum)
			put(lse, r, float32(l))
			t, counts := ce.label(r, &d.latch)
			if !counts {
				put(loss, r, 0)
				put(weight, r, 0)
				return
			}
			put(weight, r, ce.weight(t))
			put(loss, r, ce.loss(r, t, l, d.tile(worker, 0)))
		})
	})
}

// A crossEntropy is one call's sources.
type crossEntropy struct {
	device.CrossEntropy
	logits  *buffer
	labels  []int32
	weights []float32
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

// loss is the loss of row r with the label t and the log-sum-exp lse, which is
// not rounded: logits may be large and their distances from it small.
func (ce *crossEntropy) loss(r, t int, lse float64, tmp []float32) float32 {
	lo, hi := r*ce.Classes, (r+1)*ce.Classes
	x, epsilon := load(ce.logits, lo+t, lo+t+1, tmp)[0], float64(ce.Smoothing)
	loss := (1 - epsilon) * float64(ce.weight(t)) * (lse - float64(x))
	if epsilon == 0 {
		return float32(loss)
	}
	sum := 0.0
	for at := lo; at < hi; at += tileLen {
		x := load(ce.logits, at, min(at+tileLen, hi), tmp)
		sum += distances(x, lse, ce.weightsAt(at-lo, len(x)))
	}
	return float32(loss + epsilon/float64(ce.Classes)*sum)
}

// weightsAt is n class weights from c, nil where there are none.
func (ce *crossEntropy) weightsAt(c, n int) []float32 {
	if ce.weights == nil {
		return nil
	}
	return ce.weights[c : c+n]
}

// distances is Σ w (lse - x), with w all 1 where nil.
func distances(x []float32, lse float64, w []float32) (sum float64) {
	if w == nil {
		for _, v := range x {
			sum += lse - float64(v)
		}
		return sum
	}
	w = w[:len(x)]
	for i, v := range x {
		sum += float64(w[i]) * (lse - float64(v))
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
		ce := crossEntropy{s, of(logits), i32(labels), f32(weights)}
		dloss, lse, total := f32(dloss), f32(lse), ce.total(p)
		p.eachRow(s.Rows, s.Classes, func(r, worker int) {
			ce.gradRow(dlogits, r, dloss[r], lse[r], total[0], d.tile(worker, 0), d.tile(worker, 1))
		})
	})
}

// total plans W = Σ w[c].
func (ce *crossEntropy) total(p *plan) []float32 {
	total := p.floats(1)
	p.each(1, func(int, int) {
		total[0] = float32(ce.Classes)
		if ce.weights != nil {
			total[0] = float32(sumRow(ce.weights))
		}
	})
	return total
}

// gradRow sets row r of dx to (a + b W) p - b w, less a at the label, with
// a = dloss (1-ε) w[t] and b = dloss ε/C.
func (ce *crossEntropy) gradRow(dx device.Dst, r int, dloss, lse, total float32, tmp0, tmp1 []float32) {
	lo, hi := r*ce.Classes, (r+1)*ce.Classes
	t, counts := ce.label(r, nil)
	a, b := dloss*(1-ce.Smoothing)*ce.weight(t), dloss*ce.Smoothing/float32(ce.Classes)
	for at := lo; at < hi; at += tileLen {
		end := min(at+tileLen, hi)
		out := open(dx, at, end, tmp0)
		if counts {
			expRow(out.v, load(ce.logits, at, end, tmp1), float64(lse))
			scaleRow(out.v, out.v, a+b*total)
			if b != 0 {
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

// subWeights sets y -= b w, with w all 1 where nil.
func subWeights(y []float32, b float32, w []float32) {
	if w == nil {
		for i := range y {
			y[i] -= b
		}
		return
	}
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
			if s.Cols > 0 && labels[r] == argMax(x, r*s.Cols, (r+1)*s.Cols, d.tile(worker, 0)) {
				hit[r] = 1
			}
		})
		p.each(1, func(int, int) { put(hits, 0, float32(sumRow(hit))) })
	})
}
