package cuda

import (
	"math"
	"math/rand/v2"
	"testing"

	"example.org/chainrule/cpu"
	"example.org/chainrule/device"

	"github.com/stretchr/testify/require"
)

// TestTeamsCoverRows has every element of every row in one part, and a block of as
// many threads as the kernels count on.
func TestTeamsCoverRows(t *testing.T) {
	for _, rows := range []int{1, 7, 300, 70_000} {
		for _, n := range []int{0, 1, 10, 64, 1000, 1025, 4096, 3_000_000} {
			for _, inner := range []int{1, 3, 64} {
				for _, blocks := range []int{1, enoughBlocks, manyBlocks} {
					g := teamsOf(rows, n, inner).cut(n, inner, blocks)
					require.Equal(t, teamThreads, g.block[0]*g.block[1])
					beside := g.block[1]
					if inner > 1 {
						beside = g.block[0]
					}
					require.GreaterOrEqual(t, g.grid[0]*beside, rows)
					require.GreaterOrEqual(t, g.chunk*g.parts, n)
					require.Less(t, g.chunk*(g.parts-1), max(n, 1), "no part is empty")
					require.Equal(t, g.parts, g.grid[1])
					require.LessOrEqual(t, g.parts, maxParts)
				}
			}
		}
	}
}

// TestTeamTraffic is TestMemoryTraffic for the kernels that work in teams. What a
// second walk along a row finds in the cache counts as loaded.
func TestTeamTraffic(t *testing.T) {
	for _, c := range teamBounds() {
		m := newMeter(t)
		c.call(m)
		require.NoError(t, m.Sync(), c.name)
		require.LessOrEqual(t, perElement(m.loads), 1.1*c.loads+0.3, "%s: bytes loaded for an element", c.name)
		require.LessOrEqual(t, perElement(m.stores), 1.1*c.stores+0.3, "%s: bytes stored for an element", c.name)
		require.Zero(t, m.conflicts, "%s: bank conflicts", c.name)
		require.NoError(t, m.Close())
	}
}

func teamBounds() []memoryBound {
	along, across := device.Reduce{Outer: 12, N: 1024, Inner: 1}, device.Reduce{Outer: 1, N: 192, Inner: 64}
	soft, loss := device.Softmax{Rows: 12, Cols: 1024}, device.CrossEntropy{Rows: 12, Classes: 1024}
	norm := device.BatchNorm{Rows: 192, C: 64, Act: device.Unary{Func: device.ReLU}}
	pool := device.Pool{N: 3, H: 8, W: 8, C: 64, Window: device.Window{KH: 2, KW: 2, StrideH: 2, StrideW: 2, DilationH: 1, DilationW: 1}}
	c := func(m *meter) device.Buffer { return m.floats(norm.C) }
	return []memoryBound{
		{"Reduce", 4, 0, func(m *meter) { m.Reduce(m.dst(12), m.f32(), along) }},
		{"Reduce of columns", 4, 0, func(m *meter) { m.Reduce(m.dst(64), m.f32(), across) }},
		{"Reduce of bfloat16", 2, 0, func(m *meter) { m.Reduce(m.dst(12), m.bf16(), along) }},
		{"ReduceGrad", 0, 4, func(m *meter) { m.ReduceGrad(m.y(), m.floats(12), nil, nil, along) }},
		{"Softmax", 8, 4, func(m *meter) { m.Softmax(m.y(), m.f32(), soft) }},
		{"SoftmaxGrad", 16, 4, func(m *meter) { m.SoftmaxGrad(m.y(), m.f32(), m.f32(), soft) }},
		{"CrossEntropy", 4, 0, func(m *meter) {
			m.CrossEntropy(m.dst(12), m.dst(12), m.dst(12), m.f32(), m.ints(12), nil, loss)
		}},
		{"CrossEntropyGrad", 4, 4, func(m *meter) {
			m.CrossEntropyGrad(m.y(), m.floats(12), m.f32(), m.floats(12), m.ints(12), nil, loss)
		}},
		{"MaxPool", 4, 2, func(m *meter) { // of y and index, one for four elements
			m.MaxPool(m.dst(trafficLen/4), device.To(m.ints(trafficLen/4)), m.f32(), pool)
		}},
		{"MaxPoolGrad", 8, 4, func(m *meter) {
			m.MaxPoolGrad(m.y(), m.floats(trafficLen/4), m.ints(trafficLen/4), pool)
		}},
		{"AvgPool", 4, 1, func(m *meter) { m.AvgPool(m.dst(trafficLen/4), m.f32(), pool) }},
		{"AvgPoolGrad", 4, 4, func(m *meter) { m.AvgPoolGrad(m.y(), m.floats(trafficLen/4), pool) }},
		{"Moments", 4, 0, func(m *meter) { m.Moments(device.To(c(m)), device.To(c(m)), m.f32(), norm) }},
		{"BatchNorm", 5, 4, func(m *meter) { // of the constants, which stay in the cache: 1
			m.BatchNorm(m.y(), device.Dst{}, m.f32(), nil, c(m), c(m), c(m), c(m), norm)
		}},
		{"BatchNormGrad", 25, 4, func(m *meter) { // the sums, then dx
			m.BatchNormGrad(m.y(), device.Dst{}, device.To(c(m)), device.To(c(m)), m.f32(), m.f32(), m.f32(), c(m), c(m), c(m), norm)
		}},
	}
}

// TestNaNWins has rows with several NaNs and many ties, along and across: all
// kernels agree with package cpu's on which is first, and how many there are.
func TestNaNWins(t *testing.T) {
	host, err := cpu.New(cpu.Options{})
	require.NoError(t, err)
	defer host.Close()
	gpu := simulators(t)[0].open(t, 0)
	defer func() { require.NoError(t, gpu.Close()) }()
	for _, s := range []device.Reduce{{Outer: 12, N: 99, Inner: 1}, {Outer: 12, N: 100, Inner: 1}, {Outer: 2, N: 100, Inner: 6}} {
		want, wantMax, wantGrad := winners(t, host, s)
		got, max, grad := winners(t, gpu, s)
		require.Equal(t, want, got, "ArgMax: %+v", s)
		require.InDeltaSlice(t, wantMax, max, 0, "Max: %+v", s)
		require.InDeltaSlice(t, wantGrad, grad, 1e-7, "ReduceGrad: %+v", s)
	}
}

// winners is ArgMax, Max and its derivative by d of whole numbers among NaNs.
func winners(t *testing.T, d device.Device, s device.Reduce) (argMax []int32, max, grad []float32) {
	rng, rows := rand.New(rand.NewPCG(1, 2)), s.Outer*s.Inner
	x, dy := make([]float32, rows*s.N), make([]float32, rows)
	for i := range x {
		x[i] = float32(rng.IntN(5))
		if rng.IntN(40) == 0 {
			x[i] = float32(math.NaN())
		}
	}
	for i := range dy {
		dy[i] = 1
	}
	at, from, r := uploaded(t, d, make([]int32, rows)), uploaded(t, d, x), rowResults{t, d, map[string][]float32{}}
	argMax = make([]int32, rows)
	d.ArgMax(device.To(at), from, s)
	require.NoError(t, d.Download(argMax, at))
	s.Func = device.Max
	y := r.of("max", rows, func(y device.Dst) { d.Reduce(y, from, s) })
	r.of("grad", len(x), func(dx device.Dst) { d.ReduceGrad(dx, uploaded(t, d, dy), from, y, s) })
	return argMax, r.results["max"], r.results["grad"]
}

// TestLongRows has rows that a block takes, not a warp: of groups of four elements,
// and of single ones.
func TestLongRows(t *testing.T) {
	host, err := cpu.New(cpu.Options{})
	require.NoError(t, err)
	defer host.Close()
	for _, n := range []int{2052, 2051} {
		gpu := simulators(t)[0].open(t, 0)
		want, got := longRows(t, host, n), longRows(t, gpu, n)
		for name, scale := range longRowScales {
			require.InDeltaSlice(t, want[name], got[name], scale*float64(n)*0x1p-24, "%s of %d", name, n)
		}
		require.Equal(t, []float32{2}, got["hits"])
		require.NoError(t, gpu.Close())
	}
}

// longRowScales are the magnitudes of results: a sum of n terms is good to n
// roundings of it.
var longRowScales = map[string]float64{
	"softmax": 2e-3, "log softmax": 1, "softmax grad": 4e-3, "log softmax grad": 2,
	"loss": 20, "lse": 1, "dlogits": 4e-3,
}

// longRows is what d makes of two rows of n logits.
func longRows(t *testing.T, d device.Device, n int) map[string][]float32 {
	rng := rand.New(rand.NewPCG(uint64(n), 1))
	uniform := func(n int, lo, hi float32) device.Buffer {
		v := make([]float32, n)
		for i := range v {
			v[i] = lo + (hi-lo)*rng.Float32()
		}
		return uploaded(t, d, v)
	}
	r := rowResults{t, d, map[string][]float32{}}
	x, dy := uniform(2*n, -1, 1), uniform(2*n, -1, 1)
	for _, log := range []bool{false, true} {
		name, s := map[bool]string{false: "softmax", true: "log softmax"}[log], device.Softmax{Rows: 2, Cols: n, Log: log}
		y := r.of(name, 2*n, func(y device.Dst) { d.Softmax(y, x, s) })
		r.of(name+" grad", 2*n, func(dx device.Dst) { d.SoftmaxGrad(dx, dy, y, s) })
	}
	s := device.CrossEntropy{Rows: 2, Classes: n, Smoothing: 0.1, Ignore: -1}
	weights, dloss, labels := uniform(n, 0, 2), uniform(2, 0, 1), uploaded(t, d, []int32{int32(n / 3), int32(n - 1)})
	r.of("loss", 2, func(loss device.Dst) { d.CrossEntropy(loss, device.Dst{}, device.Dst{}, x, labels, weights, s) })
	lse := r.of("lse", 2, func(lse device.Dst) { d.CrossEntropy(device.Dst{}, device.Dst{}, lse, x, labels, weights, s) })
	r.of("dlogits", 2*n, func(dx device.Dst) { d.CrossEntropyGrad(dx, dloss, x, lse, labels, weights, s) })

	largest := uploaded(t, d, []int32{-1, -1})
	d.ArgMax(device.To(largest), x, device.Reduce{Outer: 2, N: n, Inner: 1})
	r.of("hits", 1, func(hits device.Dst) { d.Hits(hits, x, largest, device.Softmax{Rows: 2, Cols: n}) })
	return r.results
}

// rowResults downloads results by name.
type rowResults struct {
	t       *testing.T
	d       device.Device
	results map[string][]float32
}

// of calls f with a destination of n floats, which it returns.
func (r rowResults) of(name string, n int, f func(y device.Dst)) device.Buffer {
	y := uploaded(r.t, r.d, make([]float32, n))
	f(device.To(y))
	r.results[name] = make([]float32, n)
	require.NoError(r.t, r.d.Download(r.results[name], y), name)
	return y
}
