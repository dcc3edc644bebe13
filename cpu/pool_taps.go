package cpu

// poolKernels are the loops of max pooling over the taps of a window that lie in
// one row of the image: places place, place+step, ..., whose channels begin
// stride elements apart. The last tap ends the slice of taps.
type poolKernels struct {
	// maxTaps sets y[c] to the largest x[t*stride+c] and index[c] to the place of
	// the first such tap t; a NaN is larger than all. With more, y and index hold
	// what earlier taps gave.
	maxTaps func(y []float32, index []int32, x []float32, stride, place, step int, more bool)
	// spreadTaps sets dx[t*stride+c] += dy[c] where index[c] is the place of tap t.
	spreadTaps func(dx, dy []float32, index []int32, stride, place, step int)
}

// The plain Go twins.
var goPoolKernels = poolKernels{maxTapsGo, spreadTapsGo}

func maxTapsGo(y []float32, index []int32, x []float32, stride, place, step int, more bool) {
	if !more {
		fill(y, infinity(-1))
		fill(index, int32(place))
	}
	for ; len(x) > 0; x = x[min(stride, len(x)):] {
		maxTap(y, index, x, int32(place))
		place += step
	}
}

// maxTap puts v into y, and place into index, where v exceeds y. Nobody can
// predict where that is, so the comparisons are conditional moves.
func maxTap(y []float32, index []int32, v []float32, place int32) {
	index, v = index[:len(y)], v[:len(y)]
	for c, largest := range y {
		old, at := index[c], place
		if v[c] <= largest {
			at = old
		}
		if largest != largest { // NaN stays
			at = old
		}
		index[c] = at
		y[c] = max(largest, v[c])
	}
}

func spreadTapsGo(dx, dy []float32, index []int32, stride, place, step int) {
	index = index[:len(dy)]
	for ; len(dx) > 0; dx = dx[min(stride, len(dx)):] {
		for c, v := range dy {
			dx[c] += keep(v, equal(index[c], int32(place)))
		}
		place += step
	}
}

func equal(a, b int32) uint32 {
	if a == b {
		return 1
	}
	return 0
}
