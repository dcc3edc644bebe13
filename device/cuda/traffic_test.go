package cuda

import (
	"testing"

	"example.org/chainrule/device"
	"example.org/chainrule/device/cuda/driver/sim"

	"github.com/stretchr/testify/require"
)

// A memoryBound is a call whose speed is that of memory: the bytes it may load and
// store for each of trafficLen elements, no operand twice.
type memoryBound struct {
	name          string
	loads, stores float64
	call          func(m *meter)
}

const trafficLen = 96 * 128 // elements of each operand

func memoryBounds() []memoryBound {
	relu, same := device.Unary{Func: device.ReLU}, device.Binary{Func: device.Mul, Dims: device.Dims{1, 1, 1, 1, 96, 128}}
	bias := same
	bias.RepeatB[4] = true
	transposed := device.Permute{Dims: device.Dims{1, 1, 1, 1, 96, 128}, Axes: [...]int{0, 1, 2, 3, 5, 4}}
	half := device.Block{Rows: 96, Cols: 64, YStride: 64, XStride: 128, XOffset: 64}
	return []memoryBound{
		{"Unary", 4, 4, func(m *meter) { m.Unary(m.y(), m.f32(), relu) }},
		{"Unary bfloat16", 2, 2, func(m *meter) { m.Unary(device.To(m.bf16()), m.bf16(), relu) }},
		{"Unary added to", 8, 4, func(m *meter) { m.Unary(device.Onto(m.f32()), m.f32(), relu) }},
		{"UnaryGrad", 8, 4, func(m *meter) { m.UnaryGrad(m.y(), m.f32(), m.f32(), relu) }},
		{"Binary", 8, 4, func(m *meter) { m.Binary(m.y(), m.f32(), m.f32(), same) }},
		{"BinaryGrad", 12, 8, func(m *meter) { m.BinaryGrad(m.y(), m.y(), m.f32(), m.f32(), m.f32(), same) }},
		{"BinaryGrad by a bias", 8, 1, func(m *meter) { // stored: a sector for 32 terms
			m.BinaryGrad(device.Dst{}, m.dst(128), m.f32(), m.f32(), m.floats(128), bias)
		}},
		{"Convert", 4, 2, func(m *meter) { m.Convert(device.To(m.bf16()), m.f32()) }},
		{"Fill", 0, 4, func(m *meter) { m.Fill(m.y(), 1) }},
		{"Normalize", 3, 4, func(m *meter) { // of scale and shift, which stay in the cache: 2
			m.Normalize(m.y(), m.buffer(device.Uint8, trafficLen, make([]uint8, trafficLen)), m.floats(4), m.floats(4))
		}},
		{"Dropout", 4, 4, func(m *meter) { m.Dropout(m.y(), m.f32(), m.ints(4), device.Dropout{P: 0.5}) }},
		{"Permute", 4, 4, func(m *meter) { m.Permute(m.y(), m.f32(), transposed) }},
		{"CopyBlock", 2, 2, func(m *meter) { m.CopyBlock(m.dst(trafficLen/2), m.f32(), half) }},
		{"Gate", 4, 0, func(m *meter) { m.Gate(m.ints(device.ControlWords), m.f32(), nil, device.Gate{}) }},
		{"Lerp", 8, 4, func(m *meter) { m.Lerp(m.f32(), m.f32(), device.Lerp{T: 0.5, Scale: 1}) }},
	}
}

// TestMemoryTraffic holds kernels to the bytes of their operands, each moved once,
// and a tenth for what elements share; and the tiles of Permute to no bank
// conflicts.
func TestMemoryTraffic(t *testing.T) {
	for _, c := range memoryBounds() {
		m := newMeter(t)
		c.call(m)
		require.NoError(t, m.Sync(), c.name)
		require.LessOrEqual(t, perElement(m.loads), 1.1*c.loads+0.1, "%s: bytes loaded for an element", c.name)
		require.LessOrEqual(t, perElement(m.stores), 1.1*c.stores+0.1, "%s: bytes stored for an element", c.name)
		require.Zero(t, m.conflicts, "%s: bank conflicts", c.name)
		require.NoError(t, m.Close())
	}
}

// TestFunctionsAskLittle holds functions that are bound by memory to the instructions
// that an element may take.
func TestFunctionsAskLittle(t *testing.T) {
	for _, c := range []struct {
		function device.UnaryFunc
		value    float64 // instructions of a thread for each element
		grad     float64
	}{
		{device.ReLU, 13, 16}, {device.GELU, 100, 120},
	} {
		f := device.Unary{Func: c.function}
		m := newMeter(t)
		m.Unary(m.y(), m.f32(), f)
		require.LessOrEqual(t, m.perElement(), c.value, "%v", c.function)
		m.instructions = 0
		m.UnaryGrad(m.y(), m.f32(), m.f32(), f)
		require.LessOrEqual(t, m.perElement(), c.grad, "%v, derivative", c.function)
		require.NoError(t, m.Close())
	}
}

// perElement waits, and gives the instructions of a thread for each element.
func (m *meter) perElement() float64 {
	require.NoError(m.t, m.Sync())
	return 32 * float64(m.instructions) / trafficLen
}

func perElement(sectors uint64) float64 { return 32 * float64(sectors) / trafficLen }

// A meter is a simulated device that adds up what its kernels move: sectors of 32
// bytes, and passes over shared memory beyond the least.
type meter struct {
	*Device
	t                        *testing.T
	loads, stores, conflicts uint64
	instructions             uint64 // of warps
}

func newMeter(t *testing.T) *meter {
	m := &meter{t: t}
	d, err := Open(sim.New(sim.Options{OnLaunch: func(l sim.Launch) {
		m.instructions += l.Issued()
		m.loads += l.GlobalLoads.Sectors
		m.stores += l.GlobalStores.Sectors
		m.conflicts += l.SharedLoads.Conflicts + l.SharedStores.Conflicts
	}}), 0, Options{Exact: true})
	require.NoError(t, err)
	m.Device = d
	return m
}

func (m *meter) buffer(dtype device.DType, n int, contents any) device.Buffer {
	b, err := m.Alloc(dtype, n)
	require.NoError(m.t, err)
	m.Upload(b, contents)
	return b
}

func (m *meter) floats(n int) device.Buffer {
	return m.buffer(device.Float32, n, make([]float32, n))
}
func (m *meter) ints(n int) device.Buffer { return m.buffer(device.Int32, n, make([]int32, n)) }
func (m *meter) f32() device.Buffer       { return m.floats(trafficLen) }
func (m *meter) bf16() device.Buffer {
	return m.buffer(device.BFloat16, trafficLen, make([]float32, trafficLen))
}
func (m *meter) dst(n int) device.Dst { return device.To(m.floats(n)) }
func (m *meter) y() device.Dst        { return m.dst(trafficLen) }
