package cpu

// onVectors is k, which wants whole vectors of so many channels, for any number of
// them: plain Go takes those that are left.
func (k poolKernels) onVectors(lanes int) poolKernels {
	return poolKernels{
		maxTaps: func(y []float32, index []int32, x []float32, t tapRow) {
			vectors, rest, at := t.split(lanes)
			if at > 0 {
				k.maxTaps(y, index, x, vectors)
			}
			if rest.channels > 0 {
				maxTapsGo(y[at:], index[at:], x[at:], rest)
			}
		},
		maxTapsGrad: func(dx, dy []float32, index []int32, t tapRow) {
			vectors, rest, at := t.split(lanes)
			if at > 0 {
				k.maxTapsGrad(dx, dy, index, vectors)
			}
			if rest.channels > 0 {
				maxTapsGradGo(dx[at:], dy[at:], index[at:], rest)
			}
		},
		addTaps: func(y, x []float32, t tapRow) {
			vectors, rest, at := t.split(lanes)
			if at > 0 {
				k.addTaps(y, x, vectors)
			}
			if rest.channels > 0 {
				addTapsGo(y[at:], x[at:], rest)
			}
		},
		addTapsGrad: func(dx, dy []float32, t tapRow) {
			vectors, rest, at := t.split(lanes)
			if at > 0 {
				k.addTapsGrad(dx, dy, vectors)
			}
			if rest.channels > 0 {
				addTapsGradGo(dx[at:], dy[at:], rest)
			}
		},
	}
}

// split divides channels into whole vectors, and what is left from channel at on.
func (t tapRow) split(lanes int) (vectors, rest tapRow, at int) {
	vectors, rest, at = t, t, t.channels-t.channels%lanes
	vectors.channels, rest.channels = at, t.channels-at
	return vectors, rest, at
}
