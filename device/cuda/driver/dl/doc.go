// Package dl calls the CUDA driver without cgo, through purego: a machine that has
// Go and an NVIDIA driver needs nothing else, and any system builds for it.
//
//	CGO_ENABLED=0 go build -tags cuda ./cmd/chainrule
//
// The driver is libcuda.so.1 on Linux, and on Windows nvcuda.dll of the system's
// folder. Without the build tag cuda this package is empty.
package dl
