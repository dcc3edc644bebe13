//go:build cuda && (linux || windows) && (amd64 || arm64)

package dl

import (
	"errors"
	"runtime"
	"unsafe"

	"example.org/chainrule/device/cuda/driver"
)

// Attributes of a device (CUdevice_attribute).
const (
	maxThreadsPerBlock  = 1
	sharedPerBlock      = 8
	warpSize            = 10
	registersPerBlock   = 12
	clockKHz            = 13
	multiprocessors     = 16
	memoryClockKHz      = 36
	memoryBusBits       = 37
	l2Bytes             = 38
	capabilityMajor     = 75
	capabilityMinor     = 76
	sharedPerBlockOptin = 97
)

// Name is "dl".
func (l *libcuda) Name() string { return "dl" }

// Version is the newest CUDA version that the driver supports.
func (l *libcuda) Version() (int, error) {
	var v int32
	err := l.call(cuDriverGetVersion, uintptr(unsafe.Pointer(&v)))
	return int(v), err
}

// Count is the number of devices.
func (l *libcuda) Count() (int, error) {
	var n int32
	err := l.call(cuDeviceGetCount, uintptr(unsafe.Pointer(&n)))
	return int(n), err
}

// device is the handle of device i.
func (l *libcuda) device(i int) (uintptr, error) {
	var d int32
	err := l.call(cuDeviceGet, uintptr(unsafe.Pointer(&d)), uintptr(i))
	return uintptr(d), err
}

// Properties describes device i.
func (l *libcuda) Properties(i int) (p driver.Properties, err error) {
	d, err := l.device(i)
	if err != nil {
		return p, err
	}
	var name [256]byte
	if err := l.call(cuDeviceGetName, uintptr(unsafe.Pointer(&name)), uintptr(len(name)), d); err != nil {
		return p, err
	}
	p.Name = goString(&name[0])
	if err := l.call(cuDeviceTotalMem, uintptr(unsafe.Pointer(&p.Memory)), d); err != nil {
		return p, err
	}
	for _, attribute := range []struct {
		number uintptr
		value  *int
	}{
		{capabilityMajor, &p.Major}, {capabilityMinor, &p.Minor}, {multiprocessors, &p.Multiprocessors},
		{sharedPerBlock, &p.SharedPerBlock}, {sharedPerBlockOptin, &p.SharedPerBlockOptin},
		{registersPerBlock, &p.RegistersPerBlock}, {maxThreadsPerBlock, &p.MaxThreadsPerBlock}, {warpSize, &p.WarpSize},
		{clockKHz, &p.ClockKHz}, {memoryClockKHz, &p.MemoryClockKHz}, {memoryBusBits, &p.MemoryBusBits}, {l2Bytes, &p.L2},
	} {
		var v int32
		if err := l.call(cuDeviceGetAttribute, uintptr(unsafe.Pointer(&v)), attribute.number, d); err != nil {
			return p, err
		}
		*attribute.value = int(v)
	}
	return p, nil
}

// Open makes a context on device i. CUDA makes it current for this thread, which
// may be any thread's turn next: each call of a context sets it anew.
func (l *libcuda) Open(i int) (driver.Context, error) {
	d, err := l.device(i)
	if err != nil {
		return nil, err
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	c := &context{cuda: l}
	if err := l.call(cuCtxCreate, uintptr(unsafe.Pointer(&c.handle)), 0, d); err != nil {
		return nil, err
	}
	var popped uintptr
	if err := l.call(cuCtxPopCurrent, uintptr(unsafe.Pointer(&popped))); err != nil {
		return nil, errors.Join(err, l.call(cuCtxDestroy, c.handle))
	}
	return c, nil
}
