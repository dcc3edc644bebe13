package cuda

import (
	"strings"

	"example.org/chainrule/device/cuda/driver"
	"example.org/chainrule/kernels"
)

// A kernelName is <stem>_<what>_<column>, in kernels/<stem>.cu; what may be the
// contract's name of a function, and is in small letters there.
type kernelName struct{ stem, what, column string }

func (n kernelName) String() string {
	name := n.stem
	for _, part := range []string{n.what, n.column} {
		if part != "" {
			name += "_" + strings.ToLower(part)
		}
	}
	return name
}

// modules hold the kernels that have been used: a stem's PTX is loaded, which
// compiles it, at its first use, so that opening a device is quick.
type modules struct {
	loaded  map[string]driver.Module // by stem
	kernels map[kernelName]driver.Function
	last    kernelName // launched
}

func newModules() modules {
	return modules{loaded: map[string]driver.Module{}, kernels: map[kernelName]driver.Function{}}
}

// kernel finds a kernel, whose launches take so many bytes of dynamic shared memory,
// always as many.
func (d *Device) kernel(n kernelName, shared int) (driver.Function, error) {
	if f, ok := d.kernels[n]; ok {
		return f, nil
	}
	module, err := d.module(n.stem)
	if err != nil {
		return 0, err
	}
	f, err := d.ctx.Kernel(module, n.String())
	if err == nil && shared > d.properties.SharedPerBlock {
		err = d.ctx.SetMaxShared(f, shared)
	}
	if err == nil {
		d.kernels[n] = f
	}
	return f, err
}

// module is a stem's module.
func (d *Device) module(stem string) (driver.Module, error) {
	if m, ok := d.loaded[stem]; ok {
		return m, nil
	}
	ptx, err := kernels.PTX(stem)
	if err != nil {
		return 0, err
	}
	var m driver.Module
	err = d.makeRoom(int64(len(ptx)), func() (err error) {
		m, err = d.ctx.Load(ptx)
		return err
	})
	if err == nil {
		d.loaded[stem] = m
	}
	return m, err
}
