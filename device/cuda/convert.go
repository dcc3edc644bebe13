package cuda

import "example.org/chainrule/device"

// Convert sets y = x; see device.Elementwise.
func (d *Device) Convert(y device.Dst, x device.Buffer) {
	n := x.Len()
	d.run(device.Call{Op: "Convert", Dst: [4]device.Dst{y}, Src: [8]device.Buffer{x}}, func(l *launcher) {
		if !y.Wanted() {
			return
		}
		types := column(y, x)
		if x.DType() == device.Float32 && y.Buf.DType() == device.BFloat16 {
			types = "f32bf16" // the one kernel that rounds
		}
		l.launch("convert", "cast", types, elements(n), l.args().dst(y).ptr(x).i32(n))
	})
}

// Fill sets y = v; see device.Elementwise.
func (d *Device) Fill(y device.Dst, v float32) {
	d.run(device.Call{Op: "Fill", Dst: [4]device.Dst{y}}, func(l *launcher) {
		if !y.Wanted() {
			return
		}
		n := y.Buf.Len()
		l.launch("convert", "fill", column(y, y.Buf), elements(n), l.args().dst(y).f32(v).i32(n))
	})
}

// Normalize scales and shifts images; see device.Elementwise.
func (d *Device) Normalize(y device.Dst, x, scale, shift device.Buffer) {
	n := x.Len()
	call := device.Call{Op: "Normalize", Dst: [4]device.Dst{y}, Src: [8]device.Buffer{x, scale, shift}, FLOPs: 2 * int64(n)}
	d.run(call, func(l *launcher) {
		if !y.Wanted() {
			return
		}
		a := l.args().dst(y).ptr(x).ptr(scale).ptr(shift).i32(scale.Len(), n)
		l.launch("convert", "normalize", column(y, y.Buf), elements(n), a)
	})
}
