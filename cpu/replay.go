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
	d.lock()
	if d.replay != nil {
		defer d.mu.Unlock()
		return nil, d.misused()
	}
	r := &replay{dev: d, free: map[int64][]*block{}}
	d.replay = r
	d.mu.Unlock()
	if err := r.record(f); err != nil {
		return nil, err
	}
	return r, nil
}

// record runs f, ends the recording, and gives all back where f fails or panics.
func (r *replay) record(f func() error) (err error) {
	done := false
	defer func() {
		r.dev.mu.Lock()
		r.dev.replay = nil
		r.dev.mu.Unlock()
		latched := r.dev.Err() // none is left for a later call to report
		if err == nil {
			err = latched
		}
		if !done || err != nil {
			r.Close()
		}
	}()
	err = f()
	done = true
	return err
}

// add plans a call and keeps it, with the blocks it touches.
func (r *replay) add(c device.Call, build func(p *plan)) {
	p := plan{dev: r.dev}
	build(&p)
	p.release()
	if p.failed {
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
	if err := r.ready(); err != nil {
		return err
	}
	for i := range r.calls {
		r.play(&r.calls[i].plan)
		r.dev.traced(r.calls[i].call)
	}
	return r.dev.Err()
}

// ready reports that a recording is under way, which would not hold the calls.
func (r *replay) ready() error {
	r.dev.lock()
	defer r.dev.mu.Unlock()
	if r.closed {
		panic("cpu: Replay used after Close")
	}
	if r.dev.replay != nil {
		return r.dev.misused()
	}
	return nil
}

func (r *replay) play(p *plan) {
	r.dev.lock()
	defer r.dev.mu.Unlock()
	p.execute()
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
	r.calls, r.own, r.pinned, r.free = nil, nil, nil, nil
}
