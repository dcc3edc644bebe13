package cpu

import (
	"math"

	"example.org/chainrule/device"
)

// updateKernels are the rows of updates; see those of these names.
type updateKernels struct {
	sgd      func(w, grad []float32, clip, rate, decay float32)
	momentum func(w, v, grad []float32, clip, rate, decay, momentum, fresh, own, ahead float32)
	adam     func(w, m, v, grad []float32, clip, decay, shrink, beta1, beta2, rate, root, epsilon float32)
	lerp     func(y, x []float32, t, scale float32)
}

var goUpdates = updateKernels{sgdRow, momentumRow, adamRow, lerpRow}

// eachSlabRow plans an update of n elements of the slabs that parameters live in,
// where the step is applied: elements lo to hi are rows of one group.
func (p *plan) eachSlabRow(control, table []int32, n int, update func(lo, hi int, group int32)) {
	p.eachTile(n, func(lo, hi, _ int) {
		rows := table[2*(lo/device.RowLen) : 2*(hi/device.RowLen)]
		for len(rows) > 0 && control[device.ControlOK] != 0 {
			group, alike := rows[1], rowsAlike(rows)
			end := lo + alike*device.RowLen
			if group >= 0 {
				update(lo, end, group)
			}
			lo, rows = end, rows[2*alike:]
		}
	})
}

// rowsAlike is how many of the first rows of a table have one group.
func rowsAlike(table []int32) int {
	for i := 3; i < len(table); i += 2 {
		if table[i] != table[1] {
			return i / 2
		}
	}
	return len(table) / 2
}

// refresh makes elements lo to hi of low, the weights' copy where one is kept,
// follow w.
func (k *kernels) refresh(low []bfloat16, w []float32, lo, hi int) {
	if low != nil {
		k.round(low[lo:hi], w[lo:hi])
	}
}

// A step is what a control block says about the step to apply.
type step struct {
	applied     float64 // steps, this one counted
	clip        float32
	rate, decay [device.MaxGroups]float32
}

func (s *step) read(control []int32) {
	s.applied = float64(control[device.ControlApplied])
	s.clip = word(control, device.ControlClip)
	for g := range s.rate {
		s.rate[g] = word(control, device.ControlRate+g)
		s.decay[g] = word(control, device.ControlDecay+g)
	}
}

// word is a Float32 word of a control block.
func word(control []int32, at int) float32 { return math.Float32frombits(uint32(control[at])) }

func setWord(control []int32, at int, v float32) { control[at] = int32(math.Float32bits(v)) }
