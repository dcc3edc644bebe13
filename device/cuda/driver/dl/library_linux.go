//go:build cuda && (amd64 || arm64)

package dl

import "github.com/ebitengine/purego"

const library = "libcuda.so.1"

func open(name string) (uintptr, error) {
	return purego.Dlopen(name, purego.RTLD_NOW|purego.RTLD_LOCAL)
}

// address finds a symbol; 0 where there is none.
func address(library uintptr, symbol string) uintptr {
	p, err := purego.Dlsym(library, symbol)
	if err != nil {
		return 0
	}
	return p
}
