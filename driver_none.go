//go:build !cuda

package chainrule

import (
	"fmt"

	"example.org/chainrule/device/cuda/driver"
)

// cudaDriver says how to build a program that uses the GPU.
func cudaDriver() (driver.Driver, error) {
	if file := driver.Installed(); file != "" {
		return nil, fmt.Errorf("this program was built without CUDA, and the machine has an NVIDIA driver (%s): CGO_ENABLED=0 go run -tags cuda ./cmd/chainrule uses it", file)
	}
	return nil, ErrNoCUDA
}
