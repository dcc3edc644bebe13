package bench

import (
	"runtime"
	"slices"
	"testing"

	"example.org/chainrule"
	"example.org/chainrule/device"
	"example.org/chainrule/nn"

	"github.com/stretchr/testify/require"
)

// The models of the step benchmarks, at sizes for tests.
var smallModels = []stepModel{
	{"lenet", nn.Input{Height: 16, Width: 16, Channels: 1}, 4, sgd},
	{"resnet20", nn.Input{Height: 16, Width: 16, Channels: 3}, 4, sgd},
	{"mlp", nn.Input{Height: 16, Width: 16, Channels: 1}, 4, adam},
}

var precisions = []device.DType{device.Float32, device.BFloat16}

// onSmallModels runs f for every small model and precision.
func onSmallModels(t *testing.T, f func(t *testing.T, start func(dev device.Device) *step)) {
	for _, m := range smallModels {
		for _, precision := range precisions {
			t.Run(m.name+"/"+precision.String(), func(t *testing.T) {
				f(t, func(dev device.Device) *step {
					return newStep(t, dev, m, precision)
				})
			})
		}
	}
}

// TestReplayedStepAllocatesNothing: no Go memory in a replayed step, and no
// device memory after the second step, eager or replayed.
func TestReplayedStepAllocatesNothing(t *testing.T) {
	onSmallModels(t, func(t *testing.T, start func(dev device.Device) *step) {
		dev := open(t, "auto")
		s := start(dev)
		require.NoError(t, s.run())
		require.Zero(t, growth(t, dev, s.run), "device blocks for eager steps")
		replay := s.record(t)
		require.Zero(t, growth(t, dev, replay.Run), "device blocks for replayed steps")
		allocs := testing.AllocsPerRun(5, func() { _ = replay.Run() })
		require.NoError(t, dev.Err())
		require.Zero(t, allocs, "allocations of Go memory in a replayed step")
	})
}

// growth is how many blocks of device memory steps take after one of them.
func growth(t *testing.T, dev device.Device, run func() error) int64 {
	require.NoError(t, run())
	before := dev.Stats().Allocs
	for range 3 {
		require.NoError(t, run())
	}
	return dev.Stats().Allocs - before
}

// TestStepsAreTheSameBits: ten steps give the same weights and statistics,
// eager or replayed, on any number of workers and processors.
func TestStepsAreTheSameBits(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	onSmallModels(t, func(t *testing.T, start func(dev device.Device) *step) {
		var want [][]float32
		for _, c := range []struct{ threads, processors int }{{1, 1}, {2, 1}, {2, 2}, {3, 2}} {
			runtime.GOMAXPROCS(c.processors)
			for _, train := range []func(testing.TB, *step){trainEager, trainReplayed} {
				s := start(open(t, "cpu", chainrule.Threads(c.threads)))
				first := weights(t, s)
				train(t, s)
				if want == nil {
					want = weights(t, s)
					require.False(t, equal(first, want), "nothing was learned")
				}
				require.True(t, equal(want, weights(t, s)), "%+v", c)
			}
		}
	})
}

func trainEager(tb testing.TB, s *step) {
	for range 10 {
		require.NoError(tb, s.run())
	}
}

func trainReplayed(tb testing.TB, s *step) {
	replay := s.record(tb) // takes the first step
	for range 9 {
		require.NoError(tb, replay.Run())
	}
}

// weights are the parameters and running statistics, in the model's order.
func weights(tb testing.TB, s *step) (all [][]float32) {
	for p := range s.model.Params.All() {
		v, err := p.Stored()
		require.NoError(tb, err)
		all = append(all, v)
	}
	return all
}

// equal compares by itself: testify would print millions of numbers.
func equal(a, b [][]float32) bool { return slices.EqualFunc(a, b, slices.Equal[[]float32]) }
