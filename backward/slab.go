package backward

import (
	"errors"

	"example.org/chainrule/device"
	"example.org/chainrule/tensor"
)

// Open gives the parameters memory on dev and their first values, drawn on the
// host from the seed and each name. Values, gradients and statistics are slabs:
// one buffer each, every tensor starting on a multiple of device.RowLen
// elements, the padding zero.
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
			return err
		}
	}
	for _, p := range r.params {
		if err := p.open(seed); err != nil {
			return err
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
	return tensor.Set(p.value, p.initial(seed))
}

// Close gives the memory back. A second Close does nothing.
func (ps *Params) Close() {
	r := ps.reg
	for _, p := range r.params {
		p.value.Free()
		p.grad.Free()
		p.low.Free()
		p.value, p.grad, p.low = nil, nil, nil
	}
	for _, slab := range []**tensor.Tensor{&r.values, &r.grads, &r.states, &r.backup, &r.table, &r.low} {
		(*slab).Free()
		*slab = nil
	}
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

// written is called after every write to the values: it refreshes the BFloat16
// copy and keeps the statistics as the state to return to.
func (r *registry) written() error {
	if err := r.refresh(); err != nil {
		return err
	}
	return tensor.CastInto(tensor.To(r.backup), r.states)
}

func (r *registry) refresh() error {
	r.lowLock.Lock()
	defer r.lowLock.Unlock()
	if r.low == nil {
		return nil
	}
	return tensor.CastInto(tensor.To(r.low), r.values)
}

// lowPrecision is p's BFloat16 copy, made for the whole model at first use.
func (p *Param) lowPrecision() (*tensor.Tensor, error) {
	r := p.reg
	r.lowLock.Lock()
	defer r.lowLock.Unlock()
	if p.low != nil || r.values == nil {
		return p.low, nil
	}
	var err error
	if r.low == nil {
		if r.low, err = tensor.Cast(r.values, device.BFloat16); err != nil {
			return nil, err
		}
	}
	p.low, err = r.low.View(p.offset, p.layout.Shape...)
	return p.low, err
}

// discard forgets an unfinished step.
func (r *registry) discard() {
	if r.values == nil {
		return
	}
	tensor.Fill(r.grads, 0)
	tensor.CastInto(tensor.To(r.states), r.backup)
}

// The groups that parameters are in unless SetGroups says otherwise. Optimizers
// usually decay weights alone.
const (
	WeightGroup = 0 // matrices and filters
	VectorGroup = 1 // biases, scales and shifts
)

// SetGroups puts every parameter into the group that f gives it, 0 to
// device.MaxGroups-1: optimizers have a learning rate and a weight decay for
// each.
func (ps *Params) SetGroups(f func(p *Param) int) error {
	for _, p := range ps.reg.params {
		p.group = f(p)
		if p.group < 0 || p.group >= device.MaxGroups {
			panic("backward: SetGroups: a group out of range")
		}
	}
	return ps.reg.writeTable()
}

// Device is where the parameters live; nil before Open.
func (ps *Params) Device() device.Device { return ps.reg.dev }

// Values is the slab of all trainable parameters, for optimizers.
func (ps *Params) Values() *tensor.Tensor { return ps.reg.values }

// Grads is the slab of their gradients.
func (ps *Params) Grads() *tensor.Tensor { return ps.reg.grads }

// Table is the device's table of rows: tensor and group.
func (ps *Params) Table() *tensor.Tensor { return ps.reg.table }

// NewSlab returns a slab of optimizer state, zero. The caller frees it.
func (ps *Params) NewSlab() (*tensor.Tensor, error) { return zeros(ps.reg.dev, ps.reg.values.Len()) }

// Updated ends an optimizer's step: it refreshes the BFloat16 copy, and keeps
// or returns the running statistics as control says; see device.Update.
func (ps *Params) Updated(control *tensor.Tensor) error {
	if err := ps.reg.refresh(); err != nil {
		return err
	}
	return tensor.Settle(ps.reg.states, ps.reg.backup, control)
}

// Written tells that somebody wrote to the values directly.
func (ps *Params) Written() error { return ps.reg.written() }
