package cpu

import "example.org/chainrule/device"

// Lerp sets y += t (scale x - y); see device.Update.
func (d *Device) Lerp(y, x device.Buffer, s device.Lerp) {
	call := device.Call{Op: "Lerp", Dst: [4]device.Dst{device.To(y)}, Src: [8]device.Buffer{x}, FLOPs: 4 * int64(y.Len())}
	d.run(call, func(p *plan) {
		y, x := f32(y), f32(x)
		p.eachTile(len(y), func(lo, hi, _ int) { d.kernel.updates.lerp(y[lo:hi], x[lo:hi], s.T, s.Scale) })
	})
}

// lerpRow sets y += t (scale x - y).
func lerpRow(y, x []float32, t, scale float32) {
	for i := range min(len(y), len(x)) {
		y[i] += t * (scale*x[i] - y[i])
	}
}
