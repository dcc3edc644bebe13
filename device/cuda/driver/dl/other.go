//go:build cuda && !((linux || windows) && (amd64 || arm64))

package dl

import (
	"fmt"
	"runtime"

	"example.org/chainrule/device/cuda/driver"
)

// New says that this system has no CUDA driver.
func New() (driver.Driver, error) {
	return nil, fmt.Errorf("dl: no CUDA driver on this system: NVIDIA makes none for %s/%s", runtime.GOOS, runtime.GOARCH)
}
