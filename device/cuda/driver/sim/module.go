package sim

import (
	"bytes"

	"example.org/chainrule/device/cuda/driver"
	"example.org/chainrule/device/cuda/driver/sim/ptx"
)

// Load compiles PTX and allocates the module's variables.
func (c *context) Load(text []byte) (driver.Module, error) {
	const call = "cuModuleLoadData"
	if err := c.enter(call); err != nil {
		return 0, err
	}
	im, err := c.driver.compile(string(bytes.TrimRight(text, "\x00")))
	if err != nil {
		return 0, err
	}
	m := &module{functions: map[string]driver.Function{}}
	address := map[*ptx.Variable]driver.Ptr{}
	for _, v := range im.variables {
		if v.Space == ptx.Shared || v.Size == 0 {
			continue
		}
		a := c.memory.alloc(v.Size, v.Name)
		if a == nil {
			return 0, fail(call, driver.OutOfMemory, "%d bytes for %s", v.Size, v.Name)
		}
		copy(a.data, v.Init)
		mark(a.written, 0, v.Size)
		address[v] = driver.Ptr(a.base)
		m.variables = append(m.variables, address[v])
	}
	for _, p := range im.programs {
		f := driver.Function(c.handle())
		c.functions[f] = newFunction(p, address)
		m.functions[p.name] = f
	}
	handle := driver.Module(c.handle())
	c.modules[handle] = m
	return handle, nil
}

func (c *context) Unload(h driver.Module) error {
	const call = "cuModuleUnload"
	if err := c.release(call); err != nil {
		return err
	}
	m := c.modules[h]
	if m == nil {
		return fail(call, driver.InvalidHandle, "no module %d", h)
	}
	for _, f := range m.functions {
		delete(c.functions, f)
	}
	for _, p := range m.variables {
		c.memory.release(p)
	}
	delete(c.modules, h)
	return nil
}

func (c *context) Kernel(h driver.Module, name string) (driver.Function, error) {
	const call = "cuModuleGetFunction"
	if err := c.enter(call); err != nil {
		return 0, err
	}
	m := c.modules[h]
	if m == nil {
		return 0, fail(call, driver.InvalidHandle, "no module %d", h)
	}
	f, ok := m.functions[name]
	if !ok {
		return 0, fail(call, driver.NotFound, "no kernel %q", name)
	}
	return f, nil
}

// function finds one.
func (c *context) function(call string, h driver.Function) (*function, error) {
	if f := c.functions[h]; f != nil {
		return f, nil
	}
	return nil, fail(call, driver.InvalidHandle, "no function %d", h)
}

// Attributes knows no registers: PTX has as many as it likes.
func (c *context) Attributes(h driver.Function) (driver.Attributes, error) {
	const call = "cuFuncGetAttribute"
	if err := c.enter(call); err != nil {
		return driver.Attributes{}, err
	}
	f, err := c.function(call, h)
	if err != nil {
		return driver.Attributes{}, err
	}
	return driver.Attributes{
		StaticShared: f.program.shared, Local: f.program.local,
		MaxThreads: c.maxThreads(f.program),
	}, nil
}

// maxThreads is the largest block of a kernel.
func (c *context) maxThreads(p *program) int {
	if p.maxThreads > 0 {
		return p.maxThreads
	}
	return c.driver.options.Properties.MaxThreadsPerBlock
}

func (c *context) SetMaxShared(h driver.Function, n int) error {
	const call = "cuFuncSetAttribute"
	if err := c.enter(call); err != nil {
		return err
	}
	f, err := c.function(call, h)
	if err != nil {
		return err
	}
	if most := c.driver.options.Properties.SharedPerBlockOptin - f.program.shared; n < 0 || n > most {
		return fail(call, driver.InvalidValue, "%d bytes of dynamic shared memory of at most %d", n, most)
	}
	f.maxDynamic = n
	return nil
}

// Launch runs a kernel to its end.
func (c *context) Launch(h driver.Function, cfg driver.Config, params []byte) error {
	const call = "cuLaunchKernel"
	if err := c.enter(call); err != nil {
		return err
	}
	f, err := c.function(call, h)
	if err != nil {
		return err
	}
	for i := range 3 {
		cfg.Grid[i], cfg.Block[i] = max(cfg.Grid[i], 0), max(cfg.Block[i], 0)
		if cfg.Grid[i] == 0 {
			cfg.Grid[i] = 1
		}
		if cfg.Block[i] == 0 {
			cfg.Block[i] = 1
		}
	}
	if err := c.checkLaunch(f, cfg, params); err != nil {
		return err
	}
	params = bytes.Clone(params)
	return c.submit(call, cfg.Stream, func() error { return c.launch(f, cfg, params) })
}

func (c *context) launch(f *function, cfg driver.Config, params []byte) error {
	err := c.machine.run(f, cfg, params)
	if tell := c.driver.options.OnLaunch; tell != nil && err == nil {
		tell(Launch{f.program.name, cfg, c.machine.counters})
	}
	return err
}

// checkLaunch holds a launch to the device's limits, and its parameters to the
// kernel's.
func (c *context) checkLaunch(f *function, cfg driver.Config, params []byte) error {
	const call = "cuLaunchKernel"
	p, limits := f.program, c.driver.options.Properties
	threads := cfg.Block[0] * cfg.Block[1] * cfg.Block[2]
	blocks := float64(cfg.Grid[0]) * float64(cfg.Grid[1]) * float64(cfg.Grid[2])
	shared, static := max(limits.SharedPerBlock, p.shared+f.maxDynamic), p.shared
	switch {
	case len(params) != p.params:
		return fail(call, driver.InvalidValue, "%s takes %d bytes of parameters, not %d", p.name, p.params, len(params))
	case cfg.Block[0] > 1024 || cfg.Block[1] > 1024 || cfg.Block[2] > 64 || threads > c.maxThreads(p):
		return fail(call, driver.InvalidValue, "%s: a block of %v, where at most %d threads are allowed", p.name, cfg.Block, c.maxThreads(p))
	case cfg.Grid[0] > 1<<31-1 || cfg.Grid[1] > 1<<16-1 || cfg.Grid[2] > 1<<16-1:
		return fail(call, driver.InvalidValue, "%s: a grid of %v, where at most 2^31-1, 65535 and 65535 are allowed", p.name, cfg.Grid)
	case cfg.Shared < 0 || static+cfg.Shared > shared:
		return fail(call, driver.InvalidValue, "%s: %d bytes of shared memory, where %d are allowed", p.name, static+cfg.Shared, shared)
	case blocks*float64(threads) >= 1<<31:
		return fail(call, driver.InvalidValue, "%s: more than 2^31 threads, which only hardware can run", p.name)
	}
	return nil
}
