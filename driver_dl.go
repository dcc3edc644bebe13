//go:build cuda && !(cgo && linux && (amd64 || arm64))

package chainrule

import (
	"example.org/chainrule/device/cuda/driver"
	"example.org/chainrule/device/cuda/driver/dl"
)

// cudaDriver calls the driver without cgo.
func cudaDriver() (driver.Driver, error) { return dl.New() }
