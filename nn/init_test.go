package nn_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/chainrule/backward"
	"example.org/chainrule/device"
	"example.org/chainrule/device/devicetest"
	"example.org/chainrule/nn"
)

// drawn are the first values of a weight as they lie in a file.
func drawn(t *testing.T, dev device.Device, seed uint64, name string, init backward.Init, shape ...int) []float32 {
	t.Helper()
	ps := backward.NewParams()
	p := ps.Param(name, backward.Plain(shape...), init)
	require.NoError(t, ps.Open(dev, seed))
	defer ps.Close()
	w, err := p.Stored()
	require.NoError(t, err)
	return w
}

func TestInitStatistics(t *testing.T) {
	dev := open(t)
	conv, matrix := []int{64, 32, 3, 3}, []int{300, 100}
	const in, out = 32 * 9, 64 * 9
	for _, c := range []struct {
		name      string
		init      backward.Init
		shape     []int
		deviation float64
		uniform   bool
	}{
		{"Kaiming uniform", nn.KaimingUniform(nn.FanIn, math.Sqrt2), conv, math.Sqrt(2.0 / in), true},
		{"Kaiming uniform by outputs", nn.KaimingUniform(nn.FanOut, 1), conv, math.Sqrt(1.0 / out), true},
		{"Kaiming normal", nn.KaimingNormal(nn.FanIn, 1), conv, math.Sqrt(1.0 / in), false},
		{"Kaiming normal by outputs", nn.KaimingNormal(nn.FanOut, math.Sqrt2), conv, math.Sqrt(2.0 / out), false},
		{"Kaiming uniform of a matrix", nn.KaimingUniform(nn.FanIn, math.Sqrt2), matrix, math.Sqrt(2.0 / 100), true},
		{"Kaiming normal of a matrix", nn.KaimingNormal(nn.FanOut, math.Sqrt2), matrix, math.Sqrt(2.0 / 300), false},
		{"Xavier uniform", nn.XavierUniform(1), conv, math.Sqrt(2.0 / (in + out)), true},
		{"Xavier normal", nn.XavierNormal(1.5), conv, 1.5 * math.Sqrt(2.0/(in+out)), false},
		{"Xavier uniform of a matrix", nn.XavierUniform(2), matrix, 2 * math.Sqrt(2.0/400), true},
		{"Xavier normal of a matrix", nn.XavierNormal(1), matrix, math.Sqrt(2.0 / 400), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := drawn(t, dev, 1, "weight", c.init, c.shape...)
			mean, variance := moments(w, 1)
			n, kurtosis := float64(len(w)), 3.0
			if c.uniform {
				kurtosis = 9.0 / 5
				bound, largest := c.deviation*math.Sqrt(3), 0.0
				for _, x := range w {
					largest = max(largest, math.Abs(float64(x)))
				}
				require.LessOrEqual(t, largest, bound*(1+0x1p-23))
				require.Greater(t, largest, bound*(1-10/n), "reached")
			}
			// Five deviations of a mean and of a variance over n numbers.
			require.InDelta(t, 0, mean[0], 5*c.deviation/math.Sqrt(n))
			require.InEpsilon(t, c.deviation*c.deviation, variance[0], 5*math.Sqrt((kurtosis-1)/n))
		})
	}
}

func TestInitOfVectors(t *testing.T) {
	for _, init := range []backward.Init{nn.KaimingUniform(nn.FanOut, 1), nn.XavierUniform(1)} {
		for _, x := range drawn(t, open(t), 1, "bias", init, 1000) {
			require.LessOrEqual(t, math.Abs(float64(x)), math.Sqrt(3)*(1+0x1p-23), "fans of 1")
		}
	}
}

func TestInitDependsOnSeedAndNameAlone(t *testing.T) {
	dev, init := open(t), nn.KaimingNormal(nn.FanIn, 1)
	w := drawn(t, dev, 7, "weight", init, 20, 10)
	require.Equal(t, w, drawn(t, dev, 7, "weight", init, 20, 10))
	require.Equal(t, w, drawn(t, devicetest.Reference(), 7, "weight", init, 20, 10))
	require.NotEqual(t, w, drawn(t, dev, 8, "weight", init, 20, 10))
	require.NotEqual(t, w, drawn(t, dev, 7, "weight2", init, 20, 10))
}

// TestDefaultInit is PyTorch's of nn.Linear and nn.Conv2d: weights and biases
// within ±1/√(inputs of a unit).
func TestDefaultInit(t *testing.T) {
	ps := backward.NewParams()
	nn.NewLinear(ps.Sub("fc"), nn.LinearOptions{In: 100, Out: 300})
	nn.NewConv2D(ps.Sub("conv"), nn.Conv2DOptions{In: 8, Out: 300, Kernel: 5, Groups: 2})
	opened(t, open(t), ps)
	for p := range ps.All() {
		bound, largest := 0.1, 0.0 // 4*5*5 and 100 inputs
		for _, x := range floats(t, p.Value()) {
			largest = max(largest, math.Abs(float64(x)))
		}
		require.LessOrEqual(t, largest, bound*(1+0x1p-23), p.Name())
		require.Greater(t, largest, bound*0.97, p.Name())
	}
}
