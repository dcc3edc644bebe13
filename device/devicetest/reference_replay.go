package devicetest

import "example.org/chainrule/device"

// A refReplay is a list of calls with their bodies, and the blocks they need.
type refReplay struct {
	dev    *reference
	calls  []device.Call
	bodies []func()
	blocks map[*refBlock]bool
	closed bool
}

// Record writes down the kernel calls of f.
func (r *reference) Record(f func() error) (device.Replay, error) {
	p, err := r.startRecord()
	if err != nil {
		return nil, err
	}
	complete := false
	defer func() { // also where f panics
		r.mu.Lock()
		r.replay = nil
		r.mu.Unlock()
		if !complete {
			_ = r.Err() // what stays latched is no business of later calls
			p.Close()
		}
	}()
	if err = f(); err == nil {
		err = r.Err()
	}
	if err != nil {
		return nil, err
	}
	complete = true
	return p, nil
}

func (r *reference) startRecord() (*refReplay, error) {
	r.enter()
	defer r.mu.Unlock()
	if err := r.misused(); err != nil {
		return nil, err
	}
	r.replay = &refReplay{dev: r, blocks: map[*refBlock]bool{}}
	return r.replay, nil
}

// add keeps a call and the blocks it touches.
func (p *refReplay) add(c device.Call, body func()) {
	p.calls, p.bodies = append(p.calls, c), append(p.bodies, body)
	for _, d := range c.Dst {
		if d.Wanted() {
			p.hold(d.Buf.(*refBuffer).block)
		}
	}
	for _, b := range c.Src {
		if b != nil {
			p.hold(b.(*refBuffer).block)
		}
	}
}

func (p *refReplay) hold(b *refBlock) {
	if !p.blocks[b] {
		p.blocks[b] = true
		b.uses++
	}
}

// Run plays the calls in order.
func (p *refReplay) Run() error {
	p.dev.enter()
	err := p.dev.misused()
	p.dev.mu.Unlock()
	if err != nil {
		return err
	}
	for i, body := range p.bodies {
		p.dev.enter()
		if p.closed {
			p.dev.mu.Unlock()
			panic("devicetest: Replay used after Close")
		}
		body()
		p.dev.mu.Unlock()
		p.dev.traced(p.calls[i])
	}
	return p.dev.Err()
}

// Close gives the blocks back; a second Close does nothing.
func (p *refReplay) Close() {
	p.dev.mu.Lock()
	defer p.dev.mu.Unlock()
	if !p.closed {
		p.closed = true
		for b := range p.blocks {
			p.dev.drop(b)
		}
	}
}
