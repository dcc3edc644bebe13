// Package cpu computes on the host's processor: every kernel of package device
// in Go, with assembly for the inner loops (see level.go). Work is spread over a pool of workers
// and cut by the shape alone, so results are the same bits on any number of
// cores (for one [Level] and sizes of caches).
//
// Levels: go, avx2, avx512, avx512bf16, amx, neon; CHAINRULE_CPU caps the default.
//
// Read run.go for the one way in, memory.go for the allocator, and then any
// kernel by its stem: unary.go, matmul.go, conv2d.go, ...
package cpu

//go:generate go run ./asm .

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"sync"
	"sync/atomic"

	"example.org/chainrule/device"
)

// Options configure a Device. The zero value takes what the machine has.
type Options struct {
	Threads     int   // workers; 0 takes GOMAXPROCS
	Level       Level // instruction set; 0 takes the best one of this machine
	MemoryLimit int64 // bytes that may be live; what is cached gives way; 0 for no limit
	// Direct convolutions are computed by their definition, never by Winograd's
	// algorithm, which takes a fraction of the multiplications for 3x3 and 5x5
	// windows of stride 1 on Float32, and turns the outputs near an Inf into NaN.
	// The environment variable CHAINRULE_WINOGRAD=off does the same.
	Direct bool
}

// WinogradVariable is the environment variable that switches Winograd's algorithm
// on (the default) or off, as [Options].Direct does, which says what it is.
const WinogradVariable = "CHAINRULE_WINOGRAD"

// winogradOff reads WinogradVariable.
func winogradOff() (bool, error) {
	switch v := os.Getenv(WinogradVariable); v {
	case "", "on":
		return false, nil
	case "off":
		return true, nil
	default:
		return false, fmt.Errorf("cpu: %s=%q: want on or off", WinogradVariable, v)
	}
}

// A Device computes on the host. New makes one.
type Device struct {
	mu     sync.Mutex // held by every call
	pool   *pool
	kernel *kernels
	caches caches // of this machine
	direct bool   // see Options.Direct
	memory
	latch  latch
	plan   plan
	tiles  [][]float32 // scratch of each worker, see tile
	replay *replay     // where calls are written down while recording

	trace   atomic.Pointer[func(device.Call)]
	tracing atomic.Bool
	closed  bool
}

var _ device.Device = (*Device)(nil)

// New starts the workers of a device. The error names an option that this
// machine cannot fulfil.
func New(o Options) (*Device, error) {
	if o.Threads < 0 || o.Threads > maxThreads {
		return nil, fmt.Errorf("cpu: %d threads: want 1 to %d, or 0 for all", o.Threads, maxThreads)
	}
	if o.MemoryLimit < 0 {
		return nil, fmt.Errorf("cpu: a memory limit of %d bytes: want 1 or more, or 0 for no limit", o.MemoryLimit)
	}
	kernel, err := kernelsFor(o.Level)
	if err != nil {
		return nil, err
	}
	off, err := winogradOff()
	if err != nil {
		return nil, err
	}
	if o.Threads == 0 {
		o.Threads = runtime.GOMAXPROCS(0)
	}
	d := &Device{pool: newPool(o.Threads), kernel: kernel, caches: machineCaches(), direct: o.Direct || off, memory: newMemory(o.MemoryLimit)}
	d.plan.dev = d
	d.tiles = make([][]float32, o.Threads)
	for i := range d.tiles {
		d.tiles[i] = make([]float32, tileCount*tileLen)
	}
	return d, nil
}

// Name is "cpu".
func (d *Device) Name() string { return "cpu" }

// Threads is the number of workers.
func (d *Device) Threads() int { return len(d.tiles) }

// Level is the instruction set in use.
func (d *Device) Level() Level { return d.kernel.level }

// Close stops the workers and gives the memory back. A second Close does nothing.
func (d *Device) Close() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.closed {
		d.closed = true
		d.pool.close()
		d.heap.close()
		d.memory = newMemory(0)
	}
	return nil
}

// lock enters the device.
func (d *Device) lock() {
	d.mu.Lock()
	if d.closed {
		d.mu.Unlock()
		panic("cpu: device used after Close")
	}
}

var errRecording = errors.New("cpu: Upload, Download, Sync, Record and Replay.Run cannot be recorded: call them outside Record")

// misused latches an error while recording, for Record to return whatever becomes
// of it here.
func (d *Device) misused() error {
	if d.replay == nil {
		return nil
	}
	d.latch.Lock()
	defer d.latch.Unlock()
	d.latch.misuse = errRecording
	return errRecording
}

const (
	maxThreads = 4096 // each has scratch of its own

	tileLen   = 4096 // elements an elementwise task works on, at most: 16 KiB, so that a few fit L1; also of cpu/asm
	tileCount = 6    // tiles of scratch for each worker
)

// tile is scratch number i of a worker: tileLen elements.
func (d *Device) tile(worker, i int) []float32 {
	return d.tiles[worker][i*tileLen : (i+1)*tileLen]
}

// A latch keeps what went wrong until somebody asks.
type latch struct {
	sync.Mutex
	fault    *device.Fault
	faultSeq int64 // the call that found it
	seq      int64 // calls so far
	noMemory *device.MemoryError
	misuse   error
}

// addFault keeps the fault of the earliest call, and of that call the one with
// the lowest index, so that the report does not depend on the workers.
func (l *latch) addFault(f device.Fault) {
	l.Lock()
	defer l.Unlock()
	if l.fault == nil || l.faultSeq == l.seq && f.Index < l.fault.Index {
		l.fault, l.faultSeq = &f, l.seq
	}
}

// faulty reports whether bad data stands.
func (l *latch) faulty() bool {
	l.Lock()
	defer l.Unlock()
	return l.fault != nil
}

// Err returns what stands latched; see device.Memory.
func (d *Device) Err() error {
	d.latch.Lock()
	defer d.latch.Unlock()
	if err := d.latch.noMemory; err != nil {
		d.latch.noMemory = nil
		return err
	}
	if err := d.latch.misuse; err != nil {
		d.latch.misuse = nil
		return err
	}
	if d.latch.fault != nil {
		return d.latch.fault
	}
	return nil
}

// ClearFault forgets a fault.
func (d *Device) ClearFault() {
	d.latch.Lock()
	defer d.latch.Unlock()
	d.latch.fault = nil
}

// Sync returns Err: calls are complete when they return.
func (d *Device) Sync() error {
	d.lock()
	defer d.mu.Unlock()
	if err := d.misused(); err != nil {
		return err
	}
	return d.Err()
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
