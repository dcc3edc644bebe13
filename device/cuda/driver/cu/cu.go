//go:build cuda && cgo && linux && (amd64 || arm64)

package cu

/*
// as-needed: a libcuda.so of this machine is not linked either.
#cgo LDFLAGS: -Wl,--as-needed -L${SRCDIR} -ldl
#include <cuda.h>

extern int driver_status;
extern const char *driver_missing;
*/
import "C"

import (
	"errors"
	"fmt"
	"runtime"

	"gorgonia.org/cu"

	"example.org/chainrule/device/cuda/driver"
)

// A library is the loaded driver.
type library struct{}

var _ driver.Driver = library{}

// New returns the CUDA driver of this system. The error says that there is none,
// or is the *driver.Error of a driver that does not start.
func New() (driver.Driver, error) {
	if C.driver_missing != nil {
		return nil, fmt.Errorf("cu: no CUDA driver on this system: %s", C.GoString(C.driver_missing))
	}
	if err := named("cuInit", result(C.CUresult(C.driver_status))); err != nil {
		return nil, err
	}
	return library{}, nil
}

// Name is "cu".
func (library) Name() string { return "cu" }

// Version is the newest CUDA version that the driver supports.
func (library) Version() (int, error) {
	v := cu.Version()
	if v < 0 { // all that gorgonia.org/cu says of it
		return 0, &driver.Error{Call: "cuDriverGetVersion", Code: driver.Unknown}
	}
	return v, nil
}

// Count is the number of devices.
func (library) Count() (int, error) {
	n, err := cu.NumDevices()
	return n, named("cuDeviceGetCount", err)
}

// Properties describes device i.
func (library) Properties(i int) (p driver.Properties, err error) {
	d, err := cu.GetDevice(i)
	if err != nil {
		return p, named("cuDeviceGet", err)
	}
	if p.Name, err = d.Name(); err != nil {
		return p, named("cuDeviceGetName", err)
	}
	bytes, err := d.TotalMem()
	if err != nil {
		return p, named("cuDeviceTotalMem", err)
	}
	p.Memory = uint64(bytes)
	for _, attribute := range []struct {
		number cu.DeviceAttribute
		value  *int
	}{
		{cu.ComputeCapabilityMajor, &p.Major}, {cu.ComputeCapabilityMinor, &p.Minor}, {cu.MultiprocessorCount, &p.Multiprocessors},
		{cu.MaxSharedMemoryPerBlock, &p.SharedPerBlock}, {C.CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN, &p.SharedPerBlockOptin},
		{cu.MaxRegistersPerBlock, &p.RegistersPerBlock}, {cu.MaxThreadsPerBlock, &p.MaxThreadsPerBlock}, {cu.WarpSize, &p.WarpSize},
		{cu.ClockRate, &p.ClockKHz}, {cu.MemoryClockRate, &p.MemoryClockKHz}, {cu.GlobalMemoryBusWidth, &p.MemoryBusBits}, {cu.L2CacheSize, &p.L2},
	} {
		if *attribute.value, err = d.Attribute(attribute.number); err != nil {
			return p, named("cuDeviceGetAttribute", err)
		}
	}
	return p, nil
}

// Open makes a context on device i. CUDA makes it current for this thread, which
// other contexts use as well: each call of a context sets it anew.
func (library) Open(i int) (driver.Context, error) {
	d, err := cu.GetDevice(i)
	if err != nil {
		return nil, named("cuDeviceGet", err)
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	ctx, err := d.MakeContext(cu.SchedAuto)
	if err != nil {
		return nil, named("cuCtxCreate", err)
	}
	if _, err := cu.PopCurrentCtx(); err != nil {
		return nil, errors.Join(named("cuCtxPopCurrent", err), named("cuCtxDestroy", ctx.Destroy()))
	}
	return &context{ctx}, nil
}
