package cuda

import (
	"fmt"
	"strings"
	"testing"

	"example.org/chainrule/device"
	"example.org/chainrule/device/cuda/driver/sim"

	"github.com/stretchr/testify/require"
)

// Tests of what tiled kernels ask of the hardware, by the simulator's counters:
// a kernel that still computes the right sums cannot lose its speed unseen.

// A tiledCall launches a product's kernel of one kind on zeros.
type tiledCall struct {
	name string
	size []int // of the destination and the sources
	call func(l *launcher, t tile, y device.Dst, a, b device.Buffer)
}

// A tileCounter is a simulated device that keeps what its last tiled kernel did.
type tileCounter struct {
	*Device
	last sim.Launch
}

func newTileCounter(t *testing.T) *tileCounter {
	t.Helper()
	c := &tileCounter{}
	d, err := Open(sim.New(sim.Options{OnLaunch: func(l sim.Launch) {
		if strings.Contains(l.Kernel, "tile") {
			c.last = l
		}
	}}), 0, Options{Exact: true})
	require.NoError(t, err)
	c.Device = d
	t.Cleanup(func() { require.NoError(t, d.Close()) })
	return c
}

// count runs a call with a kind of kernel.
func (c *tileCounter) count(t *testing.T, call tiledCall, kind tile, dtype device.DType) sim.Launch {
	t.Helper()
	var b [3]device.Buffer
	for i, n := range call.size {
		var err error
		b[i], err = c.Alloc(dtype, n)
		require.NoError(t, err)
		c.Upload(b[i], make([]float32, n))
	}
	c.last = sim.Launch{}
	c.run(device.Call{Op: call.name}, func(l *launcher) { call.call(l, kind, device.To(b[0]), b[1], b[2]) })
	require.NoError(t, c.Sync())
	for _, buf := range b {
		c.Free(buf)
	}
	require.NotEmpty(t, c.last.Kernel)
	return c.last
}

func matmulCall(m, n, k int, transA, transB bool) tiledCall {
	s := device.MatMul{Batch: 1, M: m, N: n, K: k, TransA: transA, TransB: transB}
	return tiledCall{
		fmt.Sprintf("MatMul %v %v", transA, transB), []int{m * n, m * k, k * n},
		func(l *launcher, t tile, y device.Dst, a, b device.Buffer) {
			l.matmul(t, y, device.Dst{}, a, b, nil, s)
		},
	}
}

func convolutionCalls() []tiledCall {
	s := device.Conv2D{
		N: 4, H: 8, W: 8, C: 64, K: 128, Groups: 1,
		Window: device.Window{KH: 3, KW: 3, StrideH: 1, StrideW: 1, DilationH: 1, DilationW: 1, Top: 1, Bottom: 1, Left: 1, Right: 1},
	}
	x, w, y := 4*8*8*64, 128*9*64, 4*8*8*128
	return []tiledCall{
		{"Conv2D", []int{y, x, w}, func(l *launcher, t tile, y device.Dst, a, b device.Buffer) {
			l.conv2d(t, y, device.Dst{}, a, b, nil, s)
		}},
		{"Conv2DGradInput", []int{x, y, w}, func(l *launcher, t tile, y device.Dst, a, b device.Buffer) {
			l.gradInputTiled(func(product) tile { return t }, y, a, b, s)
		}},
		{"Conv2DGradFilter", []int{w, y, x}, func(l *launcher, t tile, y device.Dst, a, b device.Buffer) {
			l.gradFilter(split{t, 1, 256}, y, a, b, s)
		}},
	}
}

// TestTilesMoveWholeSectors holds the tiled kernels to global memory traffic with
// no byte moved in vain and to shared memory without bank conflicts.
func TestTilesMoveWholeSectors(t *testing.T) {
	on, calls := newTileCounter(t), convolutionCalls()
	for i := range 4 {
		calls = append(calls, matmulCall(128, 256, 64, i&1 > 0, i&2 > 0))
	}
	for _, c := range calls {
		for _, kind := range []tile{tile64, tile128} {
			for _, dtype := range []device.DType{device.Float32, device.BFloat16} {
				l := on.count(t, c, kind, dtype)
				require.Equal(t, 1.0, l.GlobalLoads.Efficiency(), "%s, %s: loads", l.Kernel, c.name)
				require.Equal(t, 1.0, l.GlobalStores.Efficiency(), "%s, %s: stores", l.Kernel, c.name)
				require.Zero(t, l.SharedLoads.Conflicts, "%s, %s", l.Kernel, c.name)
				require.Zero(t, l.SharedStores.Conflicts, "%s, %s", l.Kernel, c.name)
			}
		}
	}
}

// TestTilesMultiply holds the inner loop, the difference between two depths, to
// how much of it multiplies.
func TestTilesMultiply(t *testing.T) {
	on := newTileCounter(t)
	for i := range 4 {
		counted := func(k int, dtype device.DType) sim.Launch {
			return on.count(t, matmulCall(128, 128, k, i&1 > 0, i&2 > 0), tile128, dtype)
		}
		short, long := counted(128, device.Float32), counted(256, device.Float32)
		fused := long.Instructions[sim.Fused] - short.Instructions[sim.Fused]
		require.EqualValues(t, 128*128*128/32, fused, "%s", long.Kernel)
		require.Less(t, float64(long.Issued()-short.Issued())/float64(fused), 1.4, "%s: instructions for each FMA", long.Kernel)

		short, long = counted(128, device.BFloat16), counted(256, device.BFloat16)
		mma := long.MMA - short.MMA
		require.EqualValues(t, 128*128*128/2048, mma, "%s", long.Kernel)
		require.Less(t, float64(long.Issued()-short.Issued())/float64(mma), 5.0, "%s: instructions for each mma", long.Kernel)
	}
}

// TestConvolutionsAddress holds what BFloat16 convolutions take for each mma, most of
// it the places of their operands, to what it is.
func TestConvolutionsAddress(t *testing.T) {
	on := newTileCounter(t)
	most := map[string]map[tile]float64{
		"Conv2D": {tile64: 13, tile128: 8}, "Conv2DGradInput": {tile64: 15, tile128: 10}, "Conv2DGradFilter": {tile64: 18, tile128: 10},
	}
	for _, c := range convolutionCalls() {
		for kind, most := range most[c.name] {
			l := on.count(t, c, kind, device.BFloat16)
			require.Less(t, float64(l.Issued())/float64(l.MMA), most, "%s: instructions for each mma", l.Kernel)
		}
	}
}
