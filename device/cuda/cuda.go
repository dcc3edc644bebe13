// Package cuda computes on NVIDIA GPUs: every kernel of package device, launched
// through the narrow interface of package driver, so that the same code runs on a
// GPU and on the simulator. It is pure Go; the kernels are the PTX of package
// kernels.
//
// Read run.go for the one way in, memory.go for the allocator, stream.go for
// what waits for what, and then any kernel by its stem: unary.go, matmul.go, ...
// The kernel of the same name stands in kernels/<stem>.cu.
package cuda

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"example.org/chainrule/device"
	"example.org/chainrule/device/cuda/driver"
)

// Options configure a Device. The zero value takes what the GPU has.
type Options struct {
	MemoryLimit int64 // bytes that may be live; what is cached gives way; 0 for no limit
	// Exact makes every block a driver allocation of just the length asked for, so
	// that the simulator sees what runs over a tensor's end.
	Exact bool
}

// What the kernels need: PTX ISA 8.4 for compute_80.
const (
	needVersion       = 12040
	needCapability    = 80
	needDriverRelease = 550
)

// A Device computes on a GPU. Open makes one.
type Device struct {
	mu         sync.Mutex // held by every call
	name       string
	ctx        driver.Context
	properties driver.Properties
	streams
	memory
	modules
	latch
	launcher launcher
	replay   *replay // the one being recorded
	replays  map[*replay]bool

	trace   atomic.Pointer[func(device.Call)]
	tracing atomic.Bool
	closed  bool
}

var _ device.Device = (*Device)(nil)

// Open makes a device of the GPU with that number. The error says what is
// missing: a device of that number, a newer driver, a newer GPU; or which call
// of the driver failed.
func Open(drv driver.Driver, index int, o Options) (*Device, error) {
	if o.MemoryLimit < 0 {
		return nil, fmt.Errorf("cuda: a memory limit of %d bytes: want 1 or more, or 0 for no limit", o.MemoryLimit)
	}
	properties, err := supported(drv, index)
	if err != nil {
		return nil, err
	}
	name := fmt.Sprintf("cuda:%d", index)
	ctx, err := drv.Open(index)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	d := &Device{
		name: name, ctx: ctx, properties: properties,
		memory: newMemory(o), modules: newModules(), replays: map[*replay]bool{},
	}
	d.launcher.dev = d
	if err := d.start(); err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", name, err), d.Close())
	}
	return d, nil
}

// supported describes device number index, where the kernels can run on it.
func supported(drv driver.Driver, index int) (driver.Properties, error) {
	version, err := drv.Version()
	if err != nil {
		return driver.Properties{}, fmt.Errorf("cuda: %w", err)
	}
	if version < needVersion {
		return driver.Properties{}, fmt.Errorf("cuda: the NVIDIA driver supports CUDA %s and the kernels need %s: install driver %d or later",
			versionName(version), versionName(needVersion), needDriverRelease)
	}
	count, err := drv.Count()
	if err != nil {
		return driver.Properties{}, fmt.Errorf("cuda: %w", err)
	}
	if index < 0 || index >= count {
		return driver.Properties{}, fmt.Errorf("cuda: no device cuda:%d: devices found: %d, numbered from 0", index, count)
	}
	p, err := drv.Properties(index)
	if err != nil {
		return p, fmt.Errorf("cuda:%d: %w", index, err)
	}
	if 10*p.Major+p.Minor < needCapability {
		return p, fmt.Errorf("cuda:%d: %s has compute capability %d.%d: 8.0 or later is needed (Ampere, from 2020)", index, p.Name, p.Major, p.Minor)
	}
	return p, nil
}

func versionName(v int) string { return fmt.Sprintf("%d.%d", v/1000, v%1000/10) }

// start makes what every device has: streams, events, fault words.
func (d *Device) start() error {
	if err := d.openStreams(d.ctx); err != nil {
		return err
	}
	return d.openFaults()
}

// Name is how a user asks for the device, such as "cuda:0".
func (d *Device) Name() string { return d.name }

// Properties describe the GPU.
func (d *Device) Properties() driver.Properties { return d.properties }

// Close waits for the GPU and gives everything back. Every release is
// attempted; the error is the first that failed. A second Close does nothing.
func (d *Device) Close() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return nil
	}
	d.closed = true
	var first error
	attempt := func(err error) {
		if first == nil && err != nil {
			first = fmt.Errorf("%s: Close: %w", d.name, err)
		}
	}
	if d.failure == nil {
		d.settle(d.ctx, attempt)
	}
	for r := range d.replays {
		attempt(r.closeGraph())
	}
	for _, m := range d.loaded {
		attempt(d.ctx.Unload(m))
	}
	for b := range d.blocks {
		attempt(d.ctx.Free(b.ptr))
	}
	d.closeFaults(attempt)
	d.closeStreams(d.ctx, attempt)
	attempt(d.ctx.Close())
	return first
}

// lock enters the device.
func (d *Device) lock() {
	d.mu.Lock()
	if d.closed {
		d.mu.Unlock()
		panic("cuda: device used after Close")
	}
}

var errRecording = errors.New("cuda: Upload, Download, Sync, Record and Replay.Run cannot be recorded: call them outside Record")

// misused latches an error while recording, for Record to return whatever becomes
// of it here.
func (d *Device) misused() error {
	if d.replay == nil {
		return nil
	}
	d.misuse = errRecording
	return errRecording
}

// Sync waits for the device and returns Err.
func (d *Device) Sync() error {
	d.lock()
	defer d.mu.Unlock()
	if err := d.misused(); err != nil {
		return err
	}
	d.finish()
	return d.err()
}

// finish waits until all work is done. A recording has begun with that.
func (d *Device) finish() {
	if d.failure != nil || d.replay != nil {
		return
	}
	d.settle(d.ctx, func(err error) {
		if err != nil {
			d.fail(fmt.Errorf("%s: kernel %v, or work before it: %w", d.launcher.op, d.last, err))
		}
	})
}

// Trace calls f after every kernel call; calls that f makes are not traced.
func (d *Device) Trace(f func(device.Call)) {
	if f == nil {
		d.trace.Store(nil)
		return
	}
	d.trace.Store(&f)
}

func (d *Device) traced(c device.Call) {
	f := d.trace.Load()
	if f == nil || !d.tracing.CompareAndSwap(false, true) {
		return
	}
	defer d.tracing.Store(false)
	(*f)(c)
}
