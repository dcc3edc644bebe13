//go:build cuda && cgo && linux && (amd64 || arm64)

package cu

import (
	"bytes"
	"errors"
	"fmt"

	"gorgonia.org/cu"

	"example.org/chainrule/device/cuda/driver"
)

func (c *context) Load(ptx []byte) (m driver.Module, err error) {
	log := make([]byte, 8192)
	err = c.do("cuModuleLoadDataEx", func() error {
		loaded, err := cu.LoadDataEx(string(ptx), &cu.JITErrorLogBuffer{Buffer: log})
		m = as[driver.Module](loaded)
		return err
	})
	text, _, _ := bytes.Cut(log, []byte{0})
	if e := (*driver.Error)(nil); errors.As(err, &e) && len(text) > 0 {
		e.Detail = string(text)
	}
	return m, err
}

func (c *context) Unload(m driver.Module) error {
	return c.do("cuModuleUnload", func() error { return as[cu.Module](m).Unload() })
}

func (c *context) Kernel(m driver.Module, name string) (f driver.Function, err error) {
	err = c.do("cuModuleGetFunction", func() error {
		found, err := as[cu.Module](m).Function(name)
		f = as[driver.Function](found)
		return err
	})
	if e := (*driver.Error)(nil); errors.As(err, &e) {
		e.Detail = fmt.Sprintf("kernel %s: %s", name, e.Detail)
	}
	return f, err
}

func (c *context) Attributes(f driver.Function) (a driver.Attributes, err error) {
	for _, attribute := range []struct {
		number cu.FunctionAttribute
		value  *int
	}{
		{cu.NumRegs, &a.Registers}, {cu.SharedSizeBytes, &a.StaticShared}, {cu.LocalSizeBytes, &a.Local}, {cu.FnMaxThreadsPerBlock, &a.MaxThreads},
	} {
		err := c.do("cuFuncGetAttribute", func() (err error) {
			*attribute.value, err = as[cu.Function](f).Attribute(attribute.number)
			return err
		})
		if err != nil {
			return a, err
		}
	}
	return a, nil
}
