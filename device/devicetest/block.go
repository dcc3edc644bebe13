package devicetest

import (
	"fmt"

	"example.org/chainrule/device"
)

// CopyBlock is the specification of device.Movement.
func (r *reference) CopyBlock(y device.Dst, x device.Buffer, s device.Block) {
	r.run(device.Call{Op: "CopyBlock", Dst: [4]device.Dst{y}, Src: [8]device.Buffer{x}}, func() {
		if !y.Wanted() {
			return
		}
		to, from := values(y.Buf), values(x)
		for row := range s.Rows {
			for col := range s.Cols {
				i, v := row*s.YStride+s.YOffset+col, from[row*s.XStride+s.XOffset+col]
				if y.Add {
					v += to[i]
				}
				to[i] = v
			}
		}
	})
}

func checkCopyBlock(s *suite) {
	specs := []device.Block{
		{Rows: 0, Cols: 5, YStride: 5, XStride: 5}, {Rows: 5, Cols: 0, YStride: 7, XStride: 7},
		{Rows: 1, Cols: 1, YStride: 1, XStride: 1}, {Rows: 1, Cols: 4097, YStride: 4097, XStride: 4097},
		{Rows: 33, Cols: 31, YStride: 31, XStride: 31},             // all of it
		{Rows: 7, Cols: 10, YStride: 33, YOffset: 13, XStride: 10}, // into columns
		{Rows: 7, Cols: 10, YStride: 10, XStride: 33, XOffset: 23}, // out of columns
		{Rows: 31, Cols: 1, YStride: 3, YOffset: 2, XStride: 7, XOffset: 1},
		{Rows: 1000, Cols: 3, YStride: 4, YOffset: 1, XStride: 3},
		{Rows: 3, Cols: 1000, YStride: 1100, YOffset: 65, XStride: 1001, XOffset: 1},
		{Rows: 9, Cols: 5, YStride: 5, YOffset: 20, XStride: 5, XOffset: 15}, // rows of a larger array
		{Rows: 6, Cols: 4, YStride: 4, XStride: 0},                           // one row again and again
		{Rows: 2, Cols: 64, YStride: 128, YOffset: 64, XStride: 64},
	}
	for _, p := range pairs(len(specs), len(moves)) {
		spec, m := specs[p[0]], moves[p[1]]
		// Both arrays go on a little after the block.
		n, from := spec.Rows*spec.YStride+spec.YOffset+5, spec.Rows*spec.XStride+spec.XOffset+spec.Cols+3
		s.check(check{
			op: "CopyBlock", name: fmt.Sprintf("%+v %v", spec, m.src),
			src:  []array{s.movable(m.src, from)},
			dst:  []result{{dtype: m.dst, n: n, add: m.add, prior: s.movable(m.dst, n).v}},
			call: func(d device.Device, dst []device.Dst, src []device.Buffer) { d.CopyBlock(dst[0], src[0], spec) },
		})
	}
}
