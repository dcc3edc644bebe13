package bench

import (
	"testing"

	"example.org/chainrule/device"
	"example.org/chainrule/device/cuda"
	"example.org/chainrule/device/cuda/driver/sim"
	"example.org/chainrule/tensor"

	"github.com/stretchr/testify/require"
)

// TestGPUIsTimedByEvents measures on the simulator, whose events count a microsecond
// for each kernel and whose properties are an A100's: no result, but the way that
// benchmarks go on a GPU.
func TestGPUIsTimedByEvents(t *testing.T) {
	const n = 32
	for _, dtype := range []device.DType{device.Float32, device.BFloat16} {
		flops := map[device.DType]float64{device.Float32: 19.5e12, device.BFloat16: 312e12}[dtype]
		bytes := float64(3 * n * n * dtype.Size())
		result := testing.Benchmark(func(b *testing.B) {
			dev, err := cuda.Open(sim.New(sim.Options{}), 0, cuda.Options{})
			require.NoError(t, err)
			defer func() { require.NoError(t, dev.Close()) }()
			x, y := normal(b, dev, dtype, n, n), empty(b, dev, dtype, n, n)
			measure(b, dev, func() error { return tensor.MatMulInto(tensor.To(y), tensor.Dst{}, x, x, nil, tensor.Product{}) })
		})
		kernel := 1000.0 // ns
		require.InDelta(t, kernel, result.Extra["ns/op"], kernel/2, "an event's microsecond beside %d kernels", result.N)
		took := result.Extra["ns/op"]
		require.InEpsilon(t, 2*n*n*n/took, result.Extra["GFLOP/s"], 1e-6)
		require.InEpsilon(t, bytes/took, result.Extra["GB/s"], 1e-6)
		require.InEpsilon(t, 100*1e9*max(2*n*n*n/flops, bytes/1555.2e9)/took, result.Extra["%peak"], 1e-3)
		require.Zero(t, result.Extra["device-allocs/op"])
	}
}
