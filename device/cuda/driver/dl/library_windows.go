//go:build cuda && (amd64 || arm64)

package dl

import (
	"fmt"

	"golang.org/x/sys/windows"
)

const library = "nvcuda.dll"

// open looks in the system's folder only, so that no other nvcuda.dll is run.
func open(name string) (uintptr, error) {
	h, err := windows.LoadLibraryEx(name, 0, windows.LOAD_LIBRARY_SEARCH_SYSTEM32)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", name, err)
	}
	return uintptr(h), nil
}

// address finds a symbol; 0 where there is none.
func address(library uintptr, symbol string) uintptr {
	p, err := windows.GetProcAddress(windows.Handle(library), symbol)
	if err != nil {
		return 0
	}
	return p
}
