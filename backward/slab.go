package backward

import (
	"errors"
	"fmt"

	"example.org/chainrule/device"
	"example.org/chainrule/tensor"
)

// Open gives the parameters memory on dev and their first values, drawn on the
// host from the seed and each name alone. Values, gradients and statistics are
// slabs: one buffer each, every tensor starting on a multiple of device.RowLen
// elements, the padding zero. The error is a *device.MemoryError or a
// *tensor.ShapeError (a model too large for one buffer), or says that Open was
// already called; after one of the first two nothing is held.
func (ps *Params) Open(dev device.Device, seed uint64) error {
	r := ps.reg
	if r.values != nil {
		return errors.New("backward: Params.Open was already called")
	}
	r.dev = dev
	err := r.open(seed)
	if err != nil {
		ps.Close()
	}
	return err
}

func (r *registry) open(seed uint64) error {
	var trained, states int
	for _, p := range r.params {
		end := &trained
		if p.state {
			end = &states
		}
		p.offset, *end = *end, *end+padded(p.Len())
	}
	for _, s := range []struct {
		slab **tensor.Tensor
		n    int
	}{{&r.values, trained}, {&r.grads, trained}, {&r.states, states}, {&r.backup, states}} {
		var err error
		if *s.slab, err = zeros(r.dev, s.n); err != nil {
			return fmt.Errorf("backward: a model of %d numbers: %w", s.n, err)
		}
	}
	for _, p := range r.params {
		if err := p.open(seed); err != nil {
			return fmt.Errorf("backward: parameter %s: %w", p.name, err)
		}
	}
	if err := r.writeTable(); err != nil {
		return err
	}
	return r.written()
}

// padded rounds up to whole rows.
func padded(n int) int { return (n + device.RowLen - 1) / device.RowLen * device.RowLen }

func zeros(dev device.Device, n int) (*tensor.Tensor, error) {
	t, err := tensor.New(dev, device.Float32, n)
	if err != nil {
		return nil, err
	}
	return t, tensor.Fill(t, 0)
}

func (p *Param) open(seed uint64) (err error) {
	slab := p.reg.values
	if p.state {
		slab = p.reg.states
	} else if p.grad, err = p.reg.grads.View(p.offset, p.layout.Shape...); err != nil {
		return err
	}
	if p.value, err = slab.View(p.offset, p.layout.Shape...); err != nil {
		return err
	}
	return p.write(func(w []float32) { p.init(w, p.layout.Stored, p.random(seed)) })
}

// Close gives the memory back, and the values with it; Open may be called again.
// A second Close does nothing.
func (ps *Params) Close() {
	r := ps.reg
	r.dropLow()
	for _, p := range r.params {
		p.value.Free()
		p.grad.Free()
		p.value, p.grad = nil, nil
	}
	for _, slab := range []**tensor.Tensor{&r.values, &r.grads, &r.states, &r.backup, &r.table} {
		(*slab).Free()
		*slab = nil
	}
	r.dev = nil
}

// writeTable tells update kernels the tensor and group of each row; frozen
// tensors have group -1.
func (r *registry) writeTable() error {
	if r.values == nil {
		return nil
	}
	rows := make([]int32, 2*r.values.Len()/device.RowLen)
	for i, p := range r.params {
		if p.state {
			continue
		}
		group := int32(p.group)
		if p.frozen {
			group = -1
		}
		for row := p.offset / device.RowLen; row < (p.offset+padded(p.Len()))/device.RowLen; row++ {
			rows[2*row], rows[2*row+1] = int32(i), group
		}
	}
	if r.table != nil {
		return tensor.Set(r.table, rows)
	}
	var err error
	r.table, err = tensor.From(r.dev, rows)
	return err
}

// written is called after every write to the values but an optimizer's: it keeps
// the statistics as the state to return to, and refreshes the copy.
func (r *registry) written() error {
	if err := tensor.CastInto(tensor.To(r.backup), r.states); err != nil || r.low == nil {
		return err
	}
	return tensor.CastInto(tensor.To(r.low), r.values)
}

// KeepBFloat16 keeps a BFloat16 copy of the trainable parameters from now until
// Close, 2 bytes each. Optimizers write it with the weights, so that a tape of that
// precision has no weight to round. No tape is under way when it is called, and
// steps recorded before must be recorded anew; a second call does nothing. The
// error is a *device.MemoryError, or says that Open comes first.
func (ps *Params) KeepBFloat16() error {
	r := ps.reg
	if r.values == nil {
		return errNotOpen
	}
	if r.low != nil {
		return nil
	}
	var err error
	if r.low, err = tensor.Cast(r.values, device.BFloat16); err != nil {
		return err
	}
	for _, p := range r.params {
		if p.state {
			continue
		}
		if p.low, err = r.low.View(p.offset, p.layout.Shape...); err != nil {
			r.dropLow()
			return err
		}
	}
	return nil
}

// dropLow gives the copy back.
func (r *registry) dropLow() {
	for _, p := range r.params {
		p.low.Free()
		p.low = nil
	}
	r.low.Free()
	r.low = nil
}

// OverwriteGrads(true) makes every Backward overwrite the gradients of these
// parameters, also with zero where it does not reach, and optimizers leave them as
// they are: that spares reading and zeroing them, and is right where each step takes
// one Backward. With false, as at first, Backward adds to them and a step zeroes them;
// an unfinished step is forgotten, see Discard. It returns what was set before. No Backward is under way when it
// is called, and steps recorded before must be recorded anew.
func (ps *Params) OverwriteGrads(on bool) (before bool) {
	before, ps.reg.overwrite = ps.reg.overwrite, on
	if !on {
		ps.Discard()
	}
	return before
}

// outdate marks the gradients that a Backward is to overwrite.
func (r *registry) outdate() {
	for _, p := range r.params {
		p.stale = r.overwrite && !p.state
	}
}

// zeroStale sets the gradients to zero that a Backward has not reached.
func (r *registry) zeroStale() error {
	for _, p := range r.params {
		if !p.stale {
			continue
		}
		p.stale = false
		if err := tensor.Fill(p.grad, 0); err != nil {
			return err
		}
	}
	return nil
}

// discard forgets an unfinished step: gradients become zero, and the running
// statistics those of the last applied step.
func (r *registry) discard() {
	if r.values == nil {
		return
	}
	if err := errors.Join(tensor.Fill(r.grads, 0), tensor.CastInto(tensor.To(r.states), r.backup)); err != nil {
		panic("backward: slabs that do not fit one another: " + err.Error())
	}
}

// The groups that parameters are in unless SetGroups says otherwise. Optimizers
// usually decay weights alone.
const (
	WeightGroup = 0 // matrices and filters
	VectorGroup = 1 // biases, scales and shifts
)

// SetGroups puts every parameter into the group that f gives it, 0 to
// device.MaxGroups-1. Optimizers have a learning rate and a weight decay for each
// group; those of package optim differ by decay alone, and spare VectorGroup. The
// error is that of a group out of range, where no group changes, or the device's.
func (ps *Params) SetGroups(f func(p *Param) int) error {
	groups := make([]int, len(ps.reg.params))
	for i, p := range ps.reg.params {
		if p.state {
			continue
		}
		if groups[i] = f(p); groups[i] < 0 || groups[i] >= device.MaxGroups {
			return fmt.Errorf("backward: SetGroups: group %d for %s: want 0 to %d", groups[i], p.name, device.MaxGroups-1)
		}
	}
	for i, p := range ps.reg.params {
		p.group = groups[i]
	}
	return ps.reg.writeTable()
}

// Device is where the parameters live; nil before Open and after Close.
func (ps *Params) Device() device.Device { return ps.reg.dev }

// Values is the slab of all trainable parameters, Float32 of rank 1, for
// optimizers; nil before Open. Whoever writes to it calls Written.
func (ps *Params) Values() *tensor.Tensor { return ps.reg.values }

// Low is the BFloat16 copy of Values, laid out as they are; nil unless
// [Params.KeepBFloat16] asked for it.
func (ps *Params) Low() *tensor.Tensor { return ps.reg.low }

// Grads is the slab of their gradients, laid out as Values; nil before Open.
func (ps *Params) Grads() *tensor.Tensor { return ps.reg.grads }

// Table tells update kernels the tensor and group of each row of Values; see
// [device.Update]. It is Int32, two words for each device.RowLen elements.
func (ps *Params) Table() *tensor.Tensor { return ps.reg.table }

// NewSlab returns a slab of optimizer state, laid out as Values, zero. The caller
// frees it. The error is a *device.MemoryError, or says that Open comes first.
func (ps *Params) NewSlab() (*tensor.Tensor, error) {
	if ps.reg.values == nil {
		return nil, errNotOpen
	}
	return zeros(ps.reg.dev, ps.reg.values.Len())
}

// Updated ends an optimizer's step: it zeroes the gradients, unless Backward
// overwrites them, and keeps or returns the running statistics as control says, Int32
// [device.ControlWords]; see [device.Update]. The error is a *tensor.ShapeError.
func (ps *Params) Updated(control *tensor.Tensor) error {
	if !ps.reg.overwrite {
		if err := tensor.Fill(ps.reg.grads, 0); err != nil {
			return err
		}
	}
	return tensor.Settle(ps.reg.states, ps.reg.backup, control)
}

// Written tells that somebody wrote to values or running statistics directly: a
// BFloat16 copy follows, and a discarded step returns to these statistics. The
// error says that Open comes first.
func (ps *Params) Written() error {
	if ps.reg.values == nil {
		return errNotOpen
	}
	return ps.reg.written()
}

// Discard forgets an unfinished step, as a Backward that fails does: gradients
// become zero, and running statistics those of the last applied step. Before Open
// it does nothing.
func (ps *Params) Discard() { ps.reg.discard() }
