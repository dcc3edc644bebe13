//go:build cuda && cgo && linux && (amd64 || arm64)

package cu

import (
	"runtime"
	"unsafe"

	"gorgonia.org/cu"

	"example.org/chainrule/device/cuda/driver"
)

// A context is a device in use; the zero CUContext is a closed one.
type context struct{ ctx cu.CUContext }

var _ driver.Context = (*context)(nil)

// do makes a call with this context current. CUDA keeps the current context for each
// thread, and a goroutine may change threads between any two calls.
func (c *context) do(call string, f func() error) error {
	if err := c.open(call); err != nil {
		return err
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := cu.SetCurrentContext(c.ctx); err != nil {
		return named("cuCtxSetCurrent", err)
	}
	return named(call, f())
}

// open fails where the context is closed.
func (c *context) open(call string) error {
	if c.ctx == (cu.CUContext{}) {
		return &driver.Error{Call: call, Code: driver.InvalidContext, Detail: "the context is closed"}
	}
	return nil
}

func (c *context) Close() error { return c.do("cuCtxDestroy", c.ctx.Destroy) }

func (c *context) MemInfo() (free, total uint64, err error) {
	err = c.do("cuMemGetInfo", func() error {
		f, t, err := cu.MemInfo()
		free, total = uint64(f), uint64(t)
		return err
	})
	return free, total, err
}

func (c *context) Alloc(n int) (p driver.Ptr, err error) {
	err = c.do("cuMemAlloc", func() error {
		d, err := cu.MemAlloc(int64(n))
		p = driver.Ptr(d)
		return err
	})
	return p, err
}

func (c *context) Free(p driver.Ptr) error {
	return c.do("cuMemFree", func() error { return cu.MemFree(cu.DevicePtr(p)) })
}

func (c *context) FreeHost(b []byte) error {
	return c.do("cuMemFreeHost", func() error { return cu.MemFreeHost(unsafe.Pointer(unsafe.SliceData(b))) })
}

func (c *context) Upload(dst driver.Ptr, src []byte, s driver.Stream) error {
	return c.do("cuMemcpyHtoDAsync", func() error {
		return cu.MemcpyHtoDAsync(cu.DevicePtr(dst), unsafe.Pointer(unsafe.SliceData(src)), int64(len(src)), as[cu.Stream](s))
	})
}

func (c *context) Download(dst []byte, src driver.Ptr, s driver.Stream) error {
	return c.do("cuMemcpyDtoHAsync", func() error {
		return cu.MemcpyDtoHAsync(unsafe.Pointer(unsafe.SliceData(dst)), cu.DevicePtr(src), int64(len(dst)), as[cu.Stream](s))
	})
}

func (c *context) Copy(dst, src driver.Ptr, n int, s driver.Stream) error {
	return c.do("cuMemcpyDtoDAsync", func() error {
		return cu.MemcpyDtoDAsync(cu.DevicePtr(dst), cu.DevicePtr(src), int64(n), as[cu.Stream](s))
	})
}

func (c *context) Fill(dst driver.Ptr, word uint32, n int, s driver.Stream) error {
	return c.do("cuMemsetD32Async", func() error {
		return cu.MemsetD32Async(cu.DevicePtr(dst), uint(word), int64(n), as[cu.Stream](s))
	})
}
