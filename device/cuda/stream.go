package cuda

import (
	"example.org/chainrule/device"
	"example.org/chainrule/device/cuda/driver"
)

// streams are the two queues of a device. Kernels run on the compute stream, in
// order, so that memory may be used again as soon as it is freed. Uploads run
// beside them on the copy stream:
//
//   - before an upload, the copy stream waits for the calls that use the block;
//   - before a call, the compute stream waits for the uploads into its blocks.
type streams struct {
	compute, copies driver.Stream
	calls           int64 // put on the compute stream so far
	uploads         int64 // put on the copy stream so far
	uploadsAwaited  int64 // the compute stream has waited for that many of them
	callsAwaited    int64 // the copy stream has waited for that many calls
	marks           [4]mark
	newest          int // of them
	staging         staging
	events          []driver.Event // all there are
}

// A mark is a point in the compute stream: after so many calls. A few past ones
// are kept, because an upload should not wait for a step that does not use its
// block, and a point cannot be marked in hindsight.
type mark struct {
	event driver.Event
	calls int64
}

func (s *streams) openStreams(ctx driver.Context) (err error) {
	if s.compute, err = ctx.NewStream(); err != nil {
		return err
	}
	if s.copies, err = ctx.NewStream(); err != nil {
		return err
	}
	for i := range s.marks {
		if s.marks[i].event, err = s.newEvent(ctx); err != nil {
			return err
		}
	}
	for i := range s.staging.slots {
		if s.staging.slots[i].event, err = s.newEvent(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (s *streams) newEvent(ctx driver.Context) (driver.Event, error) {
	e, err := ctx.NewEvent(false)
	if err == nil {
		s.events = append(s.events, e)
	}
	return e, err
}

// settle waits until all work is done.
func (s *streams) settle(ctx driver.Context, attempt func(error)) {
	for _, stream := range []driver.Stream{s.copies, s.compute} {
		if stream != 0 {
			attempt(ctx.Sync(stream))
		}
	}
	s.uploadsAwaited, s.callsAwaited = s.uploads, s.calls
}

func (s *streams) closeStreams(ctx driver.Context, attempt func(error)) {
	for _, slot := range s.staging.slots {
		if slot.mem != nil {
			attempt(ctx.FreeHost(slot.mem))
		}
	}
	for _, e := range s.events {
		attempt(ctx.CloseEvent(e))
	}
	for _, stream := range []driver.Stream{s.copies, s.compute} {
		if stream != 0 {
			attempt(ctx.CloseStream(stream))
		}
	}
}

// use readies b for the call that is about to be put on the compute stream.
func (d *Device) use(b device.Buffer) {
	if b != nil {
		d.useBlock(d.own(b).block)
	}
}

func (d *Device) useBlock(b *block) {
	b.used = d.calls
	if b.uploaded > d.uploadsAwaited && d.failure == nil {
		d.try("Upload", d.ctx.Wait(d.compute, b.arrived))
		d.uploadsAwaited = b.uploaded
	}
}

// awaitCalls makes the copy stream wait for the calls that use b.
func (d *Device) awaitCalls(b *block) error {
	used := b.used
	if b.owner != nil || b.pins > 0 {
		used = d.calls // replays do not say what they use
	}
	if used <= d.callsAwaited {
		return nil
	}
	m := d.markAfter(used)
	d.callsAwaited = m.calls
	return d.ctx.Wait(d.copies, m.event)
}

// setMark marks where the compute stream is now.
func (d *Device) setMark() error {
	if d.marks[d.newest].calls == d.calls {
		return nil
	}
	d.newest = (d.newest + 1) % len(d.marks)
	d.marks[d.newest].calls = d.calls
	return d.ctx.Record(d.marks[d.newest].event, d.compute)
}

// markAfter is the earliest mark with that many calls before it; the newest one
// has them.
func (s *streams) markAfter(calls int64) mark {
	i := s.newest
	for range s.marks {
		i = (i + 1) % len(s.marks) // from the oldest
		if s.marks[i].calls >= calls {
			break
		}
	}
	return s.marks[i]
}
