package cpu

import "example.org/chainrule/device"

// SGD applies a step of stochastic gradient descent; see device.Update.
func (d *Device) SGD(w, low, v, grad, control, table device.Buffer, s device.SGD) {
	call := device.Call{
		Op: "SGD", Dst: [4]device.Dst{device.To(w), device.To(low), device.To(v), device.To(grad)},
		Src: [8]device.Buffer{control, table}, FLOPs: 8 * int64(w.Len()),
	}
	d.run(call, func(p *plan) {
		w, low, v, grad, control := f32(w), bf16(low), f32(v), f32(grad), i32(control)
		now := new(step)
		p.each(1, func(_, _ int) { now.read(control) })
		p.eachSlabRow(control, i32(table), grad, func(r int, group int32) {
			k := sgdConstants{now.clip, now.rate[group], now.decay[group]}
			if v == nil {
				k.row(rowOf(w, r), rowOf(grad, r))
			} else {
				k.momentumRow(rowOf(w, r), rowOf(v, r), rowOf(grad, r), s, now.applied == 1)
			}
			d.kernel.refresh(low, rowOf(w, r), r)
		})
	})
}

type sgdConstants struct{ clip, rate, decay float32 }

// row is a step without momentum.
func (k sgdConstants) row(w, grad *row) {
	for i := range w {
		w[i] -= k.rate * (k.clip*grad[i] + k.decay*w[i])
	}
}

// momentumRow is a step with momentum, Nesterov's or not: w -= η (own g + ahead v).
func (k sgdConstants) momentumRow(w, v, grad *row, s device.SGD, first bool) {
	momentum, fresh := s.Momentum, 1-s.Dampening
	if first {
		*v, fresh = row{}, 1 // whatever was there
	}
	own, ahead := float32(0), float32(1)
	if s.Nesterov {
		own, ahead = 1, s.Momentum
	}
	for i := range w {
		g := k.clip*grad[i] + k.decay*w[i]
		v[i] = momentum*v[i] + fresh*g
		w[i] -= k.rate * (own*g + ahead*v[i])
	}
}
