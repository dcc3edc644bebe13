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
		d.mu.Unlock()
		return nil, errRecording
	}
	r := &replay{dev: d, free: map[int64][]*block{}}
	d.replay = r
	d.mu.Unlock()

	err := r.record(f)
	if err == nil {
		err = d.Err()
	}
	if err != nil {
		r.Close()
		return nil, err
	}
	return r, nil
}

// record runs f, and ends the recording even where f panics.
func (r *replay) record(f func() error) error {
	defer func() {
		r.dev.mu.Lock()
		defer r.dev.mu.Unlock()
		r.dev.replay = nil
	}()
	return f()
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
	if r.closed {
		panic("cpu: Replay used after Close")
	}
	for i := range r.calls {
		r.play(&r.calls[i].plan)
		r.dev.traced(r.calls[i].call)
	}
	return r.dev.Err()
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
