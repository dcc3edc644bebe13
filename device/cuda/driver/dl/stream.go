//go:build cuda && (linux || windows) && (amd64 || arm64)

package dl

import (
	"errors"
	"unsafe"

	"example.org/chainrule/device/cuda/driver"
)

// Flags of cuda.h.
const (
	streamNonBlocking  = 1 // CU_STREAM_NON_BLOCKING
	eventDisableTiming = 2 // CU_EVENT_DISABLE_TIMING
	captureRelaxed     = 2 // CU_STREAM_CAPTURE_MODE_RELAXED
)

func (c *context) NewStream() (s driver.Stream, err error) {
	err = c.ask(cuStreamCreate, uintptr(unsafe.Pointer(&s)), streamNonBlocking)
	return s, err
}

func (c *context) CloseStream(s driver.Stream) error { return c.call(cuStreamDestroy, uintptr(s)) }

func (c *context) Sync(s driver.Stream) error { return c.call(cuStreamSynchronize, uintptr(s)) }

func (c *context) NewEvent(timing bool) (e driver.Event, err error) {
	flags := uintptr(eventDisableTiming)
	if timing {
		flags = 0
	}
	err = c.ask(cuEventCreate, uintptr(unsafe.Pointer(&e)), flags)
	return e, err
}

func (c *context) CloseEvent(e driver.Event) error { return c.call(cuEventDestroy, uintptr(e)) }

func (c *context) Record(e driver.Event, s driver.Stream) error {
	return c.call(cuEventRecord, uintptr(e), uintptr(s))
}

func (c *context) Wait(s driver.Stream, e driver.Event) error {
	return c.call(cuStreamWaitEvent, uintptr(s), uintptr(e), 0)
}

func (c *context) Done(e driver.Event) (bool, error) {
	err := c.call(cuEventQuery, uintptr(e))
	if d := (*driver.Error)(nil); errors.As(err, &d) && d.Code == driver.NotReady {
		return false, nil
	}
	return err == nil, err
}

func (c *context) SyncEvent(e driver.Event) error { return c.call(cuEventSynchronize, uintptr(e)) }

func (c *context) Elapsed(from, to driver.Event) (ms float32, err error) {
	err = c.ask(cuEventElapsedTime, uintptr(unsafe.Pointer(&ms)), uintptr(from), uintptr(to))
	return ms, err
}

func (c *context) BeginCapture(s driver.Stream) error {
	return c.call(cuStreamBeginCapture, uintptr(s), captureRelaxed)
}

func (c *context) EndCapture(s driver.Stream) (g driver.Graph, err error) {
	var captured uintptr
	if err := c.ask(cuStreamEndCapture, uintptr(s), uintptr(unsafe.Pointer(&captured))); err != nil {
		return 0, err
	}
	err = c.ask(cuGraphInstantiate, uintptr(unsafe.Pointer(&g)), captured, 0)
	if destroyed := c.call(cuGraphDestroy, captured); err == nil && destroyed != nil {
		return 0, errors.Join(destroyed, c.CloseGraph(g))
	}
	return g, err
}

func (c *context) LaunchGraph(g driver.Graph, s driver.Stream) error {
	return c.call(cuGraphLaunch, uintptr(g), uintptr(s))
}

func (c *context) CloseGraph(g driver.Graph) error { return c.call(cuGraphExecDestroy, uintptr(g)) }
