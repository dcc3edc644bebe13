package cpu

import (
	"math"

	"example.org/chainrule/device"
)

// A row is the unit of the slabs that parameters live in.
type row = [device.RowLen]float32

func rowOf(slab []float32, r int) *row { return (*row)(slab[r*device.RowLen:]) }

// eachSlabRow plans an update of the rows that have a group, where the step is
// applied. grad becomes zero in any case.
func (p *plan) eachSlabRow(control, table []int32, grad []float32, update func(r int, group int32)) {
	p.eachTile(len(grad), func(lo, hi, _ int) {
		for r := lo / device.RowLen; r < hi/device.RowLen; r++ {
			if group := table[2*r+1]; group >= 0 && control[device.ControlOK] != 0 {
				update(r, group)
			}
		}
		clear(grad[lo:hi])
	})
}

// refresh makes row r of low, the weights' copy where one is kept, follow w.
func (k *kernels) refresh(low []bfloat16, w *row, r int) {
	if low != nil {
		k.round(low[r*device.RowLen:][:device.RowLen], w[:])
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
