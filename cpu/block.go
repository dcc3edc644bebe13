package cpu

import "example.org/chainrule/device"

// CopyBlock copies a rectangle; see device.Movement.
func (d *Device) CopyBlock(y device.Dst, x device.Buffer, s device.Block) {
	d.run(device.Call{Op: "CopyBlock", Dst: [4]device.Dst{y}, Src: [8]device.Buffer{x}}, func(p *plan) {
		if !y.Wanted() || s.Rows == 0 || s.Cols == 0 {
			return
		}
		rows, cols := moveAxis{s.Rows, s.YStride, s.XStride}, moveAxis{s.Cols, 1, 1}
		p.move(moverOf(y, of(x)), nil, rows, cols, s.YOffset, s.XOffset)
	})
}
