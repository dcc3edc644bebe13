package devicetest

import (
	"fmt"
	"math"

	"example.org/chainrule/device"

	"github.com/stretchr/testify/require"
)

// Gate is the specification of device.Update.
func (r *reference) Gate(control, grad, loss device.Buffer, s device.Gate) {
	call := device.Call{Op: "Gate", Dst: [4]device.Dst{device.To(control)}, Src: [8]device.Buffer{grad, loss}}
	r.run(call, func() {
		c, norm, clip := words(values(control)), 0.0, 1.0
		if !s.NoNorm {
			norm = euclid(values(grad))
		}
		if s.MaxNorm > 0 && !s.NoNorm {
			clip = min(1, float64(s.MaxNorm)/(norm+1e-6))
		}
		c.set(device.ControlNorm, norm)
		c.set(device.ControlClip, clip)

		c[device.ControlSteps]++
		c[device.ControlOK] = 0
		if isFinite(norm) && isFinite(euclid(values(loss))) && r.fault == nil && c[device.ControlStop] == 0 {
			c[device.ControlOK] = 1
			c[device.ControlApplied]++
		} else if c[device.ControlStop] == 0 {
			c[device.ControlStop] = c[device.ControlSteps]
		}
	})
}

// Settle is the specification of device.Update.
func (r *reference) Settle(state, backup, control device.Buffer) {
	call := device.Call{Op: "Settle", Dst: [4]device.Dst{device.To(state), device.To(backup)}, Src: [8]device.Buffer{control}}
	r.run(call, func() {
		if values(control)[device.ControlOK] == 1 {
			copy(values(backup), values(state))
		} else {
			copy(values(state), values(backup))
		}
	})
}

// words are a control block.
type words []float64

// float is the Float32 whose bits a word holds.
func (w words) float(i int) float64 { return float64(math.Float32frombits(uint32(int32(w[i])))) }

func (w words) set(i int, x float64) { w[i] = float64(int32(math.Float32bits(float32(x)))) }

// euclid is √Σ v².
func euclid(v []float64) float64 {
	sum := 0.0
	for _, x := range v {
		sum += x * x
	}
	return math.Sqrt(sum)
}

// isFinite reports whether x is a finite Float32.
func isFinite(x float64) bool { return math.Abs(x) <= math.MaxFloat32 }

func checkGate(s *suite) {
	inf, nan := math.Inf(1), math.NaN()
	for _, n := range []int{0, 1, 7, 1000, 4097, 100_000} {
		for _, g := range []device.Gate{{}, {MaxNorm: 1}, {MaxNorm: 1e6}, {NoNorm: true}, {MaxNorm: 1, NoNorm: true}} {
			s.checkGate("a good step", g, s.normal(device.Float32, n), []float64{1.5}, 0, true)
		}
	}
	for _, c := range []struct {
		name       string
		grad, loss []float64
		gate       device.Gate
		stop       float64
		ok         bool
	}{
		{"no loss", []float64{3, 4}, nil, device.Gate{MaxNorm: 2}, 0, true},
		{"a NaN among the gradients", []float64{1, nan, 2}, nil, device.Gate{}, 0, false},
		{"an Inf among the gradients", []float64{1, -inf, 2}, []float64{1}, device.Gate{MaxNorm: 1}, 0, false},
		{"a NaN that nobody looks for", []float64{1, nan, 2}, []float64{1}, device.Gate{NoNorm: true}, 0, true},
		{"a NaN for a loss", []float64{1, 2}, []float64{nan}, device.Gate{}, 0, false},
		{"an Inf for a loss", []float64{1, 2}, []float64{inf}, device.Gate{NoNorm: true}, 0, false},
		{"stopped before", []float64{1, 2}, []float64{1}, device.Gate{}, 3, false},
		{"stopped before, and a NaN", []float64{nan}, []float64{1}, device.Gate{}, 3, false},
	} {
		s.checkGate(c.name, c.gate, s.values(device.Float32, c.grad...), c.loss, c.stop, c.ok)
	}
}

// checkGate holds the counts to every bit and the norm to the rounding of a sum
// of squares, in units of the last place, for which the bits of a Float32 serve
// as integers. Norm and clip of a refused step are nobody's business.
func (s *suite) checkGate(name string, g device.Gate, grad array, loss []float64, stop float64, ok bool) {
	before := s.control(6, 4)
	before[device.ControlStop] = stop
	control := result{dtype: device.Int32, n: device.ControlWords, always: true, prior: before, tol: make([]float64, device.ControlWords)}
	slack := float64(len(grad.v))/2 + 4
	if !ok {
		slack = inf32
	}
	control.tol[device.ControlNorm], control.tol[device.ControlClip] = slack, slack
	c := check{
		op: "Gate", name: fmt.Sprintf("%s, %+v n=%d", name, g, len(grad.v)),
		src: []array{grad, {}}, dst: []result{control},
		call: func(d device.Device, dst []device.Dst, src []device.Buffer) { d.Gate(dst[0].Buf, src[0], src[1], g) },
	}
	if loss != nil {
		c.src[1] = s.values(device.Float32, loss...)
	}
	after := s.run(s.ref, c, s.prior(c), trial{})[0]
	require.Equal(s, ok, after[device.ControlOK] == 1, name)
	s.check(c)
}

// inf32 is more than the distance of any two words.
const inf32 = 0x1p33

// control makes a control block after so many steps, with a rate and a decay for
// each group.
func (s *suite) control(steps, applied float64) words {
	w := make(words, device.ControlWords)
	w[device.ControlSteps], w[device.ControlApplied], w[device.ControlOK] = steps, applied, 1
	w.set(device.ControlClip, 1)
	for g := range device.MaxGroups {
		w.set(device.ControlRate+g, 0.1/float64(g+1))
		w.set(device.ControlDecay+g, 0.01*float64(g))
	}
	return w
}

func checkSettle(s *suite) {
	for _, n := range sizes {
		for _, ok := range []float64{1, 0} {
			control := s.control(6, 4)
			control[device.ControlOK] = ok
			state := result{dtype: device.Float32, n: n, always: true, prior: s.normal(device.Float32, n).v}
			backup := result{dtype: device.Float32, n: n, always: true, prior: s.normal(device.Float32, n).v}
			want := state.prior
			if ok == 0 {
				want = backup.prior
			}
			s.check(check{
				op: "Settle", name: fmt.Sprintf("applied %v n=%d", ok, n),
				src: []array{{device.Int32, control}}, dst: []result{state, backup}, want: [][]float64{want, want},
				call: func(d device.Device, dst []device.Dst, src []device.Buffer) {
					d.Settle(dst[0].Buf, dst[1].Buf, src[0])
				},
			})
		}
	}
}
