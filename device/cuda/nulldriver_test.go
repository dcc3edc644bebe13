package cuda

import (
	"encoding/binary"
	"fmt"
	"slices"
	"unsafe"

	"example.org/chainrule/device/cuda/driver"
)

// A nullDriver does everything but run kernels: memory is the host's, streams
// run at once. It keeps a log of its calls, watches handles, and makes the call
// of a given number fail.
type nullDriver struct {
	version    int
	properties driver.Properties
	capacity   int // bytes there are
	failAt     int // the number of the call that fails, from 1; 0 for none
	failCode   driver.Code
	quiet      bool
	onLaunch   func(params []byte)

	calls   int
	failed  string // the call that was made to fail
	log     []string
	handles uintptr
	open    map[uintptr]string // what each handle is
	memory  map[driver.Ptr][]byte
	hosts   map[*byte][]byte
	next    driver.Ptr
	written *[]func() // while capturing
	graphs  map[driver.Graph][]func()
}

func newNull() *nullDriver {
	return &nullDriver{
		version: needVersion, failCode: driver.Unknown,
		properties: driver.Properties{Name: "Null", Major: 8, Multiprocessors: 4, SharedPerBlock: 48 << 10, SharedPerBlockOptin: 96 << 10},
		capacity:   1 << 30,
		open:       map[uintptr]string{}, memory: map[driver.Ptr][]byte{}, hosts: map[*byte][]byte{},
		next: 1 << 20, graphs: map[driver.Graph][]func(){},
	}
}

// call counts a call, and says whether it fails.
func (n *nullDriver) call(name string) error {
	n.calls++
	if !n.quiet {
		n.log = append(n.log, name)
	}
	if n.calls == n.failAt {
		n.failed = name
		return &driver.Error{Call: name, Code: n.failCode}
	}
	return nil
}

// count is how often a call stands in the log.
func (n *nullDriver) count(name string) (times int) {
	for _, call := range n.log {
		if call == name {
			times++
		}
	}
	return times
}

// left is what has not been released.
func (n *nullDriver) left() (names []string) {
	for _, name := range n.open {
		names = append(names, name)
	}
	for range n.memory {
		names = append(names, "memory")
	}
	for range n.hosts {
		names = append(names, "host memory")
	}
	slices.Sort(names)
	return names
}

func (n *nullDriver) create(name string) (uintptr, error) {
	if err := n.call("New" + name); err != nil {
		return 0, err
	}
	n.handles++
	n.open[n.handles] = name
	return n.handles, nil
}

func (n *nullDriver) release(h uintptr, name string) error {
	if n.open[h] != name {
		panic(fmt.Sprintf("Close%s of %q", name, n.open[h]))
	}
	if err := n.call("Close" + name); err != nil {
		return err
	}
	delete(n.open, h)
	return nil
}

// do runs f, or writes it down while capturing.
func (n *nullDriver) do(name string, f func()) error {
	if err := n.call(name); err != nil {
		return err
	}
	if n.written != nil {
		*n.written = append(*n.written, f)
	} else {
		f()
	}
	return nil
}

// at is size bytes of device memory.
func (n *nullDriver) at(p driver.Ptr, size int) []byte {
	for start, mem := range n.memory {
		if p >= start && p+driver.Ptr(size) <= start+driver.Ptr(len(mem)) {
			return mem[p-start:][:size]
		}
	}
	panic(fmt.Sprintf("%d bytes at %d are not device memory", size, p))
}

func (n *nullDriver) Name() string          { return "null" }
func (n *nullDriver) Version() (int, error) { return n.version, n.call("Version") }
func (n *nullDriver) Count() (int, error)   { return 1, n.call("Count") }
func (n *nullDriver) Properties(int) (driver.Properties, error) {
	return n.properties, n.call("Properties")
}

func (n *nullDriver) Open(int) (driver.Context, error) {
	if err := n.call("Open"); err != nil {
		return nil, err
	}
	return n, nil
}

func (n *nullDriver) Close() error                      { return n.call("Close") }
func (n *nullDriver) MemInfo() (_, _ uint64, err error) { return 0, 0, n.call("MemInfo") }

func (n *nullDriver) Alloc(size int) (driver.Ptr, error) {
	if err := n.call("Alloc"); err != nil {
		return 0, err
	}
	used := size
	for _, mem := range n.memory {
		used += len(mem)
	}
	if used > n.capacity {
		return 0, &driver.Error{Call: "Alloc", Code: driver.OutOfMemory}
	}
	p := n.next
	n.memory[p] = make([]byte, size)
	n.next += driver.Ptr(size+511) &^ 255
	return p, nil
}

func (n *nullDriver) Free(p driver.Ptr) error {
	n.at(p, 1)
	if err := n.call("Free"); err != nil {
		return err
	}
	delete(n.memory, p)
	return nil
}

func (n *nullDriver) AllocHost(size int) ([]byte, error) {
	if err := n.call("AllocHost"); err != nil {
		return nil, err
	}
	b := make([]byte, size)
	n.hosts[unsafe.SliceData(b)] = b
	return b, nil
}

func (n *nullDriver) FreeHost(b []byte) error {
	if err := n.call("FreeHost"); err != nil {
		return err
	}
	delete(n.hosts, unsafe.SliceData(b))
	return nil
}

func (n *nullDriver) Upload(dst driver.Ptr, src []byte, _ driver.Stream) error {
	if err := n.call("Upload"); err != nil {
		return err
	}
	copy(n.at(dst, len(src)), src)
	return nil
}

func (n *nullDriver) Download(dst []byte, src driver.Ptr, _ driver.Stream) error {
	return n.do("Download", func() { copy(dst, n.at(src, len(dst))) })
}

func (n *nullDriver) Copy(dst, src driver.Ptr, size int, _ driver.Stream) error {
	return n.do("Copy", func() { copy(n.at(dst, size), n.at(src, size)) })
}

func (n *nullDriver) Fill(dst driver.Ptr, word uint32, words int, _ driver.Stream) error {
	return n.do("Fill", func() {
		for mem := n.at(dst, 4*words); len(mem) > 0; mem = mem[4:] {
			binary.NativeEndian.PutUint32(mem, word)
		}
	})
}

func (n *nullDriver) NewStream() (driver.Stream, error) {
	h, err := n.create("Stream")
	return driver.Stream(h), err
}
func (n *nullDriver) CloseStream(s driver.Stream) error { return n.release(uintptr(s), "Stream") }
func (n *nullDriver) Sync(driver.Stream) error          { return n.call("Sync") }

func (n *nullDriver) NewEvent(bool) (driver.Event, error) {
	h, err := n.create("Event")
	return driver.Event(h), err
}
func (n *nullDriver) CloseEvent(e driver.Event) error          { return n.release(uintptr(e), "Event") }
func (n *nullDriver) Record(driver.Event, driver.Stream) error { return n.call("Record") }
func (n *nullDriver) Wait(driver.Stream, driver.Event) error   { return n.call("Wait") }
func (n *nullDriver) Done(driver.Event) (bool, error)          { return true, n.call("Done") }
func (n *nullDriver) SyncEvent(driver.Event) error             { return n.call("SyncEvent") }
func (n *nullDriver) Elapsed(_, _ driver.Event) (float32, error) {
	return 0, n.call("Elapsed")
}

func (n *nullDriver) Load([]byte) (driver.Module, error) {
	h, err := n.create("Module")
	return driver.Module(h), err
}
func (n *nullDriver) Unload(m driver.Module) error { return n.release(uintptr(m), "Module") }
func (n *nullDriver) Kernel(driver.Module, string) (driver.Function, error) {
	return 1, n.call("Kernel")
}
func (n *nullDriver) Attributes(driver.Function) (driver.Attributes, error) {
	return driver.Attributes{}, n.call("Attributes")
}
func (n *nullDriver) SetMaxShared(driver.Function, int) error { return n.call("SetMaxShared") }

func (n *nullDriver) Launch(_ driver.Function, _ driver.Config, params []byte) error {
	if n.onLaunch == nil && n.written == nil {
		return n.call("Launch")
	}
	params = slices.Clone(params)
	return n.do("Launch", func() {
		if n.onLaunch != nil {
			n.onLaunch(params)
		}
	})
}

func (n *nullDriver) BeginCapture(driver.Stream) error {
	if err := n.call("BeginCapture"); err != nil {
		return err
	}
	n.written = new([]func())
	return nil
}

func (n *nullDriver) EndCapture(driver.Stream) (driver.Graph, error) {
	written := n.written
	n.written = nil
	h, err := n.create("Graph")
	if err == nil {
		n.graphs[driver.Graph(h)] = *written
	}
	return driver.Graph(h), err
}

func (n *nullDriver) LaunchGraph(g driver.Graph, _ driver.Stream) error {
	if err := n.call("LaunchGraph"); err != nil {
		return err
	}
	for _, f := range n.graphs[g] {
		f()
	}
	return nil
}

func (n *nullDriver) CloseGraph(g driver.Graph) error { return n.release(uintptr(g), "Graph") }
