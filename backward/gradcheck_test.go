package backward_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/chainrule/backward"
	"example.org/chainrule/device"
	"example.org/chainrule/device/devicetest"
	"example.org/chainrule/tensor"
)

// input is a leaf of normally distributed numbers.
func input(t *testing.T, dev device.Device, r *rand.Rand, shape ...int) *tensor.Tensor {
	t.Helper()
	n := 1
	for _, d := range shape {
		n *= d
	}
	x := make([]float64, n)
	for i := range x {
		x[i] = r.NormFloat64()
	}
	v, err := tensor.From(dev, x, shape...)
	require.NoError(t, err)
	return v
}

// expressions are losses over watched inputs of the given shapes, whose
// gradients hold against differences.
var expressions = []struct {
	name   string
	shapes [][]int
	loss   func(x ...*backward.Var) *backward.Var
}{
	{"Linear with every kind of activation", [][]int{{5, 4}, {3, 4}, {3}}, func(x ...*backward.Var) *backward.Var {
		var sum *backward.Var
		for _, f := range []device.UnaryFunc{device.Identity, device.Tanh, device.GELU} {
			y := x[0].Linear(x[1], x[2], device.Unary{Func: f}).Square().Sum()
			if sum == nil {
				sum = y
			} else {
				sum = sum.Add(y)
			}
		}
		return sum
	}},
	{"Linear over three axes without bias", [][]int{{2, 3, 4}, {5, 4}}, func(x ...*backward.Var) *backward.Var {
		return x[0].Linear(x[1], nil, device.Unary{Func: device.SiLU}).Square().Mean()
	}},
	{"MatMul of one value with itself", [][]int{{3, 3}}, func(x ...*backward.Var) *backward.Var {
		return x[0].MatMul(x[0]).Sin().Sum()
	}},
	{"MatMul, all transposes, batches that broadcast", [][]int{{2, 1, 3, 4}, {3, 4, 5}}, func(x ...*backward.Var) *backward.Var {
		a, b := x[0], x[1]
		at, bt := a.Swap(-1, -2), b.Swap(-1, -2)
		return a.MatMul(b).Sin().Sum().
			Add(at.MatMulT(b, true, false).Cos().Sum()).
			Add(a.MatMulT(bt, false, true).Square().Sum()).
			Add(at.MatMulT(bt, true, true).Tanh().Sum())
	}},
	{"MatMul with one matrix for the batch", [][]int{{2, 3, 4}, {4, 5}}, func(x ...*backward.Var) *backward.Var {
		return x[0].MatMul(x[1]).Square().Sum().Add(x[0].Swap(1, 2).MatMulT(x[1], true, false).Sin().Sum())
	}},
	{"one value in both operands of a kernel", [][]int{{4, 3}}, func(x ...*backward.Var) *backward.Var {
		return x[0].Mul(x[0]).Add(x[0]).Add(x[0].Sub(x[0].Times(3)).Square()).Sum()
	}},
	{"the same Add twice", [][]int{{4}}, func(x ...*backward.Var) *backward.Var {
		y := x[0].Add(x[0])
		return y.Add(y).Square().Sum()
	}},
	{"broadcasting", [][]int{{3, 1, 5}, {1, 4, 1}, {5}}, func(x ...*backward.Var) *backward.Var {
		return x[0].Mul(x[1]).Sub(x[2]).Div(x[1].Square().Plus(1)).Square().Mean()
	}},
	{"Maximum, Minimum, Power", [][]int{{3, 4}, {4}}, func(x ...*backward.Var) *backward.Var {
		return x[0].Maximum(x[1]).Square().Sum().Add(x[0].Minimum(x[1]).Exp().Sum()).Add(x[0].Square().Plus(1).Power(x[1]).Sum())
	}},
	{"reductions", [][]int{{3, 4, 5}}, func(x ...*backward.Var) *backward.Var {
		return x[0].Sum(0, 2).Square().Sum().Add(x[0].Mean(1).Sin().Sum()).Add(x[0].Max(-1).Square().Sum()).Add(x[0].Min(0, 1).Square().Sum()).
			Add(x[0].LogSumExp(2).Square().Sum()).Add(x[0].Norm(1).Square().Square().Sum()).Add(x[0].Variance(0, 2).Square().Sum())
	}},
	{"softmaxes", [][]int{{3, 4, 5}, {3, 4, 5}}, func(x ...*backward.Var) *backward.Var {
		return x[0].Softmax(-1).Mul(x[1]).Sum().Add(x[0].LogSoftmax(1).Mul(x[1]).Sum()).Add(x[0].Softmax(0).Square().Sum())
	}},
	{"movement", [][]int{{2, 3, 4}, {2, 2, 4}}, func(x ...*backward.Var) *backward.Var {
		joined := backward.Concat(1, x[0], x[1], x[0].Permute(-1, 1, 0).Permute(2, 1, 0))
		parts := joined.Split(1, 4, 4)
		stacked := backward.Stack(0, parts...).Pad(-1, 1, 2, 0.5)
		return stacked.Mul(stacked.Slice(0, 1, 2)).Flatten().Sin().Sum()
	}},
	{"Conv2D, grouped, strided, dilated, padded on one side", [][]int{{2, 7, 6, 4}, {6, 3, 2, 2}, {6}}, func(x ...*backward.Var) *backward.Var {
		c := tensor.Conv{Stride: [2]int{2, 1}, Dilation: [2]int{1, 2}, Padding: [4]int{1, 0, 0, 2}, Groups: 2, Act: device.Unary{Func: device.GELU}}
		return x[0].Conv2D(x[1], x[2], c).Square().Mean()
	}},
	{"ConvTranspose2D", [][]int{{2, 3, 3, 4}, {4, 3, 3, 2}}, func(x ...*backward.Var) *backward.Var {
		c := tensor.Conv{Stride: [2]int{2, 2}, Padding: [4]int{1, 1, 1, 1}}
		return x[0].ConvTranspose2D(x[1], c, 6, 6).Sin().Sum()
	}},
	{"pooling", [][]int{{2, 6, 5, 3}}, func(x ...*backward.Var) *backward.Var {
		w := tensor.Window{Kernel: [2]int{3, 2}, Stride: [2]int{2, 1}, Padding: [4]int{1, 1, 1, 1}}
		return x[0].MaxPool(w).Square().Sum().Add(x[0].AvgPool(w).Square().Sum()).
			Add(x[0].AdaptiveAvgPool(4, 3).Square().Sum()).Add(x[0].GlobalAvgPool().Square().Sum())
	}},
}

func TestExpressions(t *testing.T) {
	for _, e := range expressions {
		t.Run(e.name, func(t *testing.T) {
			dev := devicetest.Reference()
			r := rand.New(rand.NewPCG(1, 2))
			var xs []*tensor.Tensor
			for _, shape := range e.shapes {
				xs = append(xs, input(t, dev, r, shape...))
			}
			require.NoError(t, backward.GradCheck(dev, backward.Mode{}, func(tape *backward.Tape) *backward.Var {
				vars := make([]*backward.Var, len(xs))
				for i, x := range xs {
					vars[i] = tape.Watch(x)
				}
				return e.loss(vars...)
			}))
			for _, x := range xs {
				x.Free()
			}
			require.Zero(t, dev.Stats().Live, "leaked")
		})
	}
}

func TestDropoutGradient(t *testing.T) {
	dev := devicetest.Reference()
	stream, err := tensor.NewStream(dev, 7)
	require.NoError(t, err)
	x := input(t, dev, rand.New(rand.NewPCG(1, 2)), 6, 7)
	mode := backward.Mode{Training: true, Random: stream}
	require.NoError(t, backward.GradCheck(dev, mode, func(tape *backward.Tape) *backward.Var {
		y := tape.Watch(x).Dropout(0.4)
		return y.Mul(y.Dropout(0.2)).Sum()
	}))
}

func TestCrossEntropyGradient(t *testing.T) {
	dev := devicetest.Reference()
	r := rand.New(rand.NewPCG(1, 2))
	x, w := input(t, dev, r, 2, 3, 5), input(t, dev, r, 5)
	labels, err := tensor.From(dev, []int32{0, 4, 255, 2, 2, 1}, 2, 3)
	require.NoError(t, err)
	for _, o := range []backward.CrossEntropyOptions{
		{Ignore: new(int32(255))},
		{Ignore: new(int32(255)), Smoothing: 0.1, Reduction: backward.ReduceSum},
		{Ignore: new(int32(255)), Smoothing: 0.3, Reduction: backward.ReduceNone},
	} {
		for _, weighted := range []bool{false, true} {
			require.NoError(t, backward.GradCheck(dev, backward.Mode{}, func(tape *backward.Tape) *backward.Var {
				o := o
				if weighted {
					o.Weights = tape.Input(w)
				}
				return tape.Watch(x).CrossEntropy(tape.Input(labels), o).Square().Sum()
			}), "%+v", o)
		}
	}
}

func TestCrossEntropyIgnoresAnyLabel(t *testing.T) {
	dev := devicetest.Reference()
	logits, err := tensor.From(dev, []float32{0, 0, 3, 1}, 2, 2)
	require.NoError(t, err)
	for _, c := range []struct {
		ignore         *int32
		label, ignored int32
	}{{nil, 0, -100}, {new(int32(255)), 0, 255}, {new(int32(0)), 1, 0}, {new(int32(1)), 0, 1}} {
		labels, err := tensor.From(dev, []int32{c.label, c.ignored})
		require.NoError(t, err)
		tape := backward.NewTape(dev, backward.Mode{})
		loss, err := tape.Input(logits).CrossEntropy(tape.Input(labels), backward.CrossEntropyOptions{Ignore: c.ignore}).Item()
		require.NoError(t, err)
		require.InDelta(t, math.Ln2, loss, 1e-7, "of the first row alone, where %d does not count", c.ignored)
	}
}

func TestBatchNormGradient(t *testing.T) {
	for _, training := range []bool{false, true} {
		for _, f := range []device.UnaryFunc{device.Identity, device.Tanh, device.GELU} {
			dev := devicetest.Reference()
			r := rand.New(rand.NewPCG(1, 2))
			ps := backward.NewParams()
			gamma := ps.Param("weight", backward.Plain(3), backward.Constant(1.5))
			beta := ps.Param("bias", backward.Plain(3), backward.Constant(0.2))
			mean := ps.State("running_mean", backward.Plain(3), backward.Constant(0.1))
			variance := ps.State("running_var", backward.Plain(3), backward.Constant(2))
			require.NoError(t, ps.Open(dev, 1))
			x, residual, weight := input(t, dev, r, 4, 2, 3), input(t, dev, r, 4, 2, 3), input(t, dev, r, 4, 2, 3)
			require.NoError(t, backward.GradCheck(dev, backward.Mode{Training: training}, func(tape *backward.Tape) *backward.Var {
				return tape.Watch(x).BatchNorm(backward.BatchNorm{
					Gamma: tape.Param(gamma), Beta: tape.Param(beta), Residual: tape.Watch(residual),
					Mean: mean, Variance: variance, Epsilon: 1e-5, Momentum: 0.1, Act: device.Unary{Func: f},
				}).Mul(tape.Input(weight)).Sum()
			}), "training %v, %v", training, f)
		}
	}
}

func TestGradCheckFindsAWrongDerivative(t *testing.T) {
	dev := devicetest.Reference()
	x := input(t, dev, rand.New(rand.NewPCG(1, 2)), 5)
	err := backward.GradCheck(dev, backward.Mode{}, func(tape *backward.Tape) *backward.Var {
		square := backward.Apply(backward.Op{Name: "Square"},
			func(_ *backward.Frame, x []*tensor.Tensor) (*tensor.Tensor, error) {
				return tensor.Binary(x[0], x[0], device.Mul)
			},
			func(dx []tensor.Dst, _, dy *tensor.Tensor, x []*tensor.Tensor) error {
				return tensor.BinaryGradInto(dx[0], tensor.Dst{}, dy, x[0], x[0], device.Mul) // half of it
			}, tape.Watch(x))
		return square.Sum()
	})
	require.ErrorContains(t, err, "gradient of an input, element")
}

func TestGradCheckNearKinks(t *testing.T) {
	dev := devicetest.Reference()
	for _, x := range []float64{5e-4, -5e-4, 5e-5, -1e-3} { // nearer to 0 than the first step
		v, err := tensor.From(dev, []float64{x, 1})
		require.NoError(t, err)
		require.NoError(t, backward.GradCheck(dev, backward.Mode{}, func(tape *backward.Tape) *backward.Var {
			return tape.Watch(v).ReLU().Sum()
		}), "%v", x)
	}
}

func TestGradCheckOfNoGradient(t *testing.T) {
	dev := devicetest.Reference()
	r := rand.New(rand.NewPCG(1, 2))
	x, bias := input(t, dev, r, 8, 3), input(t, dev, r, 3)
	require.NoError(t, backward.GradCheck(dev, backward.Mode{}, func(tape *backward.Tape) *backward.Var {
		y := tape.Input(x).Add(tape.Watch(bias))
		return y.Sub(y.Mean(0)).Tanh().Square().Sum() // no bias can change it
	}))
}
