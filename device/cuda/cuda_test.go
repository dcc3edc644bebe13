package cuda

import (
	"slices"
	"testing"

	"example.org/chainrule/device"
	"example.org/chainrule/device/cuda/driver/sim"
	"example.org/chainrule/device/devicetest"

	"github.com/stretchr/testify/require"
)

// A simulated is a GPU to run the suite on. The model decides which kernels are
// chosen. The first runs everything at once, warps by number; the second as late
// as it may, warps at random.
type simulated struct {
	name string
	*watchedDriver
}

func simulators(t *testing.T) []simulated {
	a100, err := sim.New(sim.Options{}).Properties(0)
	require.NoError(t, err)
	small := a100
	small.Name, small.Multiprocessors = "Simulated GPU of one multiprocessor", 1
	return []simulated{
		{"A100", watched(sim.New(sim.Options{Properties: a100}))},
		{"Small", watched(lateDriver{sim.New(sim.Options{Properties: small, Seed: 1})})},
	}
}

// open opens the GPU; every tensor is an allocation of its own.
func (s simulated) open(t testing.TB, limit int64) device.Device {
	t.Helper()
	d, err := Open(s, 0, Options{MemoryLimit: limit, Exact: true})
	require.NoError(t, err)
	s.watch(d)
	return d
}

// TestDevice holds the backend to the contract, and the suite to running every
// kernel that there is.
func TestDevice(t *testing.T) {
	launched := map[string]bool{}
	for _, s := range simulators(t) {
		s.launched = launched
		t.Run(s.name, func(t *testing.T) {
			proof := devicetest.Test(t, func(t testing.TB) device.Device { return s.open(t, 0) })
			t.Run("Large", func(t *testing.T) {
				d := s.open(t, 0)
				checkLarge(t, d)
				require.NoError(t, d.Close())
			})
			proof.Hold(t, "../devicetest/PROOF.md", "simulated "+s.name)
		})
	}
	t.Run("EveryKernel", func(t *testing.T) {
		require.Empty(t, never(launched), "kernels that never ran")
	})
}

func TestLimit(t *testing.T) {
	s := simulators(t)[0]
	devicetest.TestLimit(t, s.open)
}

// TestEnds runs kernels that load groups of elements on tensors that end within
// a group, and at the end of their memory.
func TestEnds(t *testing.T) {
	d := simulators(t)[0].open(t, 0)
	defer func() { require.NoError(t, d.Close()) }()
	alloc := func(dtype device.DType, n int) device.Buffer {
		b, err := d.Alloc(dtype, n)
		require.NoError(t, err)
		return b
	}
	scale, shift := alloc(device.Float32, 1), alloc(device.Float32, 1)
	d.Fill(device.To(scale), 1)
	d.Fill(device.To(shift), 0)
	for n := range 10 {
		pixels, moved := alloc(device.Uint8, n), alloc(device.Uint8, n)
		wide, narrow := alloc(device.Float32, n), alloc(device.BFloat16, n)
		d.Upload(pixels, slices.Repeat([]uint8{7}, n))
		d.CopyBlock(device.To(moved), pixels, device.Block{Rows: 1, Cols: n, YStride: n, XStride: n})
		d.Normalize(device.To(wide), moved, scale, shift)
		d.Convert(device.To(narrow), wide)
		d.Unary(device.Onto(narrow), narrow, device.Unary{Func: device.Square})
		d.UnaryGrad(device.Onto(narrow), narrow, narrow, device.Unary{Func: device.Square})
		d.Binary(device.To(wide), narrow, narrow, device.Binary{Func: device.Sub, Dims: device.Dims{1, 1, 1, 1, 1, n}})
		d.Softmax(device.To(narrow), narrow, device.Softmax{Rows: 1, Cols: n})
		require.NoError(t, d.Sync(), "%d elements", n)
	}
}
