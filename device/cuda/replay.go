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
		r.end()
		err = d.Err()
	}
	if err != nil {
		return nil, err
	}
	complete = true
	return r, nil
}

// startRecord begins a capture, with nothing left to do on either stream.
func (d *Device) startRecord() (*replay, error) {
	d.lock()
	defer d.mu.Unlock()
	if err := d.misused(); err != nil {
		return nil, err
	}
	d.finish()
	if d.failure == nil {
		d.try("Record", d.ctx.BeginCapture(d.compute))
	}
	if d.failure != nil {
		return nil, d.failure
	}
	d.replay = &replay{dev: d, free: map[int64][]*block{}}
	d.replays[d.replay] = true
	return d.replay, nil
}

// end ends the capture, once.
func (r *replay) end() {
	d := r.dev
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.replay != r {
		return
	}
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
	if err := r.launch(); err != nil {
		return err
	}
	if r.dev.trace.Load() != nil {
		for _, c := range r.calls {
			r.dev.traced(c)
		}
	}
	return r.dev.Err()
}

// launch puts the graph on the compute stream, after the uploads into its
// blocks.
func (r *replay) launch() error {
	d := r.dev
	d.lock()
	defer d.mu.Unlock()
	if r.closed {
		panic("cuda: Replay used after Close")
	}
	if err := d.misused(); err != nil || d.failure != nil {
		return err
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
	return nil
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
	r.own, r.pinned, r.free = nil, nil, nil // calls stay, for a Run under way
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
