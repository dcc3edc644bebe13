package nn_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/chainrule/backward"
	"example.org/chainrule/device"
	"example.org/chainrule/device/devicetest"
	"example.org/chainrule/nn"
	"example.org/chainrule/tensor"
)

// set gives parameters their values as they lie in a file.
func set(t *testing.T, ps *backward.Params, stored map[string][]float32) {
	t.Helper()
	w := map[*backward.Param][]float32{}
	for name, v := range stored {
		require.NotNil(t, ps.Lookup(name), name)
		w[ps.Lookup(name)] = v
	}
	require.NoError(t, ps.SetStored(w))
}

func TestLinear(t *testing.T) {
	weights := map[string][]float32{"fc.weight": {1, 2, 3, 4, 5, 6}, "fc.bias": {0.5, -1, 0}}
	for _, c := range []struct {
		name string
		o    nn.LinearOptions
		want []float32
	}{
		{"with bias", nn.LinearOptions{}, []float32{-0.5, -2, -1, 4.5, 7, 12}},
		{"without", nn.LinearOptions{NoBias: true}, []float32{-1, -1, -1, 4, 8, 12}},
		{"with activation", nn.LinearOptions{Act: nn.ReLU()}, []float32{0, 0, 0, 4.5, 7, 12}},
	} {
		t.Run(c.name, func(t *testing.T) {
			dev := open(t)
			ps := backward.NewParams()
			c.o.In, c.o.Out = 2, 3
			fc := nn.NewLinear(ps.Sub("fc"), c.o)
			opened(t, dev, ps)
			set(t, ps, map[string][]float32{"fc.weight": weights["fc.weight"]})
			if !c.o.NoBias {
				set(t, ps, map[string][]float32{"fc.bias": weights["fc.bias"]})
			}
			tape := onTape(t, dev, backward.Mode{})
			x := []float32{1, -1, 0, 2}
			require.Equal(t, c.want, values(t, fc.Forward(backward.From(tape, x, 2, 2))))
			sequence := fc.Forward(backward.From(tape, x, 2, 1, 2))
			require.Equal(t, []int{2, 1, 3}, sequence.Shape())
			require.Equal(t, c.want, values(t, sequence))
			require.Equal(t, c.want[:3], values(t, fc.Forward(backward.From(tape, x[:2]))), "a vector")
		})
	}
}

// TestLinearAfterFlatten has channels last in memory, first in the file.
func TestLinearAfterFlatten(t *testing.T) {
	dev := open(t)
	ps := backward.NewParams()
	net := nn.Sequential{nn.Flatten(), nn.NewLinear(ps, nn.LinearOptions{In: 12, Out: 1, NoBias: true, Image: [2]int{2, 3}})}
	opened(t, dev, ps)
	require.Equal(t, []int{1, 12}, ps.Lookup("weight").StoredShape())
	set(t, ps, map[string][]float32{"weight": counting(12)})
	tape := onTape(t, dev, backward.Mode{})
	for c := range 2 {
		for h := range 2 {
			for w := range 3 {
				x := make([]float32, 12)
				x[(h*3+w)*2+c] = 1 // NHWC
				got := values(t, net.Forward(backward.From(tape, x, 1, 2, 3, 2)))
				require.Equal(t, []float32{float32((c*2+h)*3 + w)}, got, "NCHW")
			}
		}
	}
}

func TestLinearRefusesBrokenImages(t *testing.T) {
	for want, image := range map[string][2]int{"3x3": {3, 3}, "0x5": {0, 5}, "-1x-1": {-1, -1}, "5x0": {5, 0}} {
		require.PanicsWithValue(t, "nn: NewLinear: 10 inputs do not fill channels of "+want, func() {
			nn.NewLinear(backward.NewParams(), nn.LinearOptions{In: 10, Out: 2, Image: image})
		})
	}
}

// convolved is the definition, in PyTorch's layouts: x is [n][c][h][w] flat, w
// [out][in/groups][k][k], bias [out].
func convolved(x, w, bias []float32, n, c, h, wd int, o nn.Conv2DOptions) (y []float64, oh, ow int) {
	stride, dilation, groups := max(o.Stride, 1), max(o.Dilation, 1), max(o.Groups, 1)
	span := dilation*(o.Kernel-1) + 1
	oh, ow = (h+2*o.Padding-span)/stride+1, (wd+2*o.Padding-span)/stride+1
	in := c / groups
	for b := range n {
		for out := range o.Out {
			for at := range oh * ow {
				sum := float64(bias[out])
				for i := range in * o.Kernel * o.Kernel {
					ch, kh, kw := i/(o.Kernel*o.Kernel), i/o.Kernel%o.Kernel, i%o.Kernel
					row, col := at/ow*stride+kh*dilation-o.Padding, at%ow*stride+kw*dilation-o.Padding
					if row >= 0 && row < h && col >= 0 && col < wd {
						from := out/(o.Out/groups)*in + ch
						sum += float64(w[out*in*o.Kernel*o.Kernel+i]) * float64(x[((b*c+from)*h+row)*wd+col])
					}
				}
				y = append(y, sum)
			}
		}
	}
	return y, oh, ow
}

func TestConv2D(t *testing.T) {
	for _, o := range []nn.Conv2DOptions{
		{Kernel: 1},
		{Kernel: 3, Padding: 1},
		{Kernel: 3, Stride: 2},
		{Kernel: 2, Dilation: 3, Padding: 2},
		{Kernel: 3, Padding: 1, Groups: 2, Stride: 2},
		{Kernel: 3, NoBias: true},
		{Kernel: 3, Act: nn.ReLU()},
	} {
		o.In, o.Out = 4, 6
		dev := devicetest.Reference()
		ps := backward.NewParams()
		conv := nn.NewConv2D(ps.Sub("conv"), o)
		opened(t, dev, ps)
		weight := ps.Lookup("conv.weight")
		require.Equal(t, []int{6, 4 / max(o.Groups, 1), o.Kernel, o.Kernel}, weight.StoredShape())
		require.Equal(t, []int{6, o.Kernel, o.Kernel, 4 / max(o.Groups, 1)}, weight.Shape())
		w, err := weight.Stored()
		require.NoError(t, err)
		bias := make([]float32, 6)
		require.Equal(t, o.NoBias, ps.Lookup("conv.bias") == nil)
		if !o.NoBias {
			bias, err = ps.Lookup("conv.bias").Stored()
			require.NoError(t, err)
		}
		x := random(2 * 4 * 7 * 5)
		want, oh, ow := convolved(x, w, bias, 2, 4, 7, 5, o)

		tape := onTape(t, dev, backward.Mode{})
		y := conv.Forward(backward.From(tape, x, 2, 4, 7, 5).Permute(0, 2, 3, 1))
		require.Equal(t, []int{2, oh, ow, 6}, y.Shape())
		got := values(t, y.Permute(0, 3, 1, 2))
		for i := range want {
			if o.Act == nn.ReLU() {
				want[i] = math.Max(want[i], 0)
			}
			require.InDelta(t, want[i], got[i], 1e-6, "%+v, element %d", o, i)
		}
	}
}

func TestConv2DErrors(t *testing.T) {
	dev := open(t)
	for _, c := range []struct {
		o    nn.Conv2DOptions
		want string
	}{
		{nn.Conv2DOptions{In: 3, Out: 4, Kernel: 3}, "channels"},
		{nn.Conv2DOptions{In: 4, Out: 4, Kernel: 9}, "the kernel spans 9 by 9"},
		{nn.Conv2DOptions{In: 4, Out: 5, Kernel: 3, Groups: 2}, "2 groups do not divide 4 channels and 5 filters"},
		{nn.Conv2DOptions{In: 4, Out: 4, Kernel: 3, Stride: -1}, "stride"},
		{nn.Conv2DOptions{In: 4, Out: 4}, "kernel"},
	} {
		ps := backward.NewParams()
		conv := nn.NewConv2D(ps, c.o)
		opened(t, dev, ps)
		tape := onTape(t, dev, backward.Mode{})
		err := last(conv.Forward(backward.From(tape, random(64), 1, 4, 4, 4)))
		var shape *tensor.ShapeError
		require.ErrorAs(t, err, &shape)
		require.ErrorContains(t, err, c.want)
	}
}

// moments are the mean and the biased variance of each of c channels.
func moments(x []float32, c int) (mean, variance []float64) {
	mean, variance = make([]float64, c), make([]float64, c)
	rows := float64(len(x) / c)
	for i, v := range x {
		mean[i%c] += float64(v) / rows
	}
	for i, v := range x {
		variance[i%c] += math.Pow(float64(v)-mean[i%c], 2) / rows
	}
	return mean, variance
}

func TestBatchNorm(t *testing.T) {
	dev := open(t)
	ps := backward.NewParams()
	bn := nn.NewBatchNorm(ps, nn.BatchNormOptions{Channels: 3, Momentum: 0.25, Epsilon: 0.01, Act: nn.Tanh()})
	opened(t, dev, ps)
	gamma, beta := []float32{1.5, -0.5, 2}, []float32{0.25, 1, 0}
	set(t, ps, map[string][]float32{"weight": gamma, "bias": beta, "running_mean": {1, 2, 3}, "running_var": {4, 5, 6}})
	x, residual := random(2*4*3), counting(2*4*3)
	mean, variance := moments(x, 3)
	expect := func(m backward.Mode, mean, variance []float64) {
		t.Helper()
		tape := onTape(t, dev, m)
		y := values(t, bn.Forward(backward.From(tape, x, 2, 4, 3)))
		sum := values(t, bn.ForwardAdd(backward.From(tape, x, 2, 4, 3), backward.From(tape, residual, 2, 4, 3)))
		for i, v := range x {
			c := i % 3
			z := float64(gamma[c])*(float64(v)-mean[c])/math.Sqrt(variance[c]+0.01) + float64(beta[c])
			require.InDelta(t, math.Tanh(z), y[i], 1e-5)
			require.InDelta(t, math.Tanh(z+float64(residual[i])), sum[i], 1e-5)
		}
	}
	before := floats(t, bn.RunningMean.Value())
	expect(backward.Mode{}, []float64{1, 2, 3}, []float64{4, 5, 6})
	require.Equal(t, before, floats(t, bn.RunningMean.Value()), "evaluation tracks nothing")

	expect(backward.Mode{Training: true}, mean, variance)
	runningMean, runningVar := floats(t, bn.RunningMean.Value()), floats(t, bn.RunningVar.Value())
	for c := range 3 {
		m, v := float64(c+1), float64(c+4)
		for range 2 { // Forward and ForwardAdd
			m += 0.25 * (mean[c] - m)
			v += 0.25 * (variance[c]*8/7 - v)
		}
		require.InDelta(t, m, runningMean[c], 1e-6)
		require.InDelta(t, v, runningVar[c], 1e-6, "unbiased, over 8 rows")
	}
}

func TestBatchNormDefaults(t *testing.T) {
	ps := backward.NewParams()
	bn := nn.NewBatchNorm(ps.Sub("bn1"), nn.BatchNormOptions{Channels: 2})
	opened(t, open(t), ps)
	require.InDelta(t, 1e-5, bn.Epsilon, 1e-12)
	require.InDelta(t, 0.1, bn.Momentum, 1e-8)
	for name, want := range map[string][]float32{"bn1.weight": {1, 1}, "bn1.bias": {0, 0}, "bn1.running_mean": {0, 0}, "bn1.running_var": {1, 1}} {
		require.Equal(t, want, floats(t, ps.Lookup(name).Value()), name)
	}
	require.True(t, bn.RunningMean.IsState() && bn.RunningVar.IsState())
	require.False(t, bn.Weight.IsState() || bn.Bias.IsState())
}

func TestBatchNormOfOneRow(t *testing.T) {
	dev := open(t)
	ps := backward.NewParams()
	bn := nn.NewBatchNorm(ps, nn.BatchNormOptions{Channels: 3})
	opened(t, dev, ps)
	tape := onTape(t, dev, backward.Mode{Training: true})
	err := last(bn.Forward(backward.From(tape, random(3), 1, 3)))
	require.ErrorContains(t, err, "train with a larger batch")
	require.Equal(t, []float32{0, 0, 0}, floats(t, bn.RunningMean.Value()))
	require.Equal(t, []float32{1, 1, 1}, floats(t, bn.RunningVar.Value()))
}

// TestBasicBlock composes the block from operations.
func TestBasicBlock(t *testing.T) {
	for _, c := range []struct{ in, out, stride int }{{3, 3, 1}, {3, 5, 2}, {3, 3, 2}, {3, 5, 1}} {
		dev := devicetest.Reference()
		ps := backward.NewParams()
		block := nn.NewBasicBlock(ps, c.in, c.out, c.stride)
		opened(t, dev, ps)
		tape := onTape(t, dev, backward.Mode{})
		normalized := func(x *backward.Var, name string) *backward.Var {
			p := func(s string) *backward.Var { return tape.Param(ps.Lookup(name + "." + s)) }
			return x.Sub(p("running_mean")).Div(p("running_var").Plus(1e-5).Sqrt()).Mul(p("weight")).Add(p("bias"))
		}
		conv := func(x *backward.Var, name string, stride, padding int) *backward.Var {
			return x.Conv2D(tape.Weight(ps.Lookup(name+".weight")), nil, tensor.Conv{
				Stride: [2]int{stride, stride}, Padding: [4]int{padding, padding, padding, padding},
			})
		}
		x := backward.From(tape, random(2*5*4*3), 2, 5, 4, 3)
		shortcut := x
		if c.in != c.out || c.stride != 1 {
			shortcut = normalized(conv(x, "downsample.0", c.stride, 0), "downsample.1")
		}
		h := normalized(conv(x, "conv1", c.stride, 1), "bn1").ReLU()
		want := normalized(conv(h, "conv2", 1, 1), "bn2").Add(shortcut).ReLU()
		got := block.Forward(x)
		require.Equal(t, want.Shape(), got.Shape())
		require.InDeltaSlice(t, values(t, want), values(t, got), 1e-6)
	}
}

func TestGradCheckOfABlock(t *testing.T) {
	for _, stride := range []int{1, 2} {
		dev := devicetest.Reference()
		ps := backward.NewParams()
		block := nn.NewBasicBlock(ps, 2, 2, stride)
		opened(t, dev, ps)
		// Every ReLU is far from its kink: a normalised value is at most √(rows-1).
		for p := range ps.All() {
			if p.Name() == "bn1.bias" || p.Name() == "bn2.bias" {
				set(t, ps, map[string][]float32{p.Name(): {3, -3}})
			} else if p.Len() == 2 && !p.IsState() && p.Name() != "downsample.1.bias" {
				set(t, ps, map[string][]float32{p.Name(): {0.25, -0.25}})
			}
		}
		x, err := tensor.From(dev, random(2*3*2*2), 2, 3, 2, 2)
		require.NoError(t, err)
		weight := random(2 * 3 * 2 * 2)
		for _, training := range []bool{false, true} {
			require.NoError(t, backward.GradCheck(dev, backward.Mode{Training: training}, func(tape *backward.Tape) *backward.Var {
				y := block.Forward(tape.Watch(x).Times(0.5))
				return y.Mul(backward.From(tape, weight[:y.Dim(0)*y.Dim(1)*y.Dim(2)*2], y.Shape()...)).Square().Sum()
			}), "stride %d, training %v", stride, training)
		}
		x.Free()
	}
}

func TestGradCheckOfALeNet(t *testing.T) {
	dev := devicetest.Reference()
	ps := backward.NewParams()
	net := nn.Sequential{
		nn.NewConv2D(ps.Sub("conv1"), nn.Conv2DOptions{In: 1, Out: 2, Kernel: 3, Padding: 1, Act: nn.GELU()}),
		nn.MaxPool(2),
		nn.NewConv2D(ps.Sub("conv2"), nn.Conv2DOptions{In: 2, Out: 3, Kernel: 3, Padding: 1, Act: nn.Tanh()}),
		nn.MaxPool(2),
		nn.Flatten(),
		nn.NewLinear(ps.Sub("fc1"), nn.LinearOptions{In: 12, Out: 5, Image: [2]int{2, 2}, Act: nn.SiLU()}),
		nn.Dropout(0.2),
		nn.NewLinear(ps.Sub("fc2"), nn.LinearOptions{In: 5, Out: 3}),
	}
	require.NoError(t, ps.Open(dev, 2)) // a seed where no maximum changes places within a difference
	defer ps.Close()
	x, err := tensor.From(dev, random(2*8*8), 2, 8, 8, 1)
	require.NoError(t, err)
	defer x.Free()
	stream, err := tensor.NewStream(dev, 1)
	require.NoError(t, err)
	defer stream.Free()
	require.NoError(t, backward.GradCheck(dev, backward.Mode{Training: true, Random: stream}, func(tape *backward.Tape) *backward.Var {
		labels := backward.From(tape, []int32{2, 0})
		return net.Forward(tape.Watch(x)).CrossEntropy(labels, backward.CrossEntropyOptions{})
	}))
}

func TestPrecisionOfLayers(t *testing.T) {
	dev := open(t)
	ps := backward.NewParams()
	net := nn.Sequential{nn.NewConv2D(ps.Sub("conv"), nn.Conv2DOptions{In: 1, Out: 2, Kernel: 3}), nn.NewBatchNorm(ps.Sub("bn"), nn.BatchNormOptions{Channels: 2}), nn.Flatten(), nn.NewLinear(ps.Sub("fc"), nn.LinearOptions{In: 8, Out: 2})}
	opened(t, dev, ps)
	logits := func(p device.DType) []float32 {
		tape := onTape(t, dev, backward.Mode{Precision: p})
		y := net.Forward(backward.From(tape, random(16), 1, 4, 4, 1))
		require.Equal(t, p, y.DType())
		return values(t, y)
	}
	require.InDeltaSlice(t, logits(device.Float32), logits(device.BFloat16), 0.05, "eight bits, a few roundings deep")
}
