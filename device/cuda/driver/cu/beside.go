//go:build cuda && cgo && linux && (amd64 || arm64)

package cu

/*
#cgo noescape launch
#cgo nocallback launch
#include <cuda.h>

// launch makes the context current and launches, in one crossing. geometry is the
// grid, the block and the bytes of shared memory.
static CUresult launch(CUcontext ctx, CUfunction f, const unsigned *geometry, CUstream s, void *params, size_t size) {
	const unsigned *g = geometry;
	void *extra[] = {CU_LAUNCH_PARAM_BUFFER_POINTER, params, CU_LAUNCH_PARAM_BUFFER_SIZE, &size, CU_LAUNCH_PARAM_END};
	CUresult result = cuCtxSetCurrent(ctx);
	return result ? result : cuLaunchKernel(f, g[0], g[1], g[2], g[3], g[4], g[5], g[6], s, NULL, extra);
}
*/
import "C"

import (
	"errors"
	"fmt"
	"unsafe"

	"example.org/chainrule/device/cuda/driver"
)

// What gorgonia.org/cu lacks.

// maxParams is CUDA's limit of a kernel's parameters in bytes.
const maxParams = 4096

func (c *context) Launch(f driver.Function, cfg driver.Config, params []byte) error {
	const call = "cuLaunchKernel"
	if err := c.open(call); err != nil {
		return err
	}
	if len(params) > maxParams {
		return &driver.Error{Call: call, Code: driver.InvalidValue,
			Detail: fmt.Sprintf("%d bytes of parameters: at most %d are allowed", len(params), maxParams)}
	}
	geometry := [7]C.uint{6: C.uint(cfg.Shared)}
	for i := range 3 {
		geometry[i], geometry[3+i] = C.uint(max(cfg.Grid[i], 1)), C.uint(max(cfg.Block[i], 1))
	}
	return named(call, result(C.launch(as[C.CUcontext](c.ctx), as[C.CUfunction](f), &geometry[0], as[C.CUstream](cfg.Stream),
		unsafe.Pointer(unsafe.SliceData(params)), C.size_t(len(params)))))
}

func (c *context) SetMaxShared(f driver.Function, n int) error {
	return c.do("cuFuncSetAttribute", func() error {
		return result(C.cuFuncSetAttribute(as[C.CUfunction](f), C.CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, C.int(n)))
	})
}

func (c *context) AllocHost(n int) (b []byte, err error) {
	err = c.do("cuMemHostAlloc", func() error {
		var p unsafe.Pointer
		if err := result(C.cuMemHostAlloc(&p, C.size_t(n), 0)); err != nil {
			return err
		}
		b = unsafe.Slice((*byte)(p), n)
		return nil
	})
	return b, err
}

func (c *context) BeginCapture(s driver.Stream) error {
	return c.do("cuStreamBeginCapture", func() error {
		return result(C.cuStreamBeginCapture(as[C.CUstream](s), C.CU_STREAM_CAPTURE_MODE_RELAXED))
	})
}

func (c *context) EndCapture(s driver.Stream) (driver.Graph, error) {
	var captured C.CUgraph
	err := c.do("cuStreamEndCapture", func() error {
		return result(C.cuStreamEndCapture(as[C.CUstream](s), &captured))
	})
	if err != nil {
		return 0, err
	}
	var ready C.CUgraphExec
	err = c.do("cuGraphInstantiateWithFlags", func() error {
		return result(C.cuGraphInstantiateWithFlags(&ready, captured, 0))
	})
	destroyed := c.do("cuGraphDestroy", func() error { return result(C.cuGraphDestroy(captured)) })
	if err == nil && destroyed != nil {
		return 0, errors.Join(destroyed, c.CloseGraph(as[driver.Graph](ready)))
	}
	return as[driver.Graph](ready), err
}

func (c *context) LaunchGraph(g driver.Graph, s driver.Stream) error {
	return c.do("cuGraphLaunch", func() error {
		return result(C.cuGraphLaunch(as[C.CUgraphExec](g), as[C.CUstream](s)))
	})
}

func (c *context) CloseGraph(g driver.Graph) error {
	return c.do("cuGraphExecDestroy", func() error { return result(C.cuGraphExecDestroy(as[C.CUgraphExec](g))) })
}
