// Package device is the contract between tensors and the machines that compute.
//
// A [Device] is memory plus groups of kernels: [Elementwise], [Linear], [Rows],
// [Spatial], [Movement] and [Update]. Package cpu fulfils it in Go, device/cuda
// on NVIDIA GPUs, and devicetest.Reference in slow, obvious float64; the suite
// devicetest.Test holds all of them to the formulas written here.
//
// # Rules of every kernel
//
//   - Order: destinations, sources, specification.
//   - A result goes to a [Dst]: overwritten, or added to. The zero Dst is not
//     wanted and costs nothing. Destinations of one call never overlap. A
//     destination may be exactly a source in elementwise kernels, nowhere else.
//   - Buffers are contiguous and row-major. Images are NHWC, filters
//     [Cout, KH, KW, Cin/groups], linear weights [out, in].
//   - "data" in a method's comment is Float32 or BFloat16, one of them per call;
//     a Dst of data may be Float32 under BFloat16 sources. Everything called
//     "always Float32" stays so. Sums are kept in Float32.
//   - Empty buffers are valid everywhere.
//   - Same inputs, same device, same bits, on any number of cores.
//   - A result below the normal range may be flushed to zero.
//   - Kernels return nothing. What goes wrong is latched: see [Memory.Err].
package device

// A Device is a complete backend. Any goroutine may use it; calls are
// serialised by the device itself and may run asynchronously.
type Device interface {
	Memory
	Elementwise
	Linear
	Rows
	Spatial
	Movement
	Update
}

// A Buffer is a run of elements of one dtype on one Device.
type Buffer interface {
	DType() DType
	Len() int
	// Slice is the view of elements lo to hi, which shares memory. lo is a
	// multiple of 64. Only the buffer that Alloc returned may be freed.
	Slice(lo, hi int) Buffer
}

// A Dst is where a result goes: into Buf, overwriting it or, with Add, adding
// to it. The zero Dst swallows the result.
type Dst struct {
	Buf Buffer
	Add bool
}

// To overwrites b.
func To(b Buffer) Dst { return Dst{Buf: b} }

// Onto adds to b.
func Onto(b Buffer) Dst { return Dst{Buf: b, Add: true} }

// Wanted reports whether anybody wants the result.
func (d Dst) Wanted() bool { return d.Buf != nil }

// MaxLen is the largest number of elements of a buffer.
const MaxLen = 1<<31 - 1

// RowLen is the number of elements that slices and slabs are aligned to.
const RowLen = 64

// Memory allocates, moves and watches over data.
type Memory interface {
	// Name is how a user asks for the device, such as "cpu" or "cuda:0".
	Name() string

	// Alloc returns a buffer of n elements, 256-byte aligned, with undefined
	// contents. The error is a *MemoryError, or says that n exceeds MaxLen.
	Alloc(t DType, n int) (Buffer, error)
	// Free gives b back once the kernels that use it are done.
	Free(b Buffer)
	// Upload fills dst from a slice of the same length: []float32 or []float64
	// for Float32 and BFloat16, []int32 for Int32, []uint8 for Uint8. The source
	// may be reused on return; the copy is ordered with the kernels of dst. A
	// func([]float32), for Float32, writes the values itself, into dst's own memory
	// where that is the host's, and calls nothing of the device.
	Upload(dst Buffer, src any)
	// Download waits for src and fills a slice of a type that Upload takes.
	Download(dst any, src Buffer) error

	// Sync waits for the device and returns Err.
	Sync() error
	// Err returns what stands latched, whosever call it was: a *Fault (bad data
	// found by a kernel), a *MemoryError (no workspace; reported once, then
	// cleared), or the failure of the machine, which stays until Close.
	Err() error
	// ClearFault forgets a *Fault.
	ClearFault()

	// Stats tells how much memory is in use.
	Stats() Stats
	// Poison fills freed and fresh memory with NaN (integers: their minimum,
	// bytes: 0xFF) while on: a test's way to find what reads too late or early.
	Poison(on bool)
	// Trace calls f after every kernel call, without a lock held; f may use the
	// device, and what is called while it runs, by whomever, is not traced. nil
	// ends it.
	Trace(f func(Call))
	// Record runs f, whose kernel calls are written down instead of run. f has the
	// device to itself: what other goroutines call meanwhile is written down too.
	// Inside, Upload, Download, Sync, a second Record and the Run of a Replay are
	// errors, which Record returns.
	Record(f func() error) (Replay, error)
	// Close gives everything back. Using the device afterwards panics.
	Close() error
}

// A Replay is a recorded run of kernel calls. It keeps every block allocated
// while recording, freed ones too, and pins the buffers that existed before: a
// block goes back when it has been freed and the replay closed, in either order.
type Replay interface {
	// Run plays the calls in order: no tape, no allocation. It returns Err.
	Run() error
	// Close gives back what the replay owns and unpins the rest.
	Close()
}

// Stats counts bytes of device memory, and what there was none for.
type Stats struct {
	Live   int64 // in buffers that are allocated now
	Peak   int64 // the highest Live has been
	Cached int64 // freed, kept for the next Alloc of that size
	Allocs int64 // blocks ever taken from the system

	// Skipped is the number of kernel calls that ever found no workspace. Err tells
	// of one to whoever asks first; by this count all others see that it happened.
	Skipped int64
}

// A Call is one kernel call as Trace sees it.
type Call struct {
	Op    string
	Dst   [4]Dst
	Src   [8]Buffer
	FLOPs int64 // floating-point operations of the formula
	Bytes int64 // of all destinations and sources, each counted once
}

// CountBytes sets Bytes from the buffers.
func (c *Call) CountBytes() {
	c.Bytes = 0
	for _, dst := range c.Dst {
		c.Bytes += size(dst.Buf)
	}
	for _, src := range c.Src {
		c.Bytes += size(src)
	}
}

func size(b Buffer) int64 {
	if b == nil {
		return 0
	}
	return int64(b.Len()) * int64(b.DType().Size())
}
