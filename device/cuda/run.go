package cuda

import (
	"fmt"

	"example.org/chainrule/device"
	"example.org/chainrule/device/cuda/driver"
)

// run is the one way in: every kernel call goes through it. body takes its
// workspace, then launches its kernels: they are put on the compute stream, or
// written down while recording.
func (d *Device) run(c device.Call, body func(l *launcher)) {
	c.CountBytes()
	if d.perform(&c, body) {
		d.traced(c)
	}
}

// perform reports whether the call was put on the stream; it was not while
// recording.
func (d *Device) perform(c *device.Call, body func(l *launcher)) bool {
	d.lock()
	defer d.mu.Unlock()
	l := &d.launcher
	l.begin(c)
	defer l.end()
	body(l)
	if d.replay != nil && !l.skip {
		d.replay.add(c)
	}
	return d.replay == nil
}

// A launcher is what a call's body works with.
type launcher struct {
	dev       *Device
	op        string // of the call
	params    args
	workspace []*block
	reports   bool // its kernels may report bad data
	skip      bool // the call is not to run: no workspace, or the device has failed
}

// begin readies the launcher, and the compute stream, for a call.
func (l *launcher) begin(c *device.Call) {
	l.op, l.reports = c.Op, false
	l.dev.calls++
	for _, dst := range c.Dst {
		l.dev.use(dst.Buf)
	}
	for _, src := range c.Src {
		l.dev.use(src)
	}
	l.skip = l.dev.failure != nil
}

// end gives the workspace back, and brings what was reported to the host.
func (l *launcher) end() {
	for _, b := range l.workspace {
		l.dev.give(b)
	}
	clear(l.workspace)
	l.workspace = l.workspace[:0]
	switch {
	case l.skip && l.dev.failure == nil:
		l.dev.stats.Skipped++
	case l.reports && !l.skip:
		l.dev.fetchFaults()
	}
}

// properties describe the device, whose model geometry may depend on.
func (l *launcher) properties() *driver.Properties { return &l.dev.properties }

// args is an empty parameter block for the next launch.
func (l *launcher) args() *args {
	l.params.len = 0
	return &l.params
}

// floats is workspace of n float32s with undefined contents, until the call's
// end. Where there is no memory it is 0, that is latched, and the launches that
// follow do nothing: so workspace is taken before the first one.
func (l *launcher) floats(n int) driver.Ptr { return l.bytes(4 * int64(n)) }

// bytes is workspace of n bytes, 256-byte aligned, as floats has it.
func (l *launcher) bytes(n int64) driver.Ptr {
	if n == 0 || l.skip {
		return 0
	}
	b, err := l.dev.takeWorkspace(n)
	if err != nil {
		l.skip = true
		return 0
	}
	l.workspace = append(l.workspace, b)
	return b.ptr
}

// faults is the address of the fault words, for a kernel that reports bad data.
// It is asked for once, before the launch.
func (l *launcher) faults() driver.Ptr {
	if !l.skip {
		l.reports = true
		l.dev.markFaults()
	}
	return l.dev.faults
}

// standing is the address of the fault words, for a kernel that only asks
// whether one stands.
func (l *launcher) standing() driver.Ptr { return l.dev.faults }

// launch runs the kernel <stem>_<what>_<column> of kernels/<stem>.cu.
func (l *launcher) launch(stem, what, column string, g geometry, a *args) {
	if l.skip || g.empty() {
		return
	}
	name := kernelName{stem, what, column}
	f, err := l.dev.kernel(name, g.shared)
	if err == nil {
		err = l.dev.ctx.Launch(f, driver.Config{Grid: g.grid, Block: g.block, Shared: g.shared, Stream: l.dev.compute}, a.bytes())
	}
	if err != nil {
		l.skip = true
		l.dev.try(fmt.Sprintf("%s: kernel %v", l.op, name), err)
	}
	l.dev.last = name
}
