//go:build cuda && cgo && linux && (amd64 || arm64)

package cu

import (
	"gorgonia.org/cu"

	"example.org/chainrule/device/cuda/driver"
)

func (c *context) NewStream() (s driver.Stream, err error) {
	err = c.do("cuStreamCreate", func() error {
		made, err := cu.MakeStream(cu.NonBlocking)
		s = as[driver.Stream](made)
		return err
	})
	return s, err
}

func (c *context) CloseStream(s driver.Stream) error {
	return c.do("cuStreamDestroy", func() error {
		stream := as[cu.Stream](s)
		return stream.Destroy()
	})
}

func (c *context) Sync(s driver.Stream) error {
	return c.do("cuStreamSynchronize", func() error { return as[cu.Stream](s).Synchronize() })
}

func (c *context) NewEvent(timing bool) (e driver.Event, err error) {
	flags := cu.DisableTiming
	if timing {
		flags = cu.DefaultEvent
	}
	err = c.do("cuEventCreate", func() error {
		made, err := cu.MakeEvent(flags)
		e = as[driver.Event](made)
		return err
	})
	return e, err
}

func (c *context) CloseEvent(e driver.Event) error {
	return c.do("cuEventDestroy", func() error {
		event := as[cu.Event](e)
		return cu.DestroyEvent(&event)
	})
}

func (c *context) Record(e driver.Event, s driver.Stream) error {
	return c.do("cuEventRecord", func() error { return as[cu.Event](e).Record(as[cu.Stream](s)) })
}

func (c *context) Wait(s driver.Stream, e driver.Event) error {
	return c.do("cuStreamWaitEvent", func() error { return as[cu.Stream](s).Wait(as[cu.Event](e), 0) })
}

func (c *context) Done(e driver.Event) (done bool, err error) {
	err = c.do("cuEventQuery", func() error {
		err := as[cu.Event](e).Query()
		if err != nil && codeOf(err) == driver.NotReady {
			return nil
		}
		done = err == nil
		return err
	})
	return done, err
}

func (c *context) SyncEvent(e driver.Event) error {
	return c.do("cuEventSynchronize", func() error { return as[cu.Event](e).Synchronize() })
}

func (c *context) Elapsed(from, to driver.Event) (ms float32, err error) {
	err = c.do("cuEventElapsedTime", func() error {
		elapsed, err := as[cu.Event](from).Elapsed(as[cu.Event](to))
		ms = float32(elapsed)
		return err
	})
	return ms, err
}
