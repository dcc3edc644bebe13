package cuda

import (
	"example.org/chainrule/device"
	"example.org/chainrule/device/cuda/driver"
)

// CrossEntropy computes the loss of each row; see device.Rows.
func (d *Device) CrossEntropy(loss, weight, lse device.Dst, logits, labels, weights device.Buffer, s device.CrossEntropy) {
	call := device.Call{
		Op: "CrossEntropy", Dst: [4]device.Dst{loss, weight, lse}, Src: [8]device.Buffer{logits, labels, weights},
		FLOPs: 3 * int64(logits.Len()),
	}
	d.run(call, func(l *launcher) {
		if !loss.Wanted() && !weight.Wanted() && !lse.Wanted() {
			return
		}
		faults := l.faults()
		l.launch("crossentropy", "", source(logits), teamsOf(s.Rows, s.Classes, 1).geometry,
			l.args().dst(loss).dst(weight).dst(lse).ptr(logits).ptr(labels).ptr(weights).
				i32(s.Rows, s.Classes, int(s.Ignore)).f32(s.Smoothing).at(faults))
	})
}

// CrossEntropyGrad computes the derivative by the logits; see device.Rows.
func (d *Device) CrossEntropyGrad(dlogits device.Dst, dloss, logits, lse, labels, weights device.Buffer, s device.CrossEntropy) {
	call := device.Call{
		Op: "CrossEntropyGrad", Dst: [4]device.Dst{dlogits}, Src: [8]device.Buffer{dloss, logits, lse, labels, weights},
		FLOPs: 3 * int64(logits.Len()),
	}
	d.run(call, func(l *launcher) {
		if !dlogits.Wanted() {
			return
		}
		total := l.totalWeight(weights, s)
		t := teamsOf(s.Rows, s.Classes, 1).cut(s.Classes, 1, manyBlocks)
		l.launch("crossentropy", "grad", column(dlogits, logits), t.geometry,
			l.args().dst(dlogits).ptr(dloss).ptr(logits).ptr(lse).ptr(labels).ptr(weights).at(total).
				i32(s.Rows, s.Classes, int(s.Ignore)).f32(s.Smoothing).i32(t.chunk))
	})
}

// totalWeight is W = Σ w[c] in workspace; 0 where it is the number of classes, or
// not needed.
func (l *launcher) totalWeight(weights device.Buffer, s device.CrossEntropy) driver.Ptr {
	if weights == nil || s.Smoothing == 0 {
		return 0
	}
	total := l.floats(1)
	l.reduce(total, false, of(weights).ptr, "f32", device.Reduce{Outer: 1, N: s.Classes, Inner: 1})
	return total
}

// Hits sets hits[0] to the number of rows whose first largest logit is at the
// label; see device.Rows.
func (d *Device) Hits(hits device.Dst, logits, labels device.Buffer, s device.Softmax) {
	call := device.Call{Op: "Hits", Dst: [4]device.Dst{hits}, Src: [8]device.Buffer{logits, labels}, FLOPs: int64(logits.Len())}
	d.run(call, func(l *launcher) {
		if !hits.Wanted() {
			return
		}
		hit := l.floats(s.Rows)
		l.launch("crossentropy", "hits", source(logits), teamsOf(s.Rows, s.Cols, 1).geometry,
			l.args().at(hit).ptr(logits).ptr(labels).i32(s.Rows, s.Cols))
		l.reduce(of(hits.Buf).ptr, hits.Add, hit, "f32", device.Reduce{Outer: 1, N: s.Rows, Inner: 1})
	})
}
