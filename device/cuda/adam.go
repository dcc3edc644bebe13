package cuda

import (
	"math"

	"example.org/chainrule/device"
)

// Adam applies a step of Adam or AdamW; see device.Update.
func (d *Device) Adam(w, low, m, v, grad, control, table device.Buffer, s device.Adam) {
	n := w.Len()
	call := device.Call{
		Op: "Adam", Dst: [4]device.Dst{device.To(w), device.To(low), device.To(m), device.To(v)},
		Src: [8]device.Buffer{grad, control, table}, FLOPs: 15 * int64(n),
	}
	d.run(call, func(l *launcher) {
		a := l.args().ptr(w).ptr(low).ptr(m).ptr(v).ptr(grad).ptr(control).ptr(table)
		a.f32(s.Beta1, s.Beta2, logarithm(s.Beta1), logarithm(s.Beta2), s.Epsilon).flag(s.Decoupled).i32(n)
		l.launch("adam", "step", "f32", elements(n), a)
	})
}

func logarithm(x float32) float32 { return float32(math.Log(float64(x))) }
