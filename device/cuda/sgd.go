package cuda

import "example.org/chainrule/device"

// SGD applies a step of stochastic gradient descent; see device.Update.
func (d *Device) SGD(w, low, v, grad, control, table device.Buffer, s device.SGD) {
	n := w.Len()
	call := device.Call{
		Op: "SGD", Dst: [4]device.Dst{device.To(w), device.To(low), device.To(v)},
		Src: [8]device.Buffer{grad, control, table}, FLOPs: 8 * int64(n),
	}
	d.run(call, func(l *launcher) {
		if v == nil {
			l.launch("sgd", "plain", "f32", elements(n), l.args().ptr(w).ptr(low).ptr(grad).ptr(control).ptr(table).i32(n))
			return
		}
		own, ahead := float32(0), float32(1) // w -= η (own g + ahead v)
		if s.Nesterov {
			own, ahead = 1, s.Momentum
		}
		a := l.args().ptr(w).ptr(low).ptr(v).ptr(grad).ptr(control).ptr(table).f32(s.Momentum, 1-s.Dampening, own, ahead).i32(n)
		l.launch("sgd", "momentum", "f32", elements(n), a)
	})
}
