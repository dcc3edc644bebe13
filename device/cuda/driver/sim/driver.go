// Package sim is a CUDA device in pure Go: it runs the PTX that ships, warp by
// warp, on the host, finds the bugs that hardware hides, and counts what a
// profiler would.
//
//	d := sim.New(sim.Options{})
//	c, err := d.Open(0)
//	// ... Alloc, Upload, Load, Kernel, Launch as on any driver.Context ...
//
// A launch that reads or writes out of bounds, misaligned or what was freed,
// reads what nobody wrote, races in shared memory or between blocks, or splits a
// barrier fails with a *Fault: kernel, PTX line, source line, block, thread and
// the other thread. An instruction that the simulator does not know fails when
// its module is loaded, by name and line. What it cannot show is time, nor that
// hardware agrees: sums on tensor cores and approximate functions differ in the
// last bits.
//
// All work runs at once, in the order of the calls: streams and events are
// checked, and never wait. Nor does the simulator see a race through global
// memory within one block.
//
// Package ptx reads the text; lower.go makes programs of it; machine.go and
// warp.go run them, access.go with its neighbours the instructions that are more
// than arithmetic.
package sim

import (
	"math/rand/v2"
	"sync"

	"example.org/chainrule/device/cuda/driver"
	"example.org/chainrule/device/cuda/driver/sim/ptx"
)

// Options choose what is simulated. The zero value is an A100 with all checks.
type Options struct {
	// Properties describe the device; zero means those of an A100, with 4 GiB.
	Properties driver.Properties
	// Seed orders a block's warps between barriers: 0 by number, others at
	// random, each in its own way.
	Seed uint64
	// FailCall makes the n-th call of the driver fail, from 1; 0 makes none.
	FailCall int
	// Budget is how many instructions, each for a warp, a launch may issue
	// before it counts as endless; zero means 2^32.
	Budget int64
	// OnLaunch, if not nil, is told of every launch that succeeded.
	OnLaunch func(Launch)
}

// A Launch is one run of a kernel.
type Launch struct {
	Kernel string
	Config driver.Config
	Counters
}

func (o Options) random() *rand.Rand {
	if o.Seed == 0 {
		return nil
	}
	return rand.New(rand.NewPCG(o.Seed, 0))
}

// a100 is what the simulator pretends to be unless Options say otherwise: an
// A100 of 40 GB, but for the memory.
var a100 = driver.Properties{
	Name: "Simulated A100", Major: 8, Minor: 0, Memory: 4 << 30, Multiprocessors: 108,
	SharedPerBlock: 48 << 10, SharedPerBlockOptin: 163 << 10, RegistersPerBlock: 1 << 16,
	MaxThreadsPerBlock: 1024, WarpSize: 32, ClockKHz: 1410000, MemoryClockKHz: 1215000, MemoryBusBits: 5120, L2: 40 << 20,
}

// A Driver is a simulated CUDA driver with one device. What it compiled it keeps
// for all its contexts.
type Driver struct {
	options Options
	tables  *tables

	mu     sync.Mutex
	calls  int
	failAt int
	images map[string]*image
}

// An image is a module's compiled text.
type image struct {
	variables []*ptx.Variable
	programs  []*program
}

var _ driver.Driver = (*Driver)(nil)

// New returns a driver whose device is simulated.
func New(o Options) *Driver {
	if o.Properties == (driver.Properties{}) {
		o.Properties = a100
	}
	if o.Budget == 0 {
		o.Budget = 1 << 32
	}
	return &Driver{options: o, tables: newTables(), failAt: o.FailCall, images: map[string]*image{}}
}

// FailCall makes the n-th call from now on fail, once; 0 makes none.
func (d *Driver) FailCall(n int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.calls, d.failAt = 0, n
}

// call counts a driver call and fails the chosen one.
func (d *Driver) call(name string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.calls++; d.calls != d.failAt {
		return nil
	}
	code := driver.Unknown
	if name == "cuMemAlloc" || name == "cuMemHostAlloc" {
		code = driver.OutOfMemory
	}
	return &driver.Error{Call: name, Code: code, Detail: "made to fail"}
}

// Name is "sim".
func (d *Driver) Name() string { return "sim" }

// Version is CUDA 12.4, whose PTX the simulator reads.
func (d *Driver) Version() (int, error) { return 12040, d.call("cuDriverGetVersion") }

// Count is 1.
func (d *Driver) Count() (int, error) {
	if err := d.call("cuDeviceGetCount"); err != nil {
		return 0, err
	}
	return 1, nil
}

// Properties describes device 0.
func (d *Driver) Properties(i int) (driver.Properties, error) {
	if err := d.call("cuDeviceGetAttribute"); err != nil {
		return driver.Properties{}, err
	}
	if i != 0 {
		return driver.Properties{}, fail("cuDeviceGet", driver.InvalidDevice, "device %d of 1", i)
	}
	return d.options.Properties, nil
}

// Open makes a context on device 0.
func (d *Driver) Open(i int) (driver.Context, error) {
	if err := d.call("cuCtxCreate"); err != nil {
		return nil, err
	}
	if i != 0 {
		return nil, fail("cuDeviceGet", driver.InvalidDevice, "device %d of 1", i)
	}
	return newContext(d), nil
}

// compile parses and lowers a module, once for each text.
func (d *Driver) compile(text string) (*image, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if im := d.images[text]; im != nil {
		return im, nil
	}
	parsed, err := ptx.Parse(text)
	if err != nil {
		return nil, fail("cuModuleLoadData", driver.InvalidPTX, "%v", err)
	}
	im := &image{variables: parsed.Variables}
	for _, k := range parsed.Kernels {
		p, err := lower(d.tables, parsed, k)
		if err != nil {
			return nil, fail("cuModuleLoadData", driver.InvalidPTX, "sim: kernel %s: %v", k.Name, err)
		}
		im.programs = append(im.programs, p)
	}
	d.images[text] = im
	return im, nil
}
