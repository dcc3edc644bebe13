package cuda

import "example.org/chainrule/device"

// Lerp sets y += t (scale x - y); see device.Update.
func (d *Device) Lerp(y, x device.Buffer, s device.Lerp) {
	n := y.Len()
	call := device.Call{Op: "Lerp", Dst: [4]device.Dst{device.To(y)}, Src: [8]device.Buffer{x}, FLOPs: 4 * int64(n)}
	d.run(call, func(l *launcher) {
		l.launch("lerp", "step", "f32", elements(n), l.args().ptr(y).ptr(x).f32(s.T, s.Scale).i32(n))
	})
}
