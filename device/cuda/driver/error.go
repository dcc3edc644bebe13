package driver

import "fmt"

// A Code is a result of the CUDA driver (CUresult).
type Code int

// The results that package cuda tells apart; the others have a number.
const (
	Success            Code = 0
	InvalidValue       Code = 1
	OutOfMemory        Code = 2
	NotInitialized     Code = 3
	Deinitialized      Code = 4
	NoDevice           Code = 100
	InvalidDevice      Code = 101
	InvalidContext     Code = 201
	NoBinaryForGPU     Code = 209
	InvalidPTX         Code = 218
	UnsupportedPTX     Code = 222
	InvalidHandle      Code = 400
	NotFound           Code = 500
	NotReady           Code = 600
	IllegalAddress     Code = 700
	LaunchOutOfRes     Code = 701
	LaunchTimeout      Code = 702
	MisalignedAddress  Code = 716
	LaunchFailed       Code = 719
	CaptureUnsupported Code = 900
	CaptureInvalidated Code = 901
	Unknown            Code = 999
)

func (c Code) String() string {
	if s := names[c]; s != "" {
		return s
	}
	return fmt.Sprintf("CUDA_ERROR_%d", int(c))
}

// An Error is a driver call that failed.
type Error struct {
	Call   string // such as "cuMemAlloc"
	Code   Code
	Detail string // what more is known: the PTX compiler's log, the simulator's finding
}

func (e *Error) Error() string {
	s := fmt.Sprintf("driver: %s: %v", e.Call, e.Code)
	if e.Detail != "" {
		s += ": " + e.Detail
	}
	return s
}

// names are the driver's own (cuGetErrorName).
var names = map[Code]string{
	Success: "CUDA_SUCCESS", InvalidValue: "CUDA_ERROR_INVALID_VALUE", OutOfMemory: "CUDA_ERROR_OUT_OF_MEMORY",
	NotInitialized: "CUDA_ERROR_NOT_INITIALIZED", Deinitialized: "CUDA_ERROR_DEINITIALIZED", NoDevice: "CUDA_ERROR_NO_DEVICE",
	InvalidDevice: "CUDA_ERROR_INVALID_DEVICE", InvalidContext: "CUDA_ERROR_INVALID_CONTEXT",
	NoBinaryForGPU: "CUDA_ERROR_NO_BINARY_FOR_GPU", InvalidPTX: "CUDA_ERROR_INVALID_PTX", UnsupportedPTX: "CUDA_ERROR_UNSUPPORTED_PTX_VERSION",
	InvalidHandle: "CUDA_ERROR_INVALID_HANDLE", NotFound: "CUDA_ERROR_NOT_FOUND", NotReady: "CUDA_ERROR_NOT_READY",
	IllegalAddress: "CUDA_ERROR_ILLEGAL_ADDRESS", LaunchOutOfRes: "CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES", LaunchTimeout: "CUDA_ERROR_LAUNCH_TIMEOUT",
	MisalignedAddress: "CUDA_ERROR_MISALIGNED_ADDRESS", LaunchFailed: "CUDA_ERROR_LAUNCH_FAILED",
	CaptureUnsupported: "CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED", CaptureInvalidated: "CUDA_ERROR_STREAM_CAPTURE_INVALIDATED",
	Unknown: "CUDA_ERROR_UNKNOWN",
}
