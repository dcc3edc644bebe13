// Package cu calls the CUDA driver through gorgonia.org/cu and, for what that
// lacks, through cgo: captures and graphs, page-locked memory, dynamic shared
// memory, and a launch with packed parameters.
//
//	CGO_ENABLED=1 CGO_CFLAGS="-I$PWD/device/cuda/driver/cu/compat -I$CUDA_HOME/include" \
//		go build -tags cuda ./cmd/chainrule
//
// It is built on Linux with cgo, the build tag cuda and the headers of CUDA 12.4 or
// later; nothing of CUDA is linked. gorgonia.org/cu exits where the driver is missing:
// here trampolines stand for the driver's functions, so that one program starts
// with a driver or without. In any other build this package is empty.
package cu
