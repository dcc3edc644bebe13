package chainrule_test

import (
	"maps"
	"slices"

	"example.org/chainrule/backward"
	"example.org/chainrule/cpu"
	"example.org/chainrule/device"
	"example.org/chainrule/device/cuda"
	"example.org/chainrule/device/cuda/driver/sim"
	"example.org/chainrule/tensor"

	"github.com/stretchr/testify/require"
)

// A backend is a device to hold against PyTorch.
type backend struct {
	name string
	open func(*golden) device.Device
}

// backends are the CPU and the simulated GPU, their unused memory poisoned.
var backends = []backend{{"cpu", openCPU}, {"cuda", openCUDA}}

func openCPU(c *golden) device.Device {
	dev, err := cpu.New(cpu.Options{})
	require.NoError(c, err)
	dev.Poison(true)
	return dev
}

// simulator compiles each kernel once, for all the devices opened on it.
var simulator = sim.New(sim.Options{})

func openCUDA(c *golden) device.Device {
	dev, err := cuda.Open(simulator, 0, cuda.Options{Exact: true})
	require.NoError(c, err)
	dev.Poison(true)
	return dev
}

// closeDevice requires that all memory was given back.
func closeDevice(c *golden, dev device.Device) {
	if !c.Failed() {
		require.Zero(c, dev.Stats().Live, "bytes left in use")
	}
	require.NoError(c, dev.Close())
}

// newParams opens parameters and states of the given values.
func newParams(c *golden, dev device.Device, params, states map[string]array) *backward.Params {
	ps := backward.NewParams()
	values := map[*backward.Param][]float32{}
	for _, name := range slices.Sorted(maps.Keys(params)) {
		p := ps.Param(name, backward.Plain(params[name].shape...), backward.Constant(0))
		values[p] = narrow(params[name].values)
	}
	for _, name := range slices.Sorted(maps.Keys(states)) {
		p := ps.State(name, backward.Plain(states[name].shape...), backward.Constant(0))
		values[p] = narrow(states[name].values)
	}
	require.NoError(c, ps.Open(dev, 1))
	require.NoError(c, ps.SetStored(values))
	return ps
}

// upload copies a to dev.
func upload(c *golden, dev device.Device, a array, t device.DType) *tensor.Tensor {
	x, err := tensor.New(dev, t, a.shape...)
	require.NoError(c, err)
	if t == device.Int32 {
		whole := make([]int32, len(a.values))
		for i, v := range a.values {
			whole[i] = int32(v)
		}
		require.NoError(c, tensor.Set(x, whole))
	} else {
		require.NoError(c, tensor.Set(x, a.values))
	}
	return x
}

func valueOf(c *golden, v *backward.Var) array {
	x, err := v.Value()
	require.NoError(c, err)
	return download(c, x)
}

func download(c *golden, x *tensor.Tensor) array {
	values, err := x.Float64s()
	require.NoError(c, err)
	return array{x.Shape(), values}
}

// narrow is exact for inputs: the golden ones are float32 numbers.
func narrow(values []float64) []float32 {
	w := make([]float32, len(values))
	for i, v := range values {
		w[i] = float32(v)
	}
	return w
}
