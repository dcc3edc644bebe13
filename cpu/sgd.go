package cpu

import "example.org/chainrule/device"

// SGD applies a step of stochastic gradient descent; see device.Update.
func (d *Device) SGD(w, low, v, grad, control, table device.Buffer, s device.SGD) {
	call := device.Call{
		Op: "SGD", Dst: [4]device.Dst{device.To(w), device.To(low), device.To(v)},
		Src: [8]device.Buffer{grad, control, table}, FLOPs: 8 * int64(w.Len()),
	}
	d.run(call, func(p *plan) {
		w, low, v, grad, control := f32(w), bf16(low), f32(v), f32(grad), i32(control)
		now := new(step)
		p.each(1, func(_, _ int) { now.read(control) })
		own, ahead := float32(0), float32(1)
		if s.Nesterov {
			own, ahead = 1, s.Momentum
		}
		p.eachSlabRow(control, i32(table), len(w), func(lo, hi int, group int32) {
			rate, decay := now.rate[group], now.decay[group]
			switch {
			case v == nil:
				d.kernel.updates.sgd(w[lo:hi], grad[lo:hi], now.clip, rate, decay)
			case now.applied == 1: // whatever v holds
				clear(v[lo:hi])
				d.kernel.updates.momentum(w[lo:hi], v[lo:hi], grad[lo:hi], now.clip, rate, decay, s.Momentum, 1, own, ahead)
			default:
				d.kernel.updates.momentum(w[lo:hi], v[lo:hi], grad[lo:hi], now.clip, rate, decay, s.Momentum, 1-s.Dampening, own, ahead)
			}
			d.kernel.refresh(low, w, lo, hi)
		})
	})
}

// sgdRow is a step without momentum.
func sgdRow(w, grad []float32, clip, rate, decay float32) {
	for i := range min(len(w), len(grad)) {
		w[i] -= rate * (clip*grad[i] + decay*w[i])
	}
}

// momentumRow is a step with momentum: w -= η (own g + ahead v). Nesterov's has
// its momentum for ahead and adds the gradient's own share.
func momentumRow(w, v, grad []float32, clip, rate, decay, momentum, fresh, own, ahead float32) {
	for i := range min(len(w), len(v), len(grad)) {
		g := clip*grad[i] + decay*w[i]
		v[i] = momentum*v[i] + fresh*g
		w[i] -= rate * (own*g + ahead*v[i])
	}
}
