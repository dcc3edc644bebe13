package cuda

import "example.org/chainrule/device"

// NextPass copies a stream to a cell and advances it; see device.Elementwise.
func (d *Device) NextPass(cell, stream device.Buffer) {
	call := device.Call{
		Op: "NextPass", Dst: [4]device.Dst{device.To(cell), device.To(stream)}, Src: [8]device.Buffer{stream},
	}
	d.run(call, func(l *launcher) {
		l.launch("dropout", "next", "i32", blocksOf(1, 1), l.args().ptr(cell).ptr(stream))
	})
}

// Dropout drops elements of x at random; see device.Elementwise.
func (d *Device) Dropout(y device.Dst, x, cell device.Buffer, s device.Dropout) {
	n := x.Len()
	call := device.Call{Op: "Dropout", Dst: [4]device.Dst{y}, Src: [8]device.Buffer{x, cell}, FLOPs: int64(n)}
	d.run(call, func(l *launcher) {
		if !y.Wanted() {
			return
		}
		a := l.args().dst(y).ptr(x).ptr(cell).u32(s.Site).u32(s.Threshold()).f32(1 / (1 - s.P)).i32(n)
		l.launch("dropout", "keep", column(y, x), elements(n), a)
	})
}
