package cuda

import (
	"fmt"

	"example.org/chainrule/device"
	"example.org/chainrule/device/cuda/driver"
)

// A replay is a CUDA graph. Blocks taken while it is recorded are its own until
// Close, and are shared out again only within the recording.
type replay struct {
	dev     *Device
	graph   driver.Graph
	calls   []device.Call
	free    map[int64][]*block // own blocks that the recording freed, by size
	own     []*block
	pinned  []*block
	reports bool // some kernel may report bad data
	closed  bool
}

// Record captures the kernel calls of f; see device.Memory.
func (d *Device) Record(f func() error) (device.Replay, error) {
	r, err := d.beginRecord()
	if err != nil {
		return nil, err
	}
	if err = r.capture(f); err == nil {
		err = d.Err()
	}
	if err != nil {
		r.Close()
		return nil, err
	}
	return r, nil
}

// beginRecord begins a capture, with nothing left to do on either stream.
func (d *Device) beginRecord() (*replay, error) {
	d.lock()
	defer d.mu.Unlock()
	if d.replay != nil {
		return nil, errRecording
	}
	d.finish()
	if d.failure == nil {
		d.try("Record", d.ctx.BeginCapture(d.compute))
	}
	if d.failure != nil {
		return nil, d.failure
	}
	r := &replay{dev: d, free: map[int64][]*block{}}
	d.replay = r
	d.replays[r] = true
	return r, nil
}

// capture runs f, and ends the capture even where f panics.
func (r *replay) capture(f func() error) error {
	d := r.dev
	defer func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.replay = nil
		if d.closed {
			return
		}
		var err error
		r.graph, err = d.ctx.EndCapture(d.compute)
		if noMemory(err) {
			err = d.memoryError(0)
		}
		d.try("Record", err)
	}()
	return f()
}

// add keeps a call that has been captured, with the blocks it touches.
func (r *replay) add(c *device.Call) {
	for _, dst := range c.Dst {
		r.pin(dst.Buf)
	}
	for _, src := range c.Src {
		r.pin(src)
	}
	r.calls = append(r.calls, *c)
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

// Run launches the graph.
func (r *replay) Run() error {
	r.launch()
	if r.dev.trace.Load() != nil {
		for _, c := range r.calls {
			r.dev.traced(c)
		}
	}
	return r.dev.Err()
}

func (r *replay) launch() {
	d := r.dev
	d.lock()
	defer d.mu.Unlock()
	if r.closed {
		panic("cuda: Replay used after Close")
	}
	if d.failure != nil {
		return
	}
	if d.replay != nil {
		d.misuse = errRecording
		return
	}
	d.calls++
	if d.uploadsAwaited < d.uploads {
		for _, blocks := range [][]*block{r.pinned, r.own} {
			for _, b := range blocks {
				d.useBlock(b)
			}
		}
	}
	d.launcher.op = "Replay"
	d.try("Replay", d.makeRoom(0, func() error { return d.ctx.LaunchGraph(r.graph, d.compute) }))
	if r.reports {
		d.markFetched()
	}
}

// Close gives the blocks back. A second Close does nothing.
func (r *replay) Close() {
	d := r.dev
	d.mu.Lock()
	defer d.mu.Unlock()
	if r.closed || d.closed {
		return
	}
	r.closed = true
	d.finish()
	delete(d.replays, r)
	d.try("Replay.Close", r.closeGraph())
	for _, b := range r.own {
		b.owner = nil
		d.give(b)
	}
	for _, b := range r.pinned {
		b.pins--
		d.give(b)
	}
	r.calls, r.own, r.pinned, r.free = nil, nil, nil, nil
}

func (r *replay) closeGraph() error {
	if r.graph == 0 {
		return nil
	}
	if err := r.dev.ctx.CloseGraph(r.graph); err != nil {
		return fmt.Errorf("graph of %d calls: %w", len(r.calls), err)
	}
	return nil
}
