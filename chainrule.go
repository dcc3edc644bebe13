// Package chainrule is a tensor engine with backpropagation: it trains neural
// networks from Go.
//
// A complete training step:
//
//	dev, err := chainrule.Open("auto")                 // where to compute
//	model, err := nn.NewClassifier("lenet", nn.Input{Height: 28, Width: 28, Channels: 1}, 10)
//	err = model.Params.Open(dev, 1)                    // memory and first weights, seed 1
//	opt, err := optim.NewSGD(model.Params, 0.01, optim.SGD{Momentum: 0.9})
//
//	tape := backward.NewTape(dev, backward.Mode{Training: true})
//	defer tape.Close()
//	images := backward.From(tape, pixels, 64, 28, 28, 1) // []byte, NHWC
//	labels := backward.From(tape, digits)                // []int32
//	logits := model.Forward(images.Pixels())
//	loss := logits.CrossEntropy(labels, backward.CrossEntropyOptions{})
//	err = loss.Backward()                              // the chain rule
//	err = opt.Step()                                   // moves the weights
//
// Expressions chain without error checks: the first failure sticks to the tape,
// and Backward, Step and Item return it with your line.
//
// Packages, in reading order:
//
//   - backward: Tape, Var and the operations, each beside its derivative
//   - nn: layers, models, weights in PyTorch's names and layouts
//   - optim: SGD, Adam, AdamW, schedules, clipping
//   - tensor: shape on top of device memory; .npy, safetensors, images
//   - data: MNIST, folders of images, batches
//   - train: the loop behind the command
//   - device: the contract that every backend fulfils, a formula per method
//   - device/devicetest: the float64 specification and the conformance suite
//   - cpu: the backend in Go and Go assembly
package chainrule

import (
	"fmt"
	"runtime"
	"strings"

	"example.org/chainrule/cpu"
	"example.org/chainrule/device"
	"example.org/chainrule/internal/nearest"
)

// Version is the release of this module.
const Version = "0.1.0"

// An Option configures Open.
type Option func(*cpu.Options)

// Threads limits the CPU to n workers; 0 takes all cores.
func Threads(n int) Option { return func(o *cpu.Options) { o.Threads = n } }

// An UnknownDeviceError tells of a name that Open does not know.
type UnknownDeviceError struct{ Name string }

func (e *UnknownDeviceError) Error() string {
	if strings.HasPrefix(e.Name, "cuda") {
		return fmt.Sprintf("chainrule: there is no device %q: %s; use cpu", e.Name, noCUDA)
	}
	return fmt.Sprintf("chainrule: there is no device %q: %s", e.Name, nearest.Hint(e.Name, []string{"auto", "cpu"}))
}

const noCUDA = "this version has no CUDA backend"

// Open returns a device by name: "cpu", or "auto" for the best one here. The
// error is an *UnknownDeviceError, or says which option cannot be had. The
// caller closes the device.
func Open(name string, options ...Option) (device.Device, error) {
	if name != "auto" && name != "cpu" {
		return nil, &UnknownDeviceError{Name: name}
	}
	var o cpu.Options
	for _, set := range options {
		set(&o)
	}
	return cpu.New(o)
}

// A Description is a device that Open knows, or the reason why it is missing.
type Description struct {
	Name    string
	Detail  string
	Missing string // empty where the device can be opened
}

// Devices describes what this machine has.
func Devices() ([]Description, error) {
	dev, err := cpu.New(cpu.Options{})
	if err != nil {
		return nil, err
	}
	defer dev.Close()
	return []Description{
		{Name: dev.Name(), Detail: fmt.Sprintf("%s/%s, %d threads, %v kernels", runtime.GOOS, runtime.GOARCH, dev.Threads(), dev.Level())},
		{Name: "cuda", Missing: noCUDA},
	}, nil
}
