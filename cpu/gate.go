package cpu

import (
	"math"
	"slices"

	"example.org/chainrule/device"
)

// Gate opens a step; see device.Update.
func (d *Device) Gate(control, grad, loss device.Buffer, s device.Gate) {
	call := device.Call{
		Op: "Gate", Dst: [4]device.Dst{device.To(control)}, Src: [8]device.Buffer{grad, loss}, FLOPs: 2 * int64(grad.Len()),
	}
	d.run(call, func(p *plan) {
		control, grad, loss := i32(control), f32(grad), f32(loss)
		dot := d.kernel.folds.dot
		var norms []float32 // of each tile
		if !s.NoNorm {
			norms = p.floats(ceilDiv(len(grad), tileLen))
		}
		p.each(len(norms), func(i, _ int) {
			tile := grad[i*tileLen : min((i+1)*tileLen, len(grad))]
			norms[i] = float32(math.Sqrt(dot(tile, tile)))
		})
		p.each(1, func(_, _ int) {
			norm := float32(math.Sqrt(dot(norms, norms)))
			maxNorm := s.MaxNorm
			if s.NoNorm {
				maxNorm = 0
			}
			openGate(control, norm, maxNorm, !slices.ContainsFunc(loss, notFinite) && !d.latch.faulty())
		})
	})
}

// openGate counts a step and decides whether it is applied. sound says whether
// all but the norm is as it should be.
func openGate(control []int32, norm, maxNorm float32, sound bool) {
	control[device.ControlSteps]++
	switch {
	case control[device.ControlStop] != 0:
		control[device.ControlOK] = 0
	case sound && !notFinite(norm):
		control[device.ControlOK] = 1
		control[device.ControlApplied]++
	default:
		control[device.ControlOK] = 0
		control[device.ControlStop] = control[device.ControlSteps]
	}
	clip := float32(1)
	if maxNorm > 0 {
		clip = min(1, maxNorm/(norm+1e-6))
	}
	setWord(control, device.ControlNorm, norm)
	setWord(control, device.ControlClip, clip)
}

// Settle ends a step for running statistics; see device.Update.
func (d *Device) Settle(state, backup, control device.Buffer) {
	call := device.Call{
		Op: "Settle", Dst: [4]device.Dst{device.To(state), device.To(backup)}, Src: [8]device.Buffer{control},
	}
	d.run(call, func(p *plan) {
		state, backup, control := f32(state), f32(backup), i32(control)
		p.eachTile(len(state), func(lo, hi, _ int) {
			if control[device.ControlOK] != 0 {
				copy(backup[lo:hi], state[lo:hi])
			} else {
				copy(state[lo:hi], backup[lo:hi])
			}
		})
	})
}

// notFinite holds for NaN and ±Inf.
func notFinite(v float32) bool { return v-v != 0 }
