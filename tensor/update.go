package tensor

import (
	"fmt"

	"example.org/chainrule/device"
)

// Gate opens a step of training: it counts it in control, takes the norm of grad
// and decides whether the step is applied and how it is clipped; see
// [device.Update]. control is Int32 [device.ControlWords]; grad is Float32; loss
// is Float32 of rank 0 or [1], or nil for none. The error is a *ShapeError.
func Gate(control, grad, loss *Tensor, g device.Gate) error {
	const op = "Gate"
	if !(g.MaxNorm >= 0) { // so that NaN is refused
		return misfit(op, fmt.Sprintf("norm %v to clip at: want 0 (no clipping) or more", g.MaxNorm), grad)
	}
	if err := first(slab(op, "grad", grad, grad), controls(op, grad, control), single(op, "loss", grad, loss)); err != nil {
		return err
	}
	grad.dev.Gate(control.buf, grad.buf, loss.buffer(), g)
	return nil
}

// SGD applies a step of stochastic gradient descent to the slab w; see
// [device.Update]. w, v and grad are Float32 of one shape, v nil where the
// momentum is 0; low is w's copy in BFloat16, nil for none; control is Int32
// [device.ControlWords]; table is Int32, two words for each device.RowLen
// elements. The error is a *ShapeError.
func SGD(w, low, v, grad, control, table *Tensor, s device.SGD) error {
	const op = "SGD"
	if v == nil && s.Momentum != 0 {
		return misfit(op, fmt.Sprintf("momentum %v wants a velocity", s.Momentum), w)
	}
	if err := first(slab(op, "w", w, w), copied(op, w, low), optional(op, "v", w, v, device.Float32, w.shape...), slab(op, "grad", w, grad),
		controls(op, w, control), tabled(op, w, table)); err != nil {
		return err
	}
	w.dev.SGD(w.buf, low.buffer(), v.buffer(), grad.buf, control.buf, table.buf, s)
	return nil
}

// Adam applies a step of Adam, or with s.Decoupled of AdamW, to the slab w; see
// [device.Update]. w, m, v and grad are Float32 of one shape; low, control and
// table are as for [SGD]. The error is a *ShapeError.
func Adam(w, low, m, v, grad, control, table *Tensor, s device.Adam) error {
	const op = "Adam"
	if err := first(slab(op, "w", w, w), copied(op, w, low), slab(op, "m", w, m), slab(op, "v", w, v), slab(op, "grad", w, grad),
		controls(op, w, control), tabled(op, w, table)); err != nil {
		return err
	}
	w.dev.Adam(w.buf, low.buffer(), m.buf, v.buf, grad.buf, control.buf, table.buf, s)
	return nil
}

// Settle ends a step for running statistics: where the step was applied, backup
// takes state's values, else state takes backup's. Both are Float32 of one
// shape; control is Int32 [device.ControlWords]. The error is a *ShapeError.
func Settle(state, backup, control *Tensor) error {
	const op = "Settle"
	if err := first(slab(op, "state", state, state), slab(op, "backup", state, backup), controls(op, state, control)); err != nil {
		return err
	}
	state.dev.Settle(state.buf, backup.buf, control.buf)
	return nil
}

// Lerp moves y towards s.Scale x by the share s.T of the way. Both are Float32 of
// one shape. The error is a *ShapeError.
func Lerp(y, x *Tensor, s device.Lerp) error {
	const op = "Lerp"
	if err := first(slab(op, "y", y, y), slab(op, "x", y, x)); err != nil {
		return err
	}
	y.dev.Lerp(y.buf, x.buf, s)
	return nil
}

// slab checks that t is Float32 of w's shape.
func slab(op, name string, w, t *Tensor) error {
	return typed(op, name, w, t, device.Float32, w.shape...)
}

func copied(op string, w, low *Tensor) error {
	return optional(op, "low", w, low, device.BFloat16, w.shape...)
}

func controls(op string, w, control *Tensor) error {
	return typed(op, "control", w, control, device.Int32, device.ControlWords)
}

func tabled(op string, w, table *Tensor) error {
	rows := (w.Len() + device.RowLen - 1) / device.RowLen
	return typed(op, "table", w, table, device.Int32, 2*rows)
}
