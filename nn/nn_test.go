package nn_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/chainrule/backward"
	"example.org/chainrule/cpu"
	"example.org/chainrule/device"
	"example.org/chainrule/device/devicetest"
	"example.org/chainrule/nn"
	"example.org/chainrule/tensor"
)

// open is a CPU that poisons freed memory and must end without leaks.
func open(t *testing.T) *cpu.Device {
	t.Helper()
	dev, err := cpu.New(cpu.Options{Threads: 2})
	require.NoError(t, err)
	dev.Poison(true)
	t.Cleanup(func() {
		require.Zero(t, dev.Stats().Live, "leaked device memory")
		require.NoError(t, dev.Close())
	})
	return dev
}

// opened gives parameters memory until the test ends.
func opened(t *testing.T, dev device.Device, ps *backward.Params) {
	t.Helper()
	require.NoError(t, ps.Open(dev, 1))
	t.Cleanup(ps.Close)
}

// onTape is a tape until the test ends.
func onTape(t *testing.T, dev device.Device, m backward.Mode) *backward.Tape {
	t.Helper()
	tape := backward.NewTape(dev, m)
	t.Cleanup(tape.Close)
	return tape
}

func values(t *testing.T, v *backward.Var) []float32 {
	t.Helper()
	s, err := v.Float32s()
	require.NoError(t, err)
	return s
}

func floats(t *testing.T, x *tensor.Tensor) []float32 {
	t.Helper()
	s, err := x.Float32s()
	require.NoError(t, err)
	return s
}

// random are n normally distributed numbers.
func random(n int) []float32 {
	r := rand.New(rand.NewPCG(1, 2))
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(r.NormFloat64())
	}
	return x
}

// counting are 0, 1, ... n-1.
func counting(n int) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(i)
	}
	return x
}

func TestLayersWithoutParameters(t *testing.T) {
	image := counting(16) // 4x4 of one channel
	for _, c := range []struct {
		name  string
		layer nn.Layer
		want  []float32
		shape []int
	}{
		{"MaxPool", nn.MaxPool(2), []float32{5, 7, 13, 15}, []int{1, 2, 2, 1}},
		{"AvgPool", nn.AvgPool(2), []float32{2.5, 4.5, 10.5, 12.5}, []int{1, 2, 2, 1}},
		{"MaxPool that leaves a border", nn.MaxPool(3), []float32{10}, []int{1, 1, 1, 1}},
		{"overlapping windows", nn.MaxPoolWindow(tensor.Window{Kernel: [2]int{3, 3}, Stride: [2]int{1, 1}}), []float32{10, 11, 14, 15}, []int{1, 2, 2, 1}},
		{"windows over padding", nn.AvgPoolWindow(tensor.Window{Kernel: [2]int{4, 4}, Stride: [2]int{4, 4}, Padding: [4]int{2, 2, 2, 2}}), []float32{0.625, 1.125, 2.625, 3.125}, []int{1, 2, 2, 1}},
		{"AdaptiveAvgPool", nn.AdaptiveAvgPool(1, 2), []float32{6.5, 8.5}, []int{1, 1, 2, 1}},
		{"GlobalAvgPool", nn.GlobalAvgPool(), []float32{7.5}, []int{1, 1}},
		{"Flatten", nn.Flatten(), image, []int{1, 16}},
		{"Func", nn.Func(func(x *backward.Var) *backward.Var { return x.Sum(1) }), []float32{24, 28, 32, 36}, []int{1, 4, 1}},
		{"nothing", nn.Sequential{}, image, []int{1, 4, 4, 1}},
		{"in order", nn.Sequential{nn.MaxPool(2), nn.Flatten(), nn.Func(func(x *backward.Var) *backward.Var { return x.Times(2) })}, []float32{10, 14, 26, 30}, []int{1, 4}},
	} {
		t.Run(c.name, func(t *testing.T) {
			tape := onTape(t, open(t), backward.Mode{})
			y := c.layer.Forward(backward.From(tape, image, 1, 4, 4, 1))
			require.Equal(t, c.want, values(t, y))
			require.Equal(t, c.shape, y.Shape())
		})
	}
}

func TestActivations(t *testing.T) {
	sigmoid := func(x float64) float64 { return 1 / (1 + math.Exp(-x)) }
	positive := func(x, otherwise float64) float64 {
		if x > 0 {
			return x
		}
		return otherwise
	}
	for _, c := range []struct {
		layer nn.Activation
		want  func(x float64) float64
	}{
		{nn.Activation{}, func(x float64) float64 { return x }},
		{nn.ReLU(), func(x float64) float64 { return math.Max(x, 0) }},
		{nn.LeakyReLU(0.125), func(x float64) float64 { return positive(x, x/8) }},
		{nn.ELU(0.5), func(x float64) float64 { return positive(x, math.Expm1(x)/2) }},
		{nn.GELU(), func(x float64) float64 { return x * (1 + math.Erf(x/math.Sqrt2)) / 2 }},
		{nn.SiLU(), func(x float64) float64 { return x * sigmoid(x) }},
		{nn.Mish(), func(x float64) float64 { return x * math.Tanh(math.Log1p(math.Exp(x))) }},
		{nn.Sigmoid(), sigmoid},
		{nn.Tanh(), math.Tanh},
		{nn.HardSwish(), func(x float64) float64 { return x * min(max(x/6+0.5, 0), 1) }},
	} {
		tape := onTape(t, devicetest.Reference(), backward.Mode{})
		x := []float32{-4, -1, -0.25, 0, 0.5, 2, 5}
		y := values(t, c.layer.Forward(backward.From(tape, x)))
		for i, x := range x {
			require.InDelta(t, c.want(float64(x)), y[i], 1e-6, "%v of %v", c.layer.Func, x)
		}
	}
}

func TestDropout(t *testing.T) {
	dev := open(t)
	x := slices.Repeat([]float32{1}, 10_000)
	evaluation := onTape(t, dev, backward.Mode{})
	v := backward.From(evaluation, x)
	require.Same(t, v, nn.Dropout(0.25).Forward(v), "evaluation drops nothing")

	stream, err := tensor.NewStream(dev, 1)
	require.NoError(t, err)
	defer stream.Free()
	training := onTape(t, dev, backward.Mode{Training: true, Random: stream})
	dropped := 0
	for _, y := range values(t, nn.Dropout(0.25).Forward(backward.From(training, x))) {
		if y == 0 {
			dropped++
		} else {
			require.InDelta(t, 1/0.75, y, 1e-6)
		}
	}
	require.InDelta(t, 2500, dropped, 5*math.Sqrt(10_000*0.25*0.75), "five deviations")

	for _, p := range []float32{-0.1, 1, 2, float32(math.NaN())} {
		tape := onTape(t, dev, backward.Mode{Training: true, Random: stream})
		require.ErrorContains(t, last(nn.Dropout(p).Forward(backward.From(tape, x))), "want 0 or more, less than 1")
	}
	aimless := onTape(t, dev, backward.Mode{Training: true})
	require.ErrorContains(t, last(nn.Dropout(0.25).Forward(backward.From(aimless, x))), "Mode.Random")
}

// last is the error of a Var's tape.
func last(v *backward.Var) error { return v.Tape().Err() }

// deep is n blocks of three layers each over an image of 32x32x4.
func deep(ps *backward.Params, n int) nn.Sequential {
	net := nn.Sequential{}
	for range n {
		net = append(net, nn.Sequential{nn.Tanh(), nn.AvgPoolWindow(tensor.Window{Kernel: [2]int{1, 1}}), nn.ReLU()})
	}
	return append(net, nn.GlobalAvgPool(), nn.NewLinear(ps.Sub("fc"), nn.LinearOptions{In: 4, Out: 2}))
}

func TestSequentialFreesAsItGoes(t *testing.T) {
	dev := open(t)
	ps := backward.NewParams()
	net := deep(ps, 8)
	opened(t, dev, ps)
	const image = 4 * 32 * 32 * 4 * 16 // bytes of a batch
	x, err := tensor.From(dev, random(image/4), 16, 32, 32, 4)
	require.NoError(t, err)
	defer x.Free()
	live := func(m backward.Mode) (most int64) {
		before := dev.Stats().Live
		dev.Trace(func(device.Call) { most = max(most, dev.Stats().Live-before) })
		defer dev.Trace(nil)
		tape := backward.NewTape(dev, m)
		defer tape.Close()
		y := net.Forward(tape.Input(x))
		require.Len(t, values(t, y), 32)
		return most
	}
	require.Less(t, live(backward.Mode{NoGrad: true}), int64(5*image), "a block's three results, and the one before")
	// Nothing before the last layer has a parameter, so nothing wants a gradient.
	require.Less(t, live(backward.Mode{Training: true}), int64(5*image))
	tape := backward.NewTape(dev, backward.Mode{})
	defer tape.Close()
	before := dev.Stats().Live
	net.Forward(tape.Watch(x))
	require.Greater(t, dev.Stats().Live-before, int64(24*image), "a derivative reads them all")
}

func TestKeepOutlivesSequential(t *testing.T) {
	tape := onTape(t, open(t), backward.Mode{NoGrad: true})
	var features, forgotten *backward.Var
	net := nn.Sequential{
		nn.Func(func(x *backward.Var) *backward.Var { forgotten = x.Times(2); return forgotten }),
		nn.Func(func(x *backward.Var) *backward.Var { features = x.Times(3).Keep(); return features }),
		nn.ReLU(),
	}
	require.Equal(t, []float32{6}, values(t, net.Forward(backward.From(tape, []float32{1}))))
	require.Equal(t, []float32{6}, values(t, features))
	_, err := forgotten.Value()
	require.ErrorContains(t, err, "call Keep on it")
}

func TestErrorNamesTheCallersLine(t *testing.T) {
	dev := open(t)
	ps := backward.NewParams()
	net := nn.Sequential{nn.NewLinear(ps.Sub("fc"), nn.LinearOptions{In: 3, Out: 2})}
	opened(t, dev, ps)
	for range 100 {
		net = append(net, nn.ReLU())
	}
	tape := onTape(t, dev, backward.Mode{})
	y := net.Forward(backward.From(tape, random(8), 2, 4))
	var shape *tensor.ShapeError
	require.ErrorAs(t, last(y), &shape)
	require.Regexp(t, `^nn_test.go:\d+: tensor: MatMul: \[2 4\] and \[2 3\] do not fit`, last(y).Error())
}

func TestManyGoroutinesPredict(t *testing.T) {
	dev := open(t)
	ps := backward.NewParams()
	net := nn.Sequential{
		nn.NewBasicBlock(ps.Sub("block"), 2, 4, 2), nn.Dropout(0.5), nn.GlobalAvgPool(),
		nn.NewLinear(ps.Sub("fc"), nn.LinearOptions{In: 4, Out: 3}),
	}
	opened(t, dev, ps)
	x, err := tensor.From(dev, random(4*6*6*2), 4, 6, 6, 2)
	require.NoError(t, err)
	defer x.Free()
	for _, precision := range []device.DType{device.Float32, device.BFloat16} {
		results := make([][]float32, 8)
		var all sync.WaitGroup
		for i := range results {
			all.Go(func() {
				for range 10 {
					tape := backward.NewTape(dev, backward.Mode{NoGrad: true, Precision: precision})
					results[i], _ = net.Forward(tape.Input(x)).Float32s()
					tape.Close()
				}
			})
		}
		all.Wait()
		require.Len(t, results[0], 12)
		for _, r := range results {
			require.Equal(t, results[0], r)
		}
	}
}
