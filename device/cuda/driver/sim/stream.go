package sim

import (
	"example.org/chainrule/device/cuda/driver"
)

// Work is one thing that a stream does.
type work func() error

// A stream is where calls are put. As all work runs at once, it holds only what
// a capture writes down.
type stream struct {
	capturing bool
	captured  []work
}

// An event is a point in a stream.
type event struct {
	timing   bool
	recorded bool
	at       float32
}

// submit runs work of a stream, or writes it down.
func (c *context) submit(call string, s driver.Stream, w work) error {
	st := c.streams[s]
	if st == nil {
		return fail(call, driver.InvalidHandle, "no stream %d", s)
	}
	if st.capturing {
		st.captured = append(st.captured, w)
		return nil
	}
	return c.perform(w)
}

// perform runs work; a kernel's fault stays.
func (c *context) perform(w work) error {
	c.clock += 0.001
	err := w()
	if _, ok := err.(*Fault); ok {
		c.err = err
	}
	return err
}

// device finds n bytes of device memory.
func (c *context) device(call string, p driver.Ptr, n int) (*allocation, int, error) {
	a, o := c.memory.span(p, n)
	if a == nil {
		return nil, 0, fail(call, driver.InvalidValue, "%d bytes at %#x are not all of one allocation", n, p)
	}
	return a, o, nil
}

func (c *context) Upload(dst driver.Ptr, src []byte, s driver.Stream) error {
	const call = "cuMemcpyHtoDAsync"
	if err := c.transfer(call, src); err != nil {
		return err
	}
	return c.submit(call, s, func() error {
		a, o, err := c.device(call, dst, len(src))
		if err == nil {
			copy(a.data[o:], src)
			mark(a.written, o, len(src))
		}
		return err
	})
}

func (c *context) Download(dst []byte, src driver.Ptr, s driver.Stream) error {
	const call = "cuMemcpyDtoHAsync"
	if err := c.transfer(call, dst); err != nil {
		return err
	}
	return c.submit(call, s, func() error {
		a, o, err := c.device(call, src, len(dst))
		if err == nil {
			copy(dst, a.data[o:])
		}
		return err
	})
}

// transfer begins a copy to or from the host.
func (c *context) transfer(call string, host []byte) error {
	if err := c.enter(call); err != nil {
		return err
	}
	if len(host) > 0 && !c.isPinned(host) {
		return fail(call, driver.InvalidValue, "the %d bytes of host memory are not page-locked", len(host))
	}
	return nil
}

func (c *context) Copy(dst, src driver.Ptr, n int, s driver.Stream) error {
	const call = "cuMemcpyDtoDAsync"
	if err := c.enter(call); err != nil {
		return err
	}
	return c.submit(call, s, func() error {
		from, i, err := c.device(call, src, n)
		if err != nil {
			return err
		}
		to, j, err := c.device(call, dst, n)
		if err != nil {
			return err
		}
		copy(to.data[j:j+n], from.data[i:i+n])
		copyMarks(to.written, j, from.written, i, n)
		return nil
	})
}

func (c *context) Fill(dst driver.Ptr, word uint32, n int, s driver.Stream) error {
	const call = "cuMemsetD32Async"
	if err := c.enter(call); err != nil {
		return err
	}
	return c.submit(call, s, func() error {
		a, o, err := c.device(call, dst, 4*n)
		if err != nil {
			return err
		}
		if o&3 != 0 {
			return fail(call, driver.InvalidValue, "%#x is no multiple of 4", dst)
		}
		for i := range n {
			little.PutUint32(a.data[o+4*i:], word)
		}
		mark(a.written, o, 4*n)
		return nil
	})
}

func (c *context) NewStream() (driver.Stream, error) {
	if err := c.enter("cuStreamCreate"); err != nil {
		return 0, err
	}
	s := driver.Stream(c.handle())
	c.streams[s] = &stream{}
	return s, nil
}

func (c *context) CloseStream(s driver.Stream) error {
	const call = "cuStreamDestroy"
	if err := c.release(call); err != nil {
		return err
	}
	if s == 0 || c.streams[s] == nil {
		return fail(call, driver.InvalidHandle, "no stream %d", s)
	}
	delete(c.streams, s)
	return nil
}

func (c *context) Sync(s driver.Stream) error {
	const call = "cuStreamSynchronize"
	if err := c.enter(call); err != nil {
		return err
	}
	switch st := c.streams[s]; {
	case st == nil:
		return fail(call, driver.InvalidHandle, "no stream %d", s)
	case st.capturing:
		return fail(call, driver.CaptureUnsupported, "the stream is being captured")
	}
	return nil
}

func (c *context) NewEvent(timing bool) (driver.Event, error) {
	if err := c.enter("cuEventCreate"); err != nil {
		return 0, err
	}
	e := driver.Event(c.handle())
	c.events[e] = &event{timing: timing}
	return e, nil
}

// event finds one.
func (c *context) event(call string, e driver.Event) (*event, error) {
	if ev := c.events[e]; ev != nil {
		return ev, nil
	}
	return nil, fail(call, driver.InvalidHandle, "no event %d", e)
}

func (c *context) CloseEvent(e driver.Event) error {
	const call = "cuEventDestroy"
	if err := c.release(call); err != nil {
		return err
	}
	_, err := c.event(call, e)
	delete(c.events, e)
	return err
}

func (c *context) Record(e driver.Event, s driver.Stream) error {
	const call = "cuEventRecord"
	if err := c.enter(call); err != nil {
		return err
	}
	ev, err := c.event(call, e)
	if err != nil {
		return err
	}
	return c.submit(call, s, func() error {
		ev.recorded, ev.at = true, c.clock
		return nil
	})
}

func (c *context) Wait(s driver.Stream, e driver.Event) error {
	const call = "cuStreamWaitEvent"
	if err := c.enter(call); err != nil {
		return err
	}
	if _, err := c.event(call, e); err != nil {
		return err
	}
	return c.submit(call, s, func() error { return nil })
}

// Done is true: all work has run. An event never recorded is done, as in CUDA.
func (c *context) Done(e driver.Event) (bool, error) {
	const call = "cuEventQuery"
	if err := c.enter(call); err != nil {
		return false, err
	}
	_, err := c.event(call, e)
	return err == nil, err
}

func (c *context) SyncEvent(e driver.Event) error {
	const call = "cuEventSynchronize"
	if err := c.enter(call); err != nil {
		return err
	}
	_, err := c.event(call, e)
	return err
}

// Elapsed counts a microsecond for each thing done in between: the simulator
// knows no time.
func (c *context) Elapsed(from, to driver.Event) (float32, error) {
	const call = "cuEventElapsedTime"
	if err := c.enter(call); err != nil {
		return 0, err
	}
	a, err := c.event(call, from)
	if err != nil {
		return 0, err
	}
	b, err := c.event(call, to)
	if err != nil {
		return 0, err
	}
	if !a.timing || !b.timing || !a.recorded || !b.recorded {
		return 0, fail(call, driver.InvalidHandle, "an event without timing, or never recorded")
	}
	return b.at - a.at, nil
}

func (c *context) BeginCapture(s driver.Stream) error {
	const call = "cuStreamBeginCapture"
	if err := c.enter(call); err != nil {
		return err
	}
	st := c.streams[s]
	switch {
	case st == nil:
		return fail(call, driver.InvalidHandle, "no stream %d", s)
	case s == 0:
		return fail(call, driver.CaptureUnsupported, "the default stream cannot be captured")
	case st.capturing:
		return fail(call, driver.InvalidValue, "the stream is being captured already")
	}
	st.capturing, st.captured = true, nil
	return nil
}

func (c *context) EndCapture(s driver.Stream) (driver.Graph, error) {
	const call = "cuStreamEndCapture"
	st := c.streams[s]
	if st == nil || !st.capturing {
		return 0, fail(call, driver.InvalidValue, "stream %d is not being captured", s)
	}
	st.capturing = false
	if err := c.enter(call); err != nil {
		return 0, err
	}
	g := driver.Graph(c.handle())
	c.graphs[g] = st.captured
	return g, nil
}

func (c *context) LaunchGraph(g driver.Graph, s driver.Stream) error {
	const call = "cuGraphLaunch"
	if err := c.enter(call); err != nil {
		return err
	}
	list, ok := c.graphs[g]
	if !ok {
		return fail(call, driver.InvalidHandle, "no graph %d", g)
	}
	return c.submit(call, s, func() error {
		for _, w := range list {
			if err := c.perform(w); err != nil {
				return err
			}
		}
		return nil
	})
}

func (c *context) CloseGraph(g driver.Graph) error {
	const call = "cuGraphExecDestroy"
	if err := c.release(call); err != nil {
		return err
	}
	if _, ok := c.graphs[g]; !ok {
		return fail(call, driver.InvalidHandle, "no graph %d", g)
	}
	delete(c.graphs, g)
	return nil
}
