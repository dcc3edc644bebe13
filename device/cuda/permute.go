package cuda

import "example.org/chainrule/device"

// Permute reorders axes; see device.Movement.
func (d *Device) Permute(y device.Dst, x device.Buffer, s device.Permute) {
	n := x.Len()
	d.run(device.Call{Op: "Permute", Dst: [4]device.Dst{y}, Src: [8]device.Buffer{x}}, func(l *launcher) {
		if !y.Wanted() || n == 0 {
			return
		}
		axes, a := permuted(s), l.args().dst(y).ptr(x)
		if axes.rank == 0 || axes.strides[0][0] == 1 {
			l.launch("permute", "order", moveColumn(y, x), elements(n), a.axes(&axes).i32(n))
			return
		}
		p, outer := axes.plane()
		a.i32(p.width, p.height, p.xStride, p.yStride, p.across, p.down).axes(&outer)
		l.launch("permute", "tile", moveColumn(y, x), blocksOf(p.across*p.down*outer.len(), 256), a)
	})
}

// permuted are the axes of a permutation's result, with the strides of x and of y.
func permuted(s device.Permute) (m axes) {
	var strides [device.MaxDims]int // of x
	stride := 1
	for k := device.MaxDims - 1; k >= 0; k-- {
		strides[k] = stride
		stride *= s.Dims[k]
	}
	stride = 1
	for k := device.MaxDims - 1; k >= 0; k-- {
		extent := s.Dims[s.Axes[k]]
		m.append(extent, strides[s.Axes[k]], stride)
		stride *= extent
	}
	return m
}

// A permutePlane is the innermost axes of both arrays, and the tiles that cover them.
type permutePlane struct{ width, height, xStride, yStride, across, down int }

const permuteTile = 32 // on each side

// plane splits a permutation's axes into x's innermost and y's innermost, which
// differ, and the others.
func (s *axes) plane() (p permutePlane, outer axes) {
	p.height, p.xStride = s.extent[0], s.strides[0][0]
	for k := 1; k < s.rank; k++ {
		if s.strides[0][k] == 1 {
			p.width, p.yStride = s.extent[k], s.strides[1][k]
		} else {
			outer.append(s.extent[k], s.strides[0][k], s.strides[1][k])
		}
	}
	p.across, p.down = ceilDiv(p.width, permuteTile), ceilDiv(p.height, permuteTile)
	return p, outer
}
