//go:build cuda && cgo && linux && (amd64 || arm64)

package chainrule

import (
	"example.org/chainrule/device/cuda/driver"
	"example.org/chainrule/device/cuda/driver/cu"
)

// cudaDriver calls the driver through gorgonia.org/cu.
func cudaDriver() (driver.Driver, error) { return cu.New() }
