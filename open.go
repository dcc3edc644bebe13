package chainrule

import (
	"errors"
	"fmt"
	"runtime"
	"strconv"
	"strings"

	"example.org/chainrule/cpu"
	"example.org/chainrule/device"
	"example.org/chainrule/device/cuda"
	"example.org/chainrule/internal/nearest"
)

// An Option configures Open.
type Option func(*cpu.Options)

// Threads limits the CPU to n workers; 0 takes all cores.
func Threads(n int) Option { return func(o *cpu.Options) { o.Threads = n } }

// Direct keeps the CPU from computing convolutions by Winograd's algorithm; see
// [cpu.Options].
func Direct() Option { return func(o *cpu.Options) { o.Direct = true } }

// An UnknownDeviceError tells of a name that Open does not know.
type UnknownDeviceError struct{ Name string }

func (e *UnknownDeviceError) Error() string {
	meant := strings.Replace(strings.ToLower(e.Name), "gpu", "cuda", 1)
	return fmt.Sprintf("chainrule: there is no device %q: %s", e.Name, nearest.Hint(meant, []string{"auto", "cpu", "cuda", "cuda:1"}))
}

// ErrNoCUDA is why Open("cuda") fails where nobody would expect a GPU.
var ErrNoCUDA = errors.New("this program was built without CUDA (-tags cuda), and the machine has no NVIDIA driver")

// Open returns a device by name: "cpu", "cuda" or "cuda:0" for the first NVIDIA
// GPU, "cuda:1" for the second, or "auto" for the best one here: the first GPU, or
// where there is none the CPU. The error is an *UnknownDeviceError, or says why
// the device cannot be had. The caller closes it.
//
// GPUs need a program built with -tags cuda; see package device/cuda/driver.
func Open(name string, options ...Option) (device.Device, error) {
	if name == "auto" {
		if dev, err := openCUDA(0); err == nil {
			return dev, nil
		}
		name = "cpu"
	}
	if name == "cpu" {
		var o cpu.Options
		for _, set := range options {
			set(&o)
		}
		return cpu.New(o)
	}
	index, ok := gpuIndex(name)
	if !ok {
		return nil, &UnknownDeviceError{Name: name}
	}
	dev, err := openCUDA(index)
	if err != nil {
		return nil, fmt.Errorf("chainrule: device %s: %w", name, err)
	}
	return dev, nil
}

// Describe says in a few words what dev is: "cpu, avx512, 8 threads", or "cuda:0".
func Describe(dev device.Device) string {
	if host, ok := dev.(*cpu.Device); ok {
		return fmt.Sprintf("%s, %v, %d threads", host.Name(), host.Level(), host.Threads())
	}
	return dev.Name()
}

// gpuIndex is the number in "cuda:1", and 0 for "cuda".
func gpuIndex(name string) (int, bool) {
	number, ok := strings.CutPrefix(name, "cuda:")
	if !ok {
		return 0, name == "cuda"
	}
	index, err := strconv.ParseUint(number, 10, 16)
	return int(index), err == nil
}

func openCUDA(index int) (device.Device, error) {
	drv, err := cudaDriver()
	if err != nil {
		return nil, err
	}
	return cuda.Open(drv, index, cuda.Options{})
}

// A Description is a device that Open knows, or the reason why it is missing.
type Description struct {
	Name    string
	Detail  string
	Missing string // empty where the device can be opened
}

// Devices describes what this machine has: the CPU, and its GPUs or why there is
// none.
func Devices() ([]Description, error) {
	dev, err := cpu.New(cpu.Options{})
	if err != nil {
		return nil, err
	}
	defer dev.Close()
	detail := fmt.Sprintf("%s/%s, %d threads, %v kernels", runtime.GOOS, runtime.GOARCH, dev.Threads(), dev.Level())
	return append([]Description{{Name: dev.Name(), Detail: detail}}, gpus()...), nil
}

func gpus() []Description {
	drv, err := cudaDriver()
	if err != nil {
		return []Description{{Name: "cuda", Missing: err.Error()}}
	}
	count, err := drv.Count()
	if err == nil && count == 0 {
		err = fmt.Errorf("the CUDA driver sees no GPU")
	}
	if err != nil {
		return []Description{{Name: "cuda", Missing: err.Error()}}
	}
	version, err := drv.Version()
	var found []Description
	for i := range count {
		d := Description{Name: fmt.Sprintf("cuda:%d", i)}
		p, failed := drv.Properties(i)
		if err == nil {
			err = failed
		}
		if err != nil {
			d.Missing = err.Error()
		} else {
			d.Detail = fmt.Sprintf("%s, compute capability %d.%d, %d MiB, driver for CUDA %d.%d",
				p.Name, p.Major, p.Minor, p.Memory>>20, version/1000, version%1000/10)
		}
		found = append(found, d)
	}
	return found
}
