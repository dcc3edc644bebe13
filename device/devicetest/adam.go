package devicetest

import (
	"fmt"
	"math"

	"example.org/chainrule/device"
)

// Adam is the specification of device.Update.
func (r *reference) Adam(w, low, m, v, grad, control, table device.Buffer, s device.Adam) {
	call := device.Call{
		Op:  "Adam",
		Dst: [4]device.Dst{device.To(w), device.To(low), device.To(m), device.To(v)}, Src: [8]device.Buffer{grad, control, table},
	}
	r.run(call, func() {
		c, w, low, m, v := words(values(control)), values(w), values(low), values(m), values(v)
		beta1, beta2, steps := float64(s.Beta1), float64(s.Beta2), c[device.ControlApplied]
		update(c, values(table), values(grad), func(i int, g, rate, decay float64) {
			if s.Decoupled {
				w[i] -= rate * decay * w[i]
			} else {
				g += decay * w[i]
			}
			m[i] = beta1*m[i] + (1-beta1)*g
			v[i] = beta2*v[i] + (1-beta2)*g*g
			mean, power := m[i]/(1-math.Pow(beta1, steps)), v[i]/(1-math.Pow(beta2, steps))
			w[i] -= rate * mean / (math.Sqrt(power) + float64(s.Epsilon))
			follow(low, w, i)
		})
	})
}

func checkAdam(s *suite) {
	rules := []device.Adam{
		{Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-8}, {Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-8, Decoupled: true},
		{Beta1: 0.5, Beta2: 0.9, Epsilon: 1e-3, Decoupled: true}, {Beta2: 0.95, Epsilon: 1e-5},
	}
	for _, p := range pairs(len(slabs), len(rules), len(stages), 2) {
		s.checkAdam(slabs[p[0]], rules[p[1]], stages[p[2]], p[3] == 1)
	}
}

// checkAdam allows sixteen roundings of each term: two for the gradient, four
// each for m and v, six for w.
func (s *suite) checkAdam(tensors []tensor, rule device.Adam, at stage, copied bool) {
	slab := s.slab(tensors)
	w := slab.state(s.rng.NormFloat64)
	square := func() float64 { x := s.rng.NormFloat64(); return x * x }
	s.checkUpdate(check{
		op: "Adam", name: fmt.Sprintf("%+v of %v, %+v, copied %v", rule, tensors, at, copied),
		src: []array{slab.grad(s.rng.NormFloat64), {device.Int32, s.controlAt(at)}, slab.table},
		dst: []result{w, slab.low(copied, s.rng.NormFloat64), slab.state(s.rng.NormFloat64), slab.state(square)},
		call: func(d device.Device, dst []device.Dst, src []device.Buffer) {
			d.Adam(dst[0].Buf, dst[1].Buf, dst[2].Buf, dst[3].Buf, src[0], src[1], src[2], rule)
		},
	}, 16)
}
