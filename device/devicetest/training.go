package devicetest

import (
	"example.org/chainrule/device"

	"github.com/stretchr/testify/require"
)

// A training is plain descent of one row of weights from 1, at a rate of 1/2.
type training struct {
	s                       *suite
	d                       device.Device
	w, grad, control, table *guarded
}

func (s *suite) training(d device.Device) training {
	t := training{s: s, d: d}
	ones := make([]float64, device.RowLen)
	for i := range ones {
		ones[i] = 1
	}
	t.w = s.place(d, device.Float32, ones, 0)
	t.grad = s.place(d, device.Float32, ones, 0)
	t.control = s.place(d, device.Int32, make([]float64, device.ControlWords), 0)
	t.table = s.place(d, device.Int32, []float64{0, 0}, 0)
	t.setRate(0.5)
	return t
}

func (t training) free() {
	for _, g := range []*guarded{t.w, t.grad, t.control, t.table} {
		t.d.Free(g.whole)
	}
}

// setRate uploads the second row of the control block, as an optimizer does.
func (t training) setRate(rate float64) {
	rates := make(words, device.RowLen)
	rates.set(0, rate)
	upload(t.d, t.control.view.Slice(device.ControlRate, device.ControlWords), rates)
}

// setGrad uploads a gradient of the same everywhere.
func (t training) setGrad(g float64) {
	v := make([]float64, device.RowLen)
	for i := range v {
		v[i] = g
	}
	upload(t.d, t.grad.view, v)
}

func (t training) step() error {
	t.d.Gate(t.control.view, t.grad.view, nil, device.Gate{})
	t.d.SGD(t.w.view, nil, nil, t.grad.view, t.control.view, t.table.view, device.SGD{})
	return nil
}

// expect looks at the weights and the counts.
func (t training) expect(when string, w, steps, applied, stop float64) {
	t.s.Helper()
	read := func(g *guarded) []float64 { return download(t.s, t.d, g.view) }
	for i, x := range read(t.w) {
		require.Equalf(t.s, w, x, "%s: %s: weight %d", t.d.Name(), when, i)
	}
	c := read(t.control)
	require.Equalf(t.s, []float64{steps, applied, stop}, c[:device.ControlStop+1], "%s: %s: steps, applied, stop", t.d.Name(), when)
}

// checkTraining takes whole steps, where each must see what the last one left.
func checkTraining(s *suite) {
	for _, d := range []device.Device{s.ref, s.dev} {
		s.trainRecorded(d)
		s.trainWithFault(d)
	}
}

// trainRecorded replays a step under a new rate.
func (s *suite) trainRecorded(d device.Device) {
	t := s.training(d)
	defer t.free()
	step, err := d.Record(t.step)
	require.NoError(s, err)
	defer step.Close()
	t.setGrad(1)
	require.NoError(s, step.Run())
	t.expect("first replay", 0.5, 1, 1, 0)
	t.setGrad(1)
	t.setRate(0.25)
	require.NoError(s, step.Run())
	t.expect("second replay, with half the rate", 0.25, 2, 2, 0)
}

// trainWithFault takes a step while a label out of range stands reported: it is
// refused, and so is every later one until the host sets ControlStop to 0.
func (s *suite) trainWithFault(d device.Device) {
	t := s.training(d)
	defer t.free()
	require.NoError(s, t.step())
	t.expect("before the fault", 0.5, 1, 1, 0)

	s.raiseFault(d)
	t.setGrad(1)
	require.NoError(s, t.step())
	var fault *device.Fault
	require.ErrorAs(s, d.Sync(), &fault, "%s: a label out of range", d.Name())
	d.ClearFault()
	t.expect("while a fault stands", 0.5, 2, 1, 2)

	t.setGrad(1)
	require.NoError(s, t.step())
	t.expect("after the fault", 0.5, 3, 1, 2)
}

// raiseFault gives the loss a label that is no class.
func (s *suite) raiseFault(d device.Device) {
	logits := s.place(d, device.Float32, []float64{1, 2, 3}, 0)
	labels := s.place(d, device.Int32, []float64{3}, 0)
	loss := s.place(d, device.Float32, []float64{0}, 0)
	d.CrossEntropy(device.To(loss.view), device.Dst{}, device.Dst{}, logits.view, labels.view, nil, device.CrossEntropy{Rows: 1, Classes: 3, Ignore: -100})
	for _, g := range []*guarded{logits, labels, loss} {
		d.Free(g.whole)
	}
}
