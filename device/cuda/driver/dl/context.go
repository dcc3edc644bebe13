//go:build cuda && (linux || windows) && (amd64 || arm64)

package dl

import (
	"runtime"
	"unsafe"

	"example.org/chainrule/device/cuda/driver"
)

// A context is a device in use. What a launch hands to the driver stands here, on
// the heap, where Go does not move it and no launch allocates it.
type context struct {
	cuda   *libcuda
	handle uintptr // 0 once closed
	words  [11]uintptr

	params [maxParams]byte
	size   uintptr // of params
	extra  [5]uintptr
}

var _ driver.Context = (*context)(nil)

// call calls a function of the driver with this context current. CUDA keeps the
// current context for each thread, and a goroutine may change threads between
// any two calls. An argument may be the address of something in c, or of page-locked
// memory: a Go variable needs ask.
func (c *context) call(f function, args ...uintptr) error {
	if c.handle == 0 {
		return &driver.Error{Call: f.String(), Code: driver.InvalidContext, Detail: "the context is closed"}
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	c.words[0] = c.handle
	if err := c.cuda.call(cuCtxSetCurrent, c.words[:1]...); err != nil {
		return err
	}
	n := copy(c.words[:], args) // args itself would be allocated
	err := c.cuda.call(f, c.words[:n]...)
	runtime.KeepAlive(c)
	return err
}

// ask is call for arguments that are addresses of Go variables, such as where the
// answer goes: it keeps them on the heap, for the price of an allocation.
//
//go:uintptrescapes
func (c *context) ask(f function, args ...uintptr) error { return c.call(f, args...) }

func (c *context) Close() error {
	err := c.call(cuCtxDestroy, c.handle)
	c.handle = 0
	return err
}

func (c *context) MemInfo() (free, total uint64, err error) {
	err = c.ask(cuMemGetInfo, uintptr(unsafe.Pointer(&free)), uintptr(unsafe.Pointer(&total)))
	return free, total, err
}

func (c *context) Alloc(n int) (p driver.Ptr, err error) {
	err = c.ask(cuMemAlloc, uintptr(unsafe.Pointer(&p)), uintptr(n))
	return p, err
}

func (c *context) Free(p driver.Ptr) error { return c.call(cuMemFree, uintptr(p)) }

func (c *context) AllocHost(n int) ([]byte, error) {
	var p unsafe.Pointer
	if err := c.ask(cuMemHostAlloc, uintptr(unsafe.Pointer(&p)), uintptr(n), 0); err != nil {
		return nil, err
	}
	return unsafe.Slice((*byte)(p), n), nil
}

func (c *context) FreeHost(b []byte) error {
	return c.call(cuMemFreeHost, uintptr(unsafe.Pointer(unsafe.SliceData(b))))
}

func (c *context) Upload(dst driver.Ptr, src []byte, s driver.Stream) error {
	return c.call(cuMemcpyHtoDAsync, uintptr(dst), uintptr(unsafe.Pointer(unsafe.SliceData(src))), uintptr(len(src)), uintptr(s))
}

func (c *context) Download(dst []byte, src driver.Ptr, s driver.Stream) error {
	return c.call(cuMemcpyDtoHAsync, uintptr(unsafe.Pointer(unsafe.SliceData(dst))), uintptr(src), uintptr(len(dst)), uintptr(s))
}

func (c *context) Copy(dst, src driver.Ptr, n int, s driver.Stream) error {
	return c.call(cuMemcpyDtoDAsync, uintptr(dst), uintptr(src), uintptr(n), uintptr(s))
}

func (c *context) Fill(dst driver.Ptr, word uint32, n int, s driver.Stream) error {
	return c.call(cuMemsetD32Async, uintptr(dst), uintptr(word), uintptr(n), uintptr(s))
}
