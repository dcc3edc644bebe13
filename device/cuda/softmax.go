package cuda

import "example.org/chainrule/device"

// Softmax sets y[r, c] = exp(x[r, c]) / Σ exp(x[r, :]), or its logarithm; see
// device.Rows.
func (d *Device) Softmax(y device.Dst, x device.Buffer, s device.Softmax) {
	call := device.Call{Op: "Softmax", Dst: [4]device.Dst{y}, Src: [8]device.Buffer{x}, FLOPs: 4 * int64(x.Len())}
	d.run(call, func(l *launcher) {
		if y.Wanted() {
			l.launch("softmax", "", column(y, x), teamsOf(s.Rows, s.Cols, 1).geometry,
				l.args().dst(y).ptr(x).i32(s.Rows, s.Cols).flag(s.Log))
		}
	})
}

// SoftmaxGrad sets dx = y (dy - Σ dy y), or with Log: dx = dy - exp(y) Σ dy; see
// device.Rows.
func (d *Device) SoftmaxGrad(dx device.Dst, dy, y device.Buffer, s device.Softmax) {
	call := device.Call{Op: "SoftmaxGrad", Dst: [4]device.Dst{dx}, Src: [8]device.Buffer{dy, y}, FLOPs: 4 * int64(y.Len())}
	d.run(call, func(l *launcher) {
		if dx.Wanted() {
			l.launch("softmax", "grad", column(dx, dy), teamsOf(s.Rows, s.Cols, 1).geometry,
				l.args().dst(dx).ptr(dy).ptr(y).i32(s.Rows, s.Cols).flag(s.Log))
		}
	})
}
