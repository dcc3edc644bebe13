//go:build cuda && cgo && linux && (amd64 || arm64)

package cu

import (
	"unsafe"

	"gorgonia.org/cu"
)

// gorgonia.org/cu keeps each handle of the driver in a struct of its own, which is
// one pointer: none of these compiles otherwise.
const word = unsafe.Sizeof(uintptr(0))

var (
	_ = [1]struct{}{}[unsafe.Sizeof(cu.CUContext{})-word]
	_ = [1]struct{}{}[unsafe.Sizeof(cu.Module{})-word]
	_ = [1]struct{}{}[unsafe.Sizeof(cu.Function{})-word]
	_ = [1]struct{}{}[unsafe.Sizeof(cu.Stream{})-word]
	_ = [1]struct{}{}[unsafe.Sizeof(cu.Event{})-word]
)

// as is a handle in another type of the same word.
func as[T, H any](h H) T { return *(*T)(unsafe.Pointer(&h)) }
