package cuda

import "example.org/chainrule/device"

// The sum of squares is cut into parts by the length alone: a block each, and later
// a thread each.
const (
	gatePart     = 4096 // elements for which there is a part
	maxGateParts = 1024
)

// Gate opens a step; see device.Update.
func (d *Device) Gate(control, grad, loss device.Buffer, s device.Gate) {
	call := device.Call{
		Op: "Gate", Dst: [4]device.Dst{device.To(control)}, Src: [8]device.Buffer{grad, loss}, FLOPs: 2 * int64(grad.Len()),
	}
	d.run(call, func(l *launcher) {
		n, parts, losses := grad.Len(), 0, 0
		if s.NoNorm {
			s.MaxNorm = 0
		} else {
			parts = min(ceilDiv(n, gatePart), maxGateParts)
		}
		if loss != nil {
			losses = loss.Len()
		}
		sums := l.bytes(8 * int64(parts)) // float64
		l.launch("gate", "norm", "f32", blocksOf(parts, 256), l.args().at(sums).ptr(grad).i32(n))
		a := l.args().ptr(control).at(sums).i32(parts).ptr(loss).i32(losses).at(l.standing()).f32(s.MaxNorm)
		l.launch("gate", "decide", "f32", blocksOf(1, maxGateParts), a)
	})
}

// Settle ends a step for running statistics; see device.Update.
func (d *Device) Settle(state, backup, control device.Buffer) {
	n := state.Len()
	call := device.Call{
		Op: "Settle", Dst: [4]device.Dst{device.To(state), device.To(backup)}, Src: [8]device.Buffer{control},
	}
	d.run(call, func(l *launcher) {
		l.launch("gate", "settle", "f32", elements(n), l.args().ptr(state).ptr(backup).ptr(control).i32(n))
	})
}
