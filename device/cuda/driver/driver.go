// Package driver is what package cuda needs of the CUDA driver: about thirty
// calls, with three implementations. Package dl calls libcuda with no cgo, cu
// goes through gorgonia.org/cu, and sim runs kernels on the host, finds the bugs
// that hardware hides, and counts what a profiler would.
//
// Handles are opaque words; zero is none. Calls may come from any goroutine, one
// at a time for each Context: what CUDA wants of operating-system threads stays
// inside an implementation. Every error is an *Error, or wraps one.
package driver

// A Driver finds devices.
type Driver interface {
	// Name says which implementation this is: "dl", "cu" or "sim".
	Name() string
	// Version is the newest CUDA version that the driver supports, 12040 for 12.4.
	Version() (int, error)
	// Count is the number of devices.
	Count() (int, error)
	// Properties describes device i.
	Properties(i int) (Properties, error)
	// Open makes a context on device i, with memory and kernels of its own.
	Open(i int) (Context, error)
}

// Properties describe a device.
type Properties struct {
	Name                string
	Major, Minor        int    // compute capability
	Memory              uint64 // bytes
	Multiprocessors     int
	SharedPerBlock      int // bytes a kernel may have without asking
	SharedPerBlockOptin int // bytes a kernel may have after Function.SetMaxShared
	RegistersPerBlock   int
	MaxThreadsPerBlock  int
	WarpSize            int
	ClockKHz            int // of the multiprocessors
	MemoryClockKHz      int
	MemoryBusBits       int
	L2                  int // bytes
}

// Handles of a Context.
type (
	Ptr      uint64  // an address in device memory
	Module   uintptr // loaded code
	Function uintptr // a kernel
	Stream   uintptr // work in order; the zero Stream is the default one
	Event    uintptr // a point in a stream
	Graph    uintptr // captured work, ready to be launched
)

// A Context is a device in use.
type Context interface {
	// Close frees what is left and ends the context. Every release is attempted;
	// the error is the first that failed.
	Close() error
	// MemInfo is the free and the total memory in bytes.
	MemInfo() (free, total uint64, err error)

	// Alloc returns n > 0 bytes of device memory, 256-byte aligned.
	Alloc(n int) (Ptr, error)
	Free(p Ptr) error
	// AllocHost returns n > 0 bytes of page-locked host memory, which copies
	// need in order to overlap.
	AllocHost(n int) ([]byte, error)
	FreeHost(b []byte) error

	// Upload copies src, page-locked, to dst in stream order.
	Upload(dst Ptr, src []byte, s Stream) error
	// Download copies src to dst, page-locked, in stream order.
	Download(dst []byte, src Ptr, s Stream) error
	// Copy copies n bytes within the device in stream order.
	Copy(dst, src Ptr, n int, s Stream) error
	// Fill sets n 32-bit words in stream order.
	Fill(dst Ptr, word uint32, n int, s Stream) error

	// NewStream returns a stream that does not wait for the default one.
	NewStream() (Stream, error)
	CloseStream(s Stream) error
	// Sync waits until a stream's work is done.
	Sync(s Stream) error
	// NewEvent returns an event; timing says whether Elapsed will read it.
	NewEvent(timing bool) (Event, error)
	CloseEvent(e Event) error
	// Record puts e at the end of a stream's work.
	Record(e Event, s Stream) error
	// Wait makes a stream wait for e.
	Wait(s Stream, e Event) error
	// Done reports whether e has passed.
	Done(e Event) (bool, error)
	// SyncEvent waits until e has passed.
	SyncEvent(e Event) error
	// Elapsed is the time between two events with timing, in milliseconds.
	Elapsed(from, to Event) (float32, error)

	// Load compiles PTX text. The error holds the compiler's log.
	Load(ptx []byte) (Module, error)
	Unload(m Module) error
	// Kernel finds a kernel of a module by name.
	Kernel(m Module, name string) (Function, error)
	// Attributes describes a kernel.
	Attributes(f Function) (Attributes, error)
	// SetMaxShared allows a kernel n bytes of dynamic shared memory.
	SetMaxShared(f Function, n int) error
	// Launch runs a kernel. params is its parameter space as PTX lays it out:
	// every parameter at a multiple of its own alignment. It may be reused on
	// return.
	Launch(f Function, c Config, params []byte) error

	// BeginCapture makes a stream's calls write themselves down instead of
	// running, until EndCapture (CUDA's relaxed mode).
	BeginCapture(s Stream) error
	// EndCapture returns what was captured, instantiated.
	EndCapture(s Stream) (Graph, error)
	// LaunchGraph runs a captured graph in stream order.
	LaunchGraph(g Graph, s Stream) error
	CloseGraph(g Graph) error
}

// Attributes describe a compiled kernel.
type Attributes struct {
	Registers    int // of each thread
	StaticShared int // bytes
	Local        int // bytes of each thread: spills
	MaxThreads   int // of a block
}

// A Config is the geometry of a launch.
type Config struct {
	Grid, Block [3]int // x, y, z; zero means 1
	Shared      int    // bytes of dynamic shared memory
	Stream      Stream
}
