package cpu

// poolKernels are the loops of pooling over the taps of windows that lie in one
// row of the image. A tap has its channels side by side.
type poolKernels struct {
	// maxTaps sets y to the largest of each window's taps, channel by channel, and
	// index to the place of the first such tap; a NaN is larger than all.
	maxTaps func(y []float32, index []int32, x []float32, t tapRow)
	// maxTapsGrad adds dy to dx at the tap whose place is index.
	maxTapsGrad func(dx, dy []float32, index []int32, t tapRow)
	// addTaps sets y to the sum of each window's taps.
	addTaps func(y, x []float32, t tapRow)
	// addTapsGrad adds dy to dx at every tap.
	addTapsGrad func(dx, dy []float32, t tapRow)
}

// A tapRow describes the taps of equal windows that follow each other; distances
// are in elements. x (or dx) begins with the first window's first tap, y (or dy)
// and index with what belongs to that window.
type tapRow struct {
	windows, taps, channels int  // at least 1 of each
	yMove, xMove, xStep     int  // from window to window, from tap to tap
	place                   int  // of the first tap
	placeMove, placeStep    int  // from window to window, from tap to tap
	more                    bool // whether y and index hold what other rows of these windows gave
}

// The plain Go twins.
var goPoolKernels = poolKernels{maxTapsGo, maxTapsGradGo, addTapsGo, addTapsGradGo}

func maxTapsGo(y []float32, index []int32, x []float32, t tapRow) {
	for w := range t.windows {
		y, index := y[w*t.yMove:][:t.channels], index[w*t.yMove:][:t.channels]
		place := int32(t.place + w*t.placeMove)
		if !t.more {
			fill(y, infinity(-1))
			fill(index, place)
		}
		for k := range t.taps {
			maxTap(y, index, x[w*t.xMove+k*t.xStep:], place+int32(k*t.placeStep))
		}
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

func maxTapsGradGo(dx, dy []float32, index []int32, t tapRow) {
	for w := range t.windows {
		dy, index := dy[w*t.yMove:][:t.channels], index[w*t.yMove:][:t.channels]
		for k := range t.taps {
			dx, place := dx[w*t.xMove+k*t.xStep:][:t.channels], int32(t.place+w*t.placeMove+k*t.placeStep)
			for c, i := range index {
				if i == place {
					dx[c] += dy[c]
				}
			}
		}
	}
}

func addTapsGo(y, x []float32, t tapRow) {
	for w := range t.windows {
		y := y[w*t.yMove:][:t.channels]
		if !t.more {
			clear(y)
		}
		for k := range t.taps {
			addRow(y, x[w*t.xMove+k*t.xStep:])
		}
	}
}

func addTapsGradGo(dx, dy []float32, t tapRow) {
	for w := range t.windows {
		for k := range t.taps {
			addRow(dx[w*t.xMove+k*t.xStep:][:t.channels], dy[w*t.yMove:])
		}
	}
}
