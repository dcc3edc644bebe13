//go:build cuda && cgo && linux && (amd64 || arm64)

package cu

/*
#include <cuda.h>
*/
import "C"

import (
	"errors"

	"gorgonia.org/cu"

	"example.org/chainrule/device/cuda/driver"
)

// number is the type of gorgonia.org/cu's errors, which has no name outside of it.
type number interface {
	~int
	error
}

// result is what C returned, as gorgonia.org/cu has it.
func result(r C.CUresult) error {
	if r == C.CUDA_SUCCESS {
		return nil
	}
	return typed(int(r), cu.Success)
}

func typed[N number](code int, _ N) error { return N(code) }

// codeOf is the number in an error.
func codeOf(err error) driver.Code { return untyped(err, cu.Success) }

func untyped[N number](err error, n N) driver.Code {
	if !errors.As(err, &n) {
		return driver.Unknown
	}
	return driver.Code(n)
}

// named is an error of gorgonia.org/cu with the name of the call and the driver's
// own sentence.
func named(call string, err error) error {
	if err == nil {
		return nil
	}
	e := &driver.Error{Call: call, Code: codeOf(err)}
	var text *C.char
	if C.cuGetErrorString(C.CUresult(e.Code), &text) == C.CUDA_SUCCESS {
		e.Detail = C.GoString(text)
	}
	return e
}
