package devicetest

import (
	"math"

	"example.org/chainrule/device"
)

// A tensor is a stretch of a slab.
type tensor struct{ length, group int }

// slabs are models: none, one number, whole rows, padding, groups that are left
// alone, and one of some size.
var slabs = [...][]tensor{
	{}, {{1, 0}}, {{64, 1}}, {{5, -1}}, {{65, 7}, {5, -1}, {64, 0}},
	{{1000, 0}, {33, 1}, {1, 2}, {127, -1}, {31, 3}, {63, 4}}, {{9999, 1}, {7, 0}},
}

// A stage is where training stands when an update comes.
type stage struct {
	applied float64 // steps, this one counted
	clip    float64
	refused bool
}

var stages = [...]stage{{1, 1, false}, {2, 0.25, false}, {1, 0.25, false}, {3, 1, true}, {1000, 1, false}}

// controlAt makes the control block of a stage.
func (s *suite) controlAt(at stage) words {
	w := s.control(at.applied+5, at.applied)
	w.set(device.ControlClip, at.clip)
	if at.refused {
		w[device.ControlOK], w[device.ControlStop] = 0, at.applied+1
	}
	return w
}

// A slab is the layout of tensors in rows.
type slab struct {
	tensors []tensor
	table   array
}

func (s *suite) slab(tensors []tensor) slab {
	l := slab{tensors, array{device.Int32, []float64{}}}
	for number, t := range tensors {
		for range rowsOf(t) {
			l.table.v = append(l.table.v, float64(number), float64(t.group))
		}
	}
	return l
}

func rowsOf(t tensor) int { return (t.length + device.RowLen - 1) / device.RowLen }

// state makes a slab of values of f, its padding zero.
func (l slab) state(f func() float64) result {
	v := []float64{}
	for _, t := range l.tensors {
		for i := range rowsOf(t) * device.RowLen {
			v = append(v, pick(i < t.length, round(device.Float32, f()), 0))
		}
	}
	return result{dtype: device.Float32, n: len(v), always: true, prior: v}
}

// grad makes the slab of gradients.
func (l slab) grad(f func() float64) array { return array{device.Float32, l.state(f).prior} }

// low makes a copy of a slab in BFloat16 that no update has reached, so that it
// shows which rows one does; none where none is kept.
func (l slab) low(kept bool, f func() float64) result {
	if !kept {
		return result{unwanted: true}
	}
	r := l.state(func() float64 { return round(device.BFloat16, f()) })
	r.dtype = device.BFloat16
	return r
}

// checkUpdate gives the slabs of an update their tolerances, and checks it.
func (s *suite) checkUpdate(c check, n float64) {
	s.Helper()
	terms := s.conditions(c)
	for k := range c.dst {
		c.dst[k].tol = roundings(n, terms[k])
	}
	s.check(c)
}

// conditions is |y - y₀| + Σ |a ∂y/∂a| for every element y of c's destinations,
// over the elements a beside it, its gradient (source 0) too; y₀ and a are from
// before the call. To first
// order a rounding on the way to y is a small relative change of one a or of all
// that is added to y₀.
func (s *suite) conditions(c check) [][]float64 {
	const nudge = 1e-6
	base := s.run(s.ref, c, s.prior(c), trial{})
	sum := make([][]float64, len(base))
	for k := range base {
		sum[k] = make([]float64, len(base[k]))
		for i, y := range base[k] {
			sum[k][i] = math.Abs(y - c.dst[k].prior[i])
		}
	}
	beside := []*[]float64{&c.src[0].v}
	for k := range c.dst {
		beside = append(beside, &c.dst[k].prior)
	}
	for _, a := range beside {
		before := *a
		*a = scaled(1+nudge, before)
		for k, v := range s.run(s.ref, c, s.prior(c), trial{}) {
			for i := range v {
				sum[k][i] += math.Abs(v[i]-base[k][i]) / nudge
			}
		}
		*a = before
	}
	return sum
}

func scaled(a float64, v []float64) []float64 {
	if v == nil {
		return nil
	}
	out := make([]float64, len(v))
	for i, x := range v {
		out[i] = a * x
	}
	return out
}
