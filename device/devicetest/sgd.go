package devicetest

import (
	"fmt"

	"example.org/chainrule/device"
)

// SGD is the specification of device.Update.
func (r *reference) SGD(w, low, v, grad, control, table device.Buffer, s device.SGD) {
	call := device.Call{
		Op:  "SGD",
		Dst: [4]device.Dst{device.To(w), device.To(low), device.To(v)}, Src: [8]device.Buffer{grad, control, table},
	}
	r.run(call, func() {
		c, w, low, v := words(values(control)), values(w), values(low), values(v)
		momentum, dampening := float64(s.Momentum), float64(s.Dampening)
		update(c, values(table), values(grad), func(i int, g, rate, decay float64) {
			g += decay * w[i]
			step := g
			if v != nil {
				if c[device.ControlApplied] > 1 {
					step = momentum*v[i] + (1-dampening)*g
				}
				v[i] = step
			}
			if s.Nesterov {
				step = g + momentum*step
			}
			w[i] -= rate * step
			follow(low, w, i)
		})
	})
}

// update calls f with each element that a step moves, its clipped gradient and
// its group's rate and decay.
func update(c words, table, grad []float64, f func(i int, g, rate, decay float64)) {
	for i, g := range grad {
		group := int(table[i/device.RowLen*2+1])
		if c[device.ControlOK] == 1 && group >= 0 {
			f(i, c.float(device.ControlClip)*g, c.float(device.ControlRate+group), c.float(device.ControlDecay+group))
		}
	}
}

// follow copies element i of w into low, where there is one.
func follow(low, w []float64, i int) {
	if low != nil {
		low[i] = w[i]
	}
}

func checkSGD(s *suite) {
	rules := []device.SGD{
		{}, {Momentum: 0.9}, {Momentum: 0.9, Dampening: 0.25}, {Momentum: 0.9, Nesterov: true}, {Momentum: 0.5, Dampening: 0.5, Nesterov: true},
	}
	for _, p := range pairs(len(slabs), len(rules), len(stages), 2) {
		s.checkSGD(slabs[p[0]], rules[p[1]], stages[p[2]], p[3] == 1)
	}
}

// checkSGD allows eight roundings of each term: two for the gradient, four for
// v, two for w.
func (s *suite) checkSGD(tensors []tensor, rule device.SGD, at stage, copied bool) {
	slab := s.slab(tensors)
	w, v := slab.state(s.rng.NormFloat64), slab.state(s.rng.NormFloat64)
	low := slab.low(copied, s.rng.NormFloat64)
	if rule.Momentum == 0 {
		v = result{unwanted: true}
	}
	c := check{
		op: "SGD", name: fmt.Sprintf("%+v of %v, %+v, copied %v", rule, tensors, at, copied),
		src: []array{slab.grad(s.rng.NormFloat64), {device.Int32, s.controlAt(at)}, slab.table},
		dst: []result{w, low, v},
		call: func(d device.Device, dst []device.Dst, src []device.Buffer) {
			d.SGD(dst[0].Buf, dst[1].Buf, dst[2].Buf, src[0], src[1], src[2], rule)
		},
	}
	s.checkUpdate(c, 8)
}
