package cuda

import "example.org/chainrule/device"

// CopyBlock copies a rectangle; see device.Movement.
func (d *Device) CopyBlock(y device.Dst, x device.Buffer, s device.Block) {
	d.run(device.Call{Op: "CopyBlock", Dst: [4]device.Dst{y}, Src: [8]device.Buffer{x}}, func(l *launcher) {
		if !y.Wanted() {
			return
		}
		what := "copy"
		if x.DType().IsFloat() && inQuads(s) {
			what = "quad"
			s = device.Block{
				Rows: s.Rows, Cols: s.Cols / 4, YStride: s.YStride / 4, YOffset: s.YOffset / 4, XStride: s.XStride / 4, XOffset: s.XOffset / 4,
			}
		}
		a := l.args().dst(y).ptr(x).i32(s.Rows, s.Cols, s.YStride, s.YOffset, s.XStride, s.XOffset)
		l.launch("block", what, moveColumn(y, x), elements(s.Rows*s.Cols), a)
	})
}

// inQuads reports whether a block is one of whole groups of four elements.
func inQuads(s device.Block) bool {
	return (s.Cols|s.YStride|s.YOffset|s.XStride|s.XOffset)%4 == 0
}

// moveColumn is the column of kernels that move any dtype.
func moveColumn(y device.Dst, x device.Buffer) string {
	switch x.DType() {
	case device.Int32:
		return "i32"
	case device.Uint8:
		return "u8"
	}
	return column(y, x)
}
