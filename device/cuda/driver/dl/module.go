//go:build cuda && (linux || windows) && (amd64 || arm64)

package dl

import (
	"errors"
	"fmt"
	"unsafe"

	"example.org/chainrule/device/cuda/driver"
)

// Numbers of cuda.h.
const (
	jitErrorLog     = 5 // CU_JIT_ERROR_LOG_BUFFER
	jitErrorLogSize = 6 // CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES

	functionMaxThreads = 0 // CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK
	functionShared     = 1 // CU_FUNC_ATTRIBUTE_SHARED_SIZE_BYTES
	functionLocal      = 3 // CU_FUNC_ATTRIBUTE_LOCAL_SIZE_BYTES
	functionRegisters  = 4 // CU_FUNC_ATTRIBUTE_NUM_REGS
	functionMaxShared  = 8 // CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES

	// Packed parameters; a graph's kernels take and copy them as well (CUDA Driver API,
	// cuGraphAddKernelNode), so that a launch may be captured.
	paramsEnd    = 0 // CU_LAUNCH_PARAM_END
	paramsBuffer = 1 // CU_LAUNCH_PARAM_BUFFER_POINTER
	paramsSize   = 2 // CU_LAUNCH_PARAM_BUFFER_SIZE
	maxParams    = 4096
)

// A compilation is what the driver reads and writes while it loads a module: all
// on the heap, as its address is passed.
type compilation struct {
	options [2]int32
	values  [2]uintptr
	log     [8192]byte
}

func (c *context) Load(ptx []byte) (m driver.Module, err error) {
	k := &compilation{options: [2]int32{jitErrorLog, jitErrorLogSize}}
	k.values = [2]uintptr{uintptr(unsafe.Pointer(&k.log)), uintptr(len(k.log))}
	err = c.ask(cuModuleLoadDataEx, uintptr(unsafe.Pointer(&m)), uintptr(unsafe.Pointer(cString(ptx))),
		uintptr(len(k.options)), uintptr(unsafe.Pointer(&k.options)), uintptr(unsafe.Pointer(&k.values)))
	if e := (*driver.Error)(nil); errors.As(err, &e) && k.log[0] != 0 {
		e.Detail = goString(&k.log[0])
	}
	return m, err
}

func (c *context) Unload(m driver.Module) error { return c.call(cuModuleUnload, uintptr(m)) }

func (c *context) Kernel(m driver.Module, name string) (f driver.Function, err error) {
	err = c.ask(cuModuleGetFunction, uintptr(unsafe.Pointer(&f)), uintptr(m), uintptr(unsafe.Pointer(cString(name))))
	if e := (*driver.Error)(nil); errors.As(err, &e) {
		e.Detail = fmt.Sprintf("kernel %s: %s", name, e.Detail)
	}
	return f, err
}

func (c *context) Attributes(f driver.Function) (a driver.Attributes, err error) {
	for _, attribute := range []struct {
		number uintptr
		value  *int
	}{
		{functionRegisters, &a.Registers}, {functionShared, &a.StaticShared}, {functionLocal, &a.Local}, {functionMaxThreads, &a.MaxThreads},
	} {
		var v int32
		if err := c.ask(cuFuncGetAttribute, uintptr(unsafe.Pointer(&v)), attribute.number, uintptr(f)); err != nil {
			return a, err
		}
		*attribute.value = int(v)
	}
	return a, nil
}

func (c *context) SetMaxShared(f driver.Function, n int) error {
	return c.call(cuFuncSetAttribute, uintptr(f), functionMaxShared, uintptr(n))
}

func (c *context) Launch(f driver.Function, cfg driver.Config, params []byte) error {
	if len(params) > maxParams {
		return &driver.Error{Call: cuLaunchKernel.String(), Code: driver.InvalidValue,
			Detail: fmt.Sprintf("%d bytes of parameters: at most %d are allowed", len(params), maxParams)}
	}
	c.size = uintptr(copy(c.params[:], params))
	c.extra = [5]uintptr{paramsBuffer, uintptr(unsafe.Pointer(&c.params)), paramsSize, uintptr(unsafe.Pointer(&c.size)), paramsEnd}
	return c.call(cuLaunchKernel, uintptr(f),
		extent(cfg.Grid[0]), extent(cfg.Grid[1]), extent(cfg.Grid[2]),
		extent(cfg.Block[0]), extent(cfg.Block[1]), extent(cfg.Block[2]),
		uintptr(cfg.Shared), uintptr(cfg.Stream), 0, uintptr(unsafe.Pointer(&c.extra)))
}

// extent is one extent of a grid or a block: zero means 1.
func extent(n int) uintptr { return uintptr(max(n, 1)) }
