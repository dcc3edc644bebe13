//go:build cuda && (linux || windows) && (amd64 || arm64)

package dl

import (
	"fmt"
	"unsafe"

	"github.com/ebitengine/purego"

	"example.org/chainrule/device/cuda/driver"
)

// A libcuda is the loaded library. A function that it lacks has no address.
type libcuda struct{ addresses [functions]uintptr }

var _ driver.Driver = (*libcuda)(nil)

// New loads the CUDA driver of this system. The error says that there is none,
// or is the *driver.Error of a driver that does not start.
func New() (driver.Driver, error) {
	l, err := load(library)
	if err != nil {
		return nil, err
	}
	if err := l.call(cuInit, 0); err != nil {
		return nil, err
	}
	return l, nil
}

// load finds the functions of a library.
func load(name string) (*libcuda, error) {
	handle, err := open(name)
	if err != nil {
		return nil, fmt.Errorf("dl: no CUDA driver on this system: %w", err)
	}
	l := &libcuda{}
	for f, symbol := range symbols {
		l.addresses[f] = address(handle, symbol)
	}
	return l, nil
}

// call calls a function of the driver.
//
//go:uintptrescapes
func (l *libcuda) call(f function, args ...uintptr) error {
	if l.addresses[f] == 0 {
		return &driver.Error{Call: f.String(), Code: driver.NotFound, Detail: "this CUDA driver is too old to have it"}
	}
	r, _, _ := purego.SyscallN(l.addresses[f], args...)
	code := driver.Code(int32(r)) // CUresult is an int
	if code == driver.Success {
		return nil
	}
	return &driver.Error{Call: f.String(), Code: code, Detail: l.describe(code)}
}

// describe is the driver's own sentence about a result.
func (l *libcuda) describe(code driver.Code) string {
	var text *byte
	if l.addresses[cuGetErrorString] != 0 {
		purego.SyscallN(l.addresses[cuGetErrorString], uintptr(code), uintptr(unsafe.Pointer(&text)))
	}
	return goString(text)
}

// goString copies C's string; nil is an empty one.
func goString(c *byte) string {
	if c == nil {
		return ""
	}
	n := 0
	for *(*byte)(unsafe.Add(unsafe.Pointer(c), n)) != 0 {
		n++
	}
	return string(unsafe.Slice(c, n))
}

// cString ends a string as C's do.
func cString[S string | []byte](s S) *byte { return &append([]byte(s), 0)[0] }
