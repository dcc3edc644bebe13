//go:build cuda && (linux || windows) && (amd64 || arm64)

package dl

import "strings"

// A function is one of the driver's.
type function int

const (
	cuInit function = iota
	cuGetErrorString
	cuDriverGetVersion
	cuDeviceGet
	cuDeviceGetAttribute
	cuDeviceGetCount
	cuDeviceGetName
	cuDeviceTotalMem
	cuCtxCreate
	cuCtxDestroy
	cuCtxPopCurrent
	cuCtxSetCurrent
	cuMemAlloc
	cuMemFree
	cuMemFreeHost
	cuMemGetInfo
	cuMemHostAlloc
	cuMemcpyDtoDAsync
	cuMemcpyDtoHAsync
	cuMemcpyHtoDAsync
	cuMemsetD32Async
	cuStreamBeginCapture
	cuStreamCreate
	cuStreamDestroy
	cuStreamEndCapture
	cuStreamSynchronize
	cuStreamWaitEvent
	cuEventCreate
	cuEventDestroy
	cuEventElapsedTime
	cuEventQuery
	cuEventRecord
	cuEventSynchronize
	cuGraphDestroy
	cuGraphExecDestroy
	cuGraphInstantiate
	cuGraphLaunch
	cuModuleGetFunction
	cuModuleLoadDataEx
	cuModuleUnload
	cuFuncGetAttribute
	cuFuncSetAttribute
	cuLaunchKernel
	functions // how many there are
)

// symbols are the functions' names in the library: the version that cuda.h picks.
var symbols = [functions]string{
	cuInit:               "cuInit",
	cuGetErrorString:     "cuGetErrorString",
	cuDriverGetVersion:   "cuDriverGetVersion",
	cuDeviceGet:          "cuDeviceGet",
	cuDeviceGetAttribute: "cuDeviceGetAttribute",
	cuDeviceGetCount:     "cuDeviceGetCount",
	cuDeviceGetName:      "cuDeviceGetName",
	cuDeviceTotalMem:     "cuDeviceTotalMem_v2",
	cuCtxCreate:          "cuCtxCreate_v2",
	cuCtxDestroy:         "cuCtxDestroy_v2",
	cuCtxPopCurrent:      "cuCtxPopCurrent_v2",
	cuCtxSetCurrent:      "cuCtxSetCurrent",
	cuMemAlloc:           "cuMemAlloc_v2",
	cuMemFree:            "cuMemFree_v2",
	cuMemFreeHost:        "cuMemFreeHost",
	cuMemGetInfo:         "cuMemGetInfo_v2",
	cuMemHostAlloc:       "cuMemHostAlloc",
	cuMemcpyDtoDAsync:    "cuMemcpyDtoDAsync_v2",
	cuMemcpyDtoHAsync:    "cuMemcpyDtoHAsync_v2",
	cuMemcpyHtoDAsync:    "cuMemcpyHtoDAsync_v2",
	cuMemsetD32Async:     "cuMemsetD32Async",
	cuStreamBeginCapture: "cuStreamBeginCapture_v2",
	cuStreamCreate:       "cuStreamCreate",
	cuStreamDestroy:      "cuStreamDestroy_v2",
	cuStreamEndCapture:   "cuStreamEndCapture",
	cuStreamSynchronize:  "cuStreamSynchronize",
	cuStreamWaitEvent:    "cuStreamWaitEvent",
	cuEventCreate:        "cuEventCreate",
	cuEventDestroy:       "cuEventDestroy_v2",
	cuEventElapsedTime:   "cuEventElapsedTime",
	cuEventQuery:         "cuEventQuery",
	cuEventRecord:        "cuEventRecord",
	cuEventSynchronize:   "cuEventSynchronize",
	cuGraphDestroy:       "cuGraphDestroy",
	cuGraphExecDestroy:   "cuGraphExecDestroy",
	cuGraphInstantiate:   "cuGraphInstantiateWithFlags",
	cuGraphLaunch:        "cuGraphLaunch",
	cuModuleGetFunction:  "cuModuleGetFunction",
	cuModuleLoadDataEx:   "cuModuleLoadDataEx",
	cuModuleUnload:       "cuModuleUnload",
	cuFuncGetAttribute:   "cuFuncGetAttribute",
	cuFuncSetAttribute:   "cuFuncSetAttribute",
	cuLaunchKernel:       "cuLaunchKernel",
}

// String is the name in the manual, such as "cuMemAlloc".
func (f function) String() string { return strings.TrimSuffix(symbols[f], "_v2") }
