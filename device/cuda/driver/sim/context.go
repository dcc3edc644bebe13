package sim

import (
	"fmt"
	"strings"
	"unsafe"

	"example.org/chainrule/device/cuda/driver"
)

// A context is a device in use. Handles are numbers that are never used twice.
type context struct {
	driver    *Driver
	memory    *memory
	machine   *machine
	err       error // a kernel's fault: nothing works after it but releasing
	closed    bool
	last      uintptr // handle
	modules   map[driver.Module]*module
	functions map[driver.Function]*function
	streams   map[driver.Stream]*stream
	events    map[driver.Event]*event
	graphs    map[driver.Graph][]work
	pinned    map[*byte]int // page-locked memory and its size
	clock     float32       // work done, for Elapsed
}

var _ driver.Context = (*context)(nil)

func newContext(d *Driver) *context {
	total := d.options.Properties.Memory
	c := &context{
		driver: d, memory: &memory{free: total, total: total},
		modules: map[driver.Module]*module{}, functions: map[driver.Function]*function{},
		streams: map[driver.Stream]*stream{0: {}}, events: map[driver.Event]*event{},
		graphs: map[driver.Graph][]work{}, pinned: map[*byte]int{},
	}
	c.machine = newMachine(c.memory, d.options)
	return c
}

func fail(call string, code driver.Code, format string, args ...any) error {
	return &driver.Error{Call: call, Code: code, Detail: fmt.Sprintf(format, args...)}
}

// enter begins a call: it fails where the context is closed, a kernel faulted
// before, or Options.FailCall says so.
func (c *context) enter(call string) error {
	if err := c.release(call); err != nil {
		return err
	}
	return c.err
}

// release begins a call that works after a fault too.
func (c *context) release(call string) error {
	if c.closed {
		return fail(call, driver.InvalidContext, "the context is closed")
	}
	return c.driver.call(call)
}

// handle is a new one.
func (c *context) handle() uintptr {
	c.last++
	return c.last
}

// Close ends the context. Its error names what was not released: a leak, unless
// a kernel faulted before.
func (c *context) Close() error {
	err := c.release("cuCtxDestroy")
	if c.closed {
		return err
	}
	c.closed = true
	if err != nil {
		return err
	}
	if left := c.left(); left != "" && c.err == nil {
		return fail("cuCtxDestroy", driver.Unknown, "not released: %s", left)
	}
	return nil
}

// left names what is still there.
func (c *context) left() string {
	var bytes, allocations int
	for _, a := range c.memory.slots {
		if a != nil && a.name == "" {
			bytes += len(a.data)
			allocations++
		}
	}
	var all []string
	for _, kind := range []struct {
		n    int
		what string
	}{
		{allocations, fmt.Sprintf("allocations of %d bytes together", bytes)}, {len(c.pinned), "page-locked allocations"},
		{len(c.modules), "modules"}, {len(c.streams) - 1, "streams"}, {len(c.events), "events"}, {len(c.graphs), "graphs"},
	} {
		if kind.n > 0 {
			all = append(all, fmt.Sprintf("%s: %d", kind.what, kind.n))
		}
	}
	return strings.Join(all, ", ")
}

func (c *context) MemInfo() (free, total uint64, err error) {
	if err := c.enter("cuMemGetInfo"); err != nil {
		return 0, 0, err
	}
	return c.memory.free, c.memory.total, nil
}

func (c *context) Alloc(n int) (driver.Ptr, error) {
	const call = "cuMemAlloc"
	if err := c.enter(call); err != nil {
		return 0, err
	}
	if n <= 0 {
		return 0, fail(call, driver.InvalidValue, "%d bytes", n)
	}
	a := c.memory.alloc(n, "")
	if a == nil {
		return 0, fail(call, driver.OutOfMemory, "%d bytes with %d of %d free", n, c.memory.free, c.memory.total)
	}
	return driver.Ptr(a.base), nil
}

func (c *context) Free(p driver.Ptr) error {
	const call = "cuMemFree"
	if err := c.release(call); err != nil {
		return err
	}
	if !c.memory.release(p) {
		return fail(call, driver.InvalidValue, "no allocation begins at %#x", p)
	}
	return nil
}

func (c *context) AllocHost(n int) ([]byte, error) {
	const call = "cuMemHostAlloc"
	if err := c.enter(call); err != nil {
		return nil, err
	}
	if n <= 0 {
		return nil, fail(call, driver.InvalidValue, "%d bytes", n)
	}
	b := make([]byte, n)
	c.pinned[&b[0]] = n
	return b, nil
}

func (c *context) FreeHost(b []byte) error {
	const call = "cuMemFreeHost"
	if err := c.release(call); err != nil {
		return err
	}
	p := unsafe.SliceData(b)
	if _, ok := c.pinned[p]; !ok {
		return fail(call, driver.InvalidValue, "no page-locked allocation begins there")
	}
	delete(c.pinned, p)
	return nil
}

// isPinned reports whether all of b is page-locked.
func (c *context) isPinned(b []byte) bool {
	at := uintptr(unsafe.Pointer(unsafe.SliceData(b)))
	for p, n := range c.pinned {
		from := uintptr(unsafe.Pointer(p))
		if at >= from && at+uintptr(len(b)) <= from+uintptr(n) {
			return true
		}
	}
	return false
}
