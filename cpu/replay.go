package cpu

import "example.org/chainrule/device"

// A replay is a list of planned calls. Blocks taken while it is recorded are
// its own until Close, and are shared out again only within the recording.
type replay struct {
	dev    *Device
	calls  []recorded
	free   map[int64][]*block // own blocks that the recording freed, by size
	own    []*block
	pinned []*block
	closed bool
}

type recorded struct {
	call device.Call
	plan plan
}

// Record writes down the kernel calls of f; see device.Memory.
func (d *Device) Record(f func() error) (device.Replay, error) {
	r, err := d.startRecord()
	if err != nil {
		return nil, err
	}
	complete := false
	defer func() { // also where f panics
		r.end()
		if !complete {
			_ = d.Err() // what stays latched is no business of later calls
			r.Close()
		}
	}()
	if err = f(); err == nil {
		err = d.Err()
	}
	if err != nil {
		return nil, err
	}
	complete = true
	return r, nil
}

func (d *Device) startRecord() (*replay, error) {
	d.lock()
	defer d.mu.Unlock()
	if err := d.misused(); err != nil {
		return nil, err
	}
	d.replay = &replay{dev: d, free: map[int64][]*block{}}
	return d.replay, nil
}

func (r *replay) end() {
	r.dev.mu.Lock()
	defer r.dev.mu.Unlock()
	r.dev.replay = nil
}

// add plans a call and keeps it, with the blocks it touches.
func (r *replay) add(c device.Call, build func(p *plan)) {
	p := plan{dev: r.dev}
	p.reset(&c)
	build(&p)
	p.release()
	if p.failed {
		r.dev.stats.Skipped++
		return
	}
	for _, dst := range c.Dst {
		r.pin(dst.Buf)
	}
	for _, src := range c.Src {
		r.pin(src)
	}
	r.calls = append(r.calls, recorded{c, p})
}

func (r *replay) pin(b device.Buffer) {
	if b == nil {
		return
	}
	if blk := of(b).block; blk.owner != r {
		blk.pins++
		r.pinned = append(r.pinned, blk)
	}
}

// Run plays the calls in order.
func (r *replay) Run() error {
	if err := r.play(nil); err != nil {
		return err
	}
	for i := range r.calls {
		if err := r.play(&r.calls[i].plan); err != nil {
			return err
		}
		r.dev.traced(r.calls[i].call)
	}
	return r.dev.Err()
}

// play runs one call, or with nil sees that it may. Another goroutine may have
// closed the replay meanwhile.
func (r *replay) play(p *plan) error {
	r.dev.lock()
	defer r.dev.mu.Unlock()
	if r.closed {
		panic("cpu: Replay used after Close")
	}
	if err := r.dev.misused(); err != nil {
		return err
	}
	if p != nil {
		p.execute()
	}
	return nil
}

// Close gives the blocks back. A second Close does nothing.
func (r *replay) Close() {
	r.dev.mu.Lock()
	defer r.dev.mu.Unlock()
	if r.closed || r.dev.closed {
		return
	}
	r.closed = true
	for _, b := range r.own {
		b.owner = nil
		r.dev.give(b)
	}
	for _, b := range r.pinned {
		b.pins--
		r.dev.give(b)
	}
	r.own, r.pinned, r.free = nil, nil, nil // calls stay, for a Run under way to see the end
}
