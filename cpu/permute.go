package cpu

import "example.org/chainrule/device"

// Permute reorders axes; see device.Movement.
func (d *Device) Permute(y device.Dst, x device.Buffer, s device.Permute) {
	d.run(device.Call{Op: "Permute", Dst: [4]device.Dst{y}, Src: [8]device.Buffer{x}}, func(p *plan) {
		if !y.Wanted() || x.Len() == 0 {
			return
		}
		outer, j, k := permuteBlocks(permuteAxes(s))
		p.move(moverOf(y, of(x)), outer, j, k, 0, 0)
	})
}

// permuteAxes are y's axes from the innermost out, those of extent 1 left out and
// those merged that stay neighbours.
func permuteAxes(s device.Permute) (axes []moveAxis) {
	var xStep [device.MaxDims]int
	n := 1
	for a := device.MaxDims - 1; a >= 0; a-- {
		xStep[a] = n
		n *= s.Dims[a]
	}
	n = 1
	for i := device.MaxDims - 1; i >= 0; i-- {
		a := moveAxis{s.Dims[s.Axes[i]], n, xStep[s.Axes[i]]}
		n *= a.extent
		last := len(axes) - 1
		switch {
		case a.extent == 1:
		case last >= 0 && a.x == axes[last].x*axes[last].extent:
			axes[last].extent *= a.extent
		default:
			axes = append(axes, a)
		}
	}
	return axes
}

// permuteBlocks chooses the axes along which blocks are cut: k is y's innermost
// one, j the one along which x is contiguous or, where that is k, the next.
func permuteBlocks(axes []moveAxis) (outer []moveAxis, j, k moveAxis) {
	j, k = moveAxis{extent: 1}, moveAxis{1, 1, 1}
	if len(axes) == 0 {
		return nil, j, k
	}
	k, axes = axes[0], axes[1:]
	inner := 0
	for i, a := range axes {
		if a.x == 1 {
			inner = i
		}
	}
	for i, a := range axes {
		if i == inner {
			j = a
		} else {
			outer = append(outer, a)
		}
	}
	return outer, j, k
}
