package cpu

import (
	"math"
	"unsafe"

	"example.org/chainrule/device"
)

// run is the one way in: every kernel call goes through it. build plans the
// call; the plan runs at once, or is written down while recording.
func (d *Device) run(c device.Call, build func(p *plan)) {
	c.CountBytes()
	if d.perform(c, build) {
		d.traced(c)
	}
}

// perform reports whether the call ran; it did not while recording.
func (d *Device) perform(c device.Call, build func(p *plan)) bool {
	d.lock()
	defer d.mu.Unlock()
	d.ownAll(&c)
	if d.replay != nil {
		d.replay.add(c, build)
		return false
	}
	d.plan.reset(&c)
	defer d.plan.release()
	build(&d.plan)
	if d.plan.failed {
		d.stats.Skipped++
	} else {
		d.plan.execute()
	}
	return true
}

// ownAll panics where a buffer is not d's or was freed.
func (d *Device) ownAll(c *device.Call) {
	for _, dst := range c.Dst {
		if dst.Buf != nil {
			d.own(dst.Buf)
		}
	}
	for _, src := range c.Src {
		if src != nil {
			d.own(src)
		}
	}
}

// A plan is what one call does: its phases run in order, and the tasks of a
// phase are spread over the workers. Closures are made while it is built and
// never inside a task, so that playing it again allocates nothing.
type plan struct {
	dev       *Device
	phases    []phase
	workspace []*block
	failed    bool
	spanLen   int // elements that elementwise work takes at a time: a tile at most
}

type phase struct {
	n    int
	task func(i, worker int)
}

// each adds a phase of n tasks. Which worker runs a task must not change a bit
// of the result.
func (p *plan) each(n int, task func(i, worker int)) {
	if n > 0 {
		p.phases = append(p.phases, phase{n, task})
	}
}

// floats is workspace of n elements with undefined contents. Where there is no
// memory it is nil, that is latched, and the call will be skipped.
func (p *plan) floats(n int) []float32 {
	if n == 0 {
		return []float32{}
	}
	b, err := p.dev.take(int64(n) * 4)
	if err != nil {
		p.failed = true
		p.dev.latch.Lock()
		p.dev.latch.noMemory = err
		p.dev.latch.Unlock()
		return nil
	}
	p.workspace = append(p.workspace, b)
	v := b.float32s()[:n]
	if p.dev.poison {
		fill(v, float32(math.NaN()))
	}
	return v
}

// ints is workspace like floats.
func (p *plan) ints(n int) []int32 {
	v := p.floats(n)
	return unsafe.Slice((*int32)(unsafe.Pointer(unsafe.SliceData(v))), len(v))
}

// workers is how many workers may run tasks.
func (p *plan) workers() int { return len(p.dev.tiles) }

// reset makes p an empty plan of c.
func (p *plan) reset(c *device.Call) {
	clear(p.phases)
	p.phases, p.workspace, p.failed = p.phases[:0], p.workspace[:0], false
	p.spanLen = spanLenOf(c)
}

func (p *plan) execute() {
	p.dev.latch.Lock()
	p.dev.latch.seq++
	p.dev.latch.Unlock()
	for _, ph := range p.phases {
		p.dev.pool.each(ph.n, ph.task)
	}
}

// release gives the workspace back.
func (p *plan) release() {
	for _, b := range p.workspace {
		p.dev.give(b)
	}
}
