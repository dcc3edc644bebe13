package backward_test

import (
	"errors"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/chainrule/backward"
	"example.org/chainrule/cpu"
	"example.org/chainrule/device"
	"example.org/chainrule/device/devicetest"
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

func from(t *testing.T, dev device.Device, data []float32, shape ...int) *tensor.Tensor {
	t.Helper()
	x, err := tensor.From(dev, data, shape...)
	require.NoError(t, err)
	t.Cleanup(x.Free)
	return x
}

func floats(t *testing.T, x *tensor.Tensor) []float32 {
	t.Helper()
	s, err := x.Float32s()
	require.NoError(t, err)
	return s
}

// model is two linear layers, declared and opened.
func model(t *testing.T, dev device.Device) (ps *backward.Params, loss func(tape *backward.Tape, x *tensor.Tensor) *backward.Var) {
	t.Helper()
	ps = backward.NewParams()
	w1 := ps.Param("fc1.weight", backward.Plain(16, 4), uniform)
	b1 := ps.Param("fc1.bias", backward.Plain(16), uniform)
	w2 := ps.Param("fc2.weight", backward.Plain(3, 16), uniform)
	require.NoError(t, ps.Open(dev, 1))
	t.Cleanup(ps.Close)
	return ps, func(tape *backward.Tape, x *tensor.Tensor) *backward.Var {
		h := tape.Input(x).Linear(tape.Weight(w1), tape.Param(b1), device.Unary{Func: device.GELU})
		return h.Linear(tape.Weight(w2), nil, device.Unary{}).Square().Mean()
	}
}

func uniform(w []float32, _ []int, r *rand.Rand) {
	for i := range w {
		w[i] = 2*r.Float32() - 1
	}
}

func random(n int, seed uint64) []float32 {
	w := make([]float32, n)
	uniform(w, nil, rand.New(rand.NewPCG(seed, seed)))
	return w
}

func TestErrorsStick(t *testing.T) {
	dev := open(t)
	tape := backward.NewTape(dev, backward.Mode{})
	defer tape.Close()
	x := tape.Watch(from(t, dev, random(8, 1), 2, 4))
	y := x.MatMul(tape.Input(from(t, dev, random(15, 1), 3, 5)))
	require.Zero(t, y.Dim(0), "a failed Var has no extent")
	err := y.ReLU().Sum().Backward()
	var shape *tensor.ShapeError
	require.ErrorAs(t, err, &shape)
	require.Equal(t, "MatMul", shape.Op)
	require.ErrorContains(t, err, "tape_test.go:")
	require.ErrorContains(t, err, "[2 4] and [3 5]")
	_, itemErr := y.Item()
	require.Equal(t, err, itemErr, "Item returns the first failure")
}

// A misuse is a loss on two tapes that must fail.
type misuse struct {
	name string
	loss func(tape, second *backward.Tape) *backward.Var
	want string
}

// misuses have x on the tapes' device, whole numbers there, and far on another.
func misuses(x, whole, far *tensor.Tensor) []misuse {
	return []misuse{
		{"mixed tapes", func(a, b *backward.Tape) *backward.Var { return a.Watch(x).Add(b.Watch(x)).Sum() }, "different tapes"},
		{"mixed devices", func(a, _ *backward.Tape) *backward.Var { return a.Watch(far).Sum() }, "copy it over"},
		{"no leaf", func(a, _ *backward.Tape) *backward.Var { return a.Input(x).Sum() }, "depends on no Param"},
		{"not a scalar", func(a, _ *backward.Tape) *backward.Var { return a.Watch(x) }, "want a loss of one element"},
		{"no axis", func(a, _ *backward.Tape) *backward.Var { return a.Watch(x).Sum(2) }, "no axis of [2]"},
		{"dropout without a stream", func(a, _ *backward.Tape) *backward.Var { return a.Watch(x).Dropout(0.5).Sum() }, "Mode.Random"},
		{"no derivative", func(a, _ *backward.Tape) *backward.Var {
			return backward.Apply(backward.Op{Name: "Round"}, func(_ *backward.Frame, x []*tensor.Tensor) (*tensor.Tensor, error) {
				return x[0].Retain(), nil
			}, nil, a.Watch(x)).Sum()
		}, "Round has no derivative"},
		{"an operation without a name", func(a, _ *backward.Tape) *backward.Var {
			return backward.Apply(backward.Op{}, func(_ *backward.Frame, x []*tensor.Tensor) (*tensor.Tensor, error) {
				return x[0].Retain(), nil
			}, nil, a.Watch(x)).Sum()
		}, "want an Op with a name"},
		{"learned class weights", func(a, _ *backward.Tape) *backward.Var {
			labels := backward.From(a, []int32{0, 1})
			return a.Watch(x).CrossEntropy(labels, backward.CrossEntropyOptions{Weights: a.Watch(x).Sum(0)})
		}, "derivative of CrossEntropy: there is none by the class weights"},
		{"no axis to swap", func(a, _ *backward.Tape) *backward.Var { return a.Watch(x).Swap(0, 2).Sum() }, "Swap: [2 2] does not fit: there is no such axis"},
		{"no axis to swap with", func(a, _ *backward.Tape) *backward.Var { return a.Watch(x).Swap(-3, 0).Sum() }, "Swap: [2 2]"},
		{"softmax over no axis", func(a, _ *backward.Tape) *backward.Var { return a.Watch(x).Softmax(-3).Sum() }, "Softmax: [2 2] does not fit: there is no such axis: -3"},
		{"gradient of integers", func(a, _ *backward.Tape) *backward.Var { return a.Watch(whole).Sum() }, "Watch of int32: want float32"},
		{"batch norm of a scalar", func(a, _ *backward.Tape) *backward.Var {
			s := a.Watch(x).Sum()
			return s.BatchNorm(backward.BatchNorm{Gamma: s, Beta: s})
		}, "Moments"},
		{"split", func(a, _ *backward.Tape) *backward.Var { return a.Watch(x).Split(0, 1)[0].Sum() }, "add up to 1, axis 0 has 2"},
	}
}

func TestMisuse(t *testing.T) {
	dev, other := open(t), open(t)
	whole, err := tensor.From(dev, []int32{1, 2})
	require.NoError(t, err)
	defer whole.Free()
	x, far := from(t, dev, random(4, 1), 2, 2), from(t, other, random(4, 1), 2, 2)
	for _, c := range misuses(x, whole, far) {
		t.Run(c.name, func(t *testing.T) {
			tape, second := backward.NewTape(dev, backward.Mode{Training: true}), backward.NewTape(dev, backward.Mode{})
			defer tape.Close()
			defer second.Close()
			err := c.loss(tape, second).Backward()
			require.ErrorContains(t, err, c.want)
			require.ErrorContains(t, err, "tape_test.go:", "with the caller's line")
		})
	}
}

func TestNothingToJoin(t *testing.T) {
	require.PanicsWithValue(t, "backward: Concat of nothing: want one operand or more", func() { backward.Concat(0) })
}

func TestBackwardTwice(t *testing.T) {
	dev := open(t)
	tape := backward.NewTape(dev, backward.Mode{})
	defer tape.Close()
	x := from(t, dev, []float32{1, 2}, 2)
	h := tape.Watch(x).Square()
	loss := h.Sum()
	require.NoError(t, loss.Backward())
	v, err := loss.Item()
	require.NoError(t, err, "the root stays")
	require.EqualValues(t, 5, v)
	_, err = h.Value()
	require.ErrorContains(t, err, "freed by Backward")
	require.ErrorContains(t, loss.Backward(), "already called")
}

func TestWatchAndKeep(t *testing.T) {
	dev := open(t)
	tape := backward.NewTape(dev, backward.Mode{})
	defer tape.Close()
	x := tape.Watch(from(t, dev, []float32{1, 2, 3}, 3))
	h := x.Square().Keep()
	passed := h.Reshape(3, 1) // hands its gradient on
	require.NoError(t, passed.Times(2).Sum().Add(h.Sum()).Backward())
	for _, c := range []struct {
		v    *backward.Var
		want []float32
	}{{x, []float32{6, 12, 18}}, {h, []float32{3, 3, 3}}} {
		g, err := c.v.Grad()
		require.NoError(t, err)
		require.Equal(t, c.want, floats(t, g))
	}
	kept, err := h.Value()
	require.NoError(t, err)
	require.Equal(t, []float32{1, 4, 9}, floats(t, kept))
	_, err = passed.Grad()
	require.ErrorContains(t, err, "no gradient of the result of Reshape")
}

// TestTiesOverSeparateAxes shares the gradient of a largest element evenly among
// equal ones, wherever they are.
func TestTiesOverSeparateAxes(t *testing.T) {
	dev := open(t)
	tape := backward.NewTape(dev, backward.Mode{})
	defer tape.Close()
	x := tape.Watch(from(t, dev, []float32{5, 5, 5, 0}, 2, 1, 2))
	require.NoError(t, x.Max(0, 2).Sum().Times(3).Backward())
	g, err := x.Grad()
	require.NoError(t, err)
	require.Equal(t, []float32{1, 1, 1, 0}, floats(t, g))
}

// TestProductsOfNothing sums over no elements: the inner extent is 0.
func TestProductsOfNothing(t *testing.T) {
	dev := open(t)
	tape := backward.NewTape(dev, backward.Mode{})
	defer tape.Close()
	x := tape.Watch(from(t, dev, nil, 2, 3, 0))
	b := tape.Input(from(t, dev, []float32{1, 2, 3, 4}, 4))
	y := x.Linear(tape.Input(from(t, dev, nil, 4, 0)), b, device.Unary{})
	require.Equal(t, []int{2, 3, 4}, y.Shape())
	z := x.MatMul(tape.Input(from(t, dev, nil, 0, 4)))
	require.Equal(t, []int{2, 3, 4}, z.Shape())
	loss := y.Add(z).Sum()
	require.NoError(t, loss.Backward())
	sum, err := loss.Item()
	require.NoError(t, err)
	require.EqualValues(t, 6*(1+2+3+4), sum, "the bias alone")
}

func TestDetach(t *testing.T) {
	dev := open(t)
	tape := backward.NewTape(dev, backward.Mode{})
	defer tape.Close()
	x := tape.Watch(from(t, dev, []float32{2, 3}, 2))
	require.NoError(t, x.Mul(x.Detach()).Sum().Backward())
	g, err := x.Grad()
	require.NoError(t, err)
	require.Equal(t, []float32{2, 3}, floats(t, g), "not 2x")
}

func TestMicroBatchesAddUp(t *testing.T) {
	dev := open(t)
	ps, loss := model(t, dev)
	data := random(8*4, 3)
	backwardOn := func(scale float32, rows []float32) {
		tape := backward.NewTape(dev, backward.Mode{Training: true})
		defer tape.Close()
		require.NoError(t, loss(tape, from(t, dev, rows, len(rows)/4, 4)).Times(scale).Backward())
	}
	backwardOn(1, data)
	whole := floats(t, ps.Grads())
	require.NoError(t, tensor.Fill(ps.Grads(), 0))
	backwardOn(0.5, data[:16])
	backwardOn(0.5, data[16:])
	require.InDeltaSlice(t, whole, floats(t, ps.Grads()), 1e-6)
}

func TestFailedBackwardLeavesNoGradient(t *testing.T) {
	dev := open(t)
	ps, loss := model(t, dev)
	tape := backward.NewTape(dev, backward.Mode{Training: true})
	defer tape.Close()
	broken := errors.New("broken")
	l := backward.Apply(backward.Op{Name: "Broken"},
		func(_ *backward.Frame, x []*tensor.Tensor) (*tensor.Tensor, error) { return x[0].Retain(), nil },
		func([]tensor.Dst, *tensor.Tensor, *tensor.Tensor, []*tensor.Tensor) error { return broken },
		tape.Param(ps.Lookup("fc1.weight")))
	err := loss(tape, from(t, dev, random(8, 1), 2, 4)).Add(l.Sum()).Backward()
	require.ErrorIs(t, err, broken)
	require.ErrorContains(t, err, "derivative of Broken")
	require.Equal(t, make([]float32, ps.Grads().Len()), floats(t, ps.Grads()))
}

func TestOutOfMemory(t *testing.T) {
	dev, err := cpu.New(cpu.Options{MemoryLimit: 1 << 20})
	require.NoError(t, err)
	defer dev.Close()
	ps, loss := model(t, dev)
	big := from(t, dev, random(20000*4, 1), 20000, 4)
	step := func(x *tensor.Tensor) error {
		tape := backward.NewTape(dev, backward.Mode{Training: true})
		defer tape.Close()
		return loss(tape, x).Backward()
	}
	var memory *device.MemoryError
	require.ErrorAs(t, step(big), &memory)
	require.Contains(t, memory.Error(), "float32[80000]")
	require.Equal(t, make([]float32, ps.Grads().Len()), floats(t, ps.Grads()))
	require.NoError(t, step(from(t, dev, random(8, 1), 2, 4)), "a smaller batch goes on")
}

func TestScopeFrees(t *testing.T) {
	dev := open(t)
	x := from(t, dev, random(1<<16, 1), 1<<16)
	run := func(m backward.Mode) int64 {
		tape := backward.NewTape(dev, m)
		defer tape.Close()
		y := tape.Watch(x)
		if m.NoGrad {
			y = tape.Input(x)
		}
		for range 10 {
			y = tape.Scope(func() *backward.Var { return y.Tanh().Square().Plus(1) })
		}
		_, err := y.Value()
		require.NoError(t, err)
		return dev.Stats().Live
	}
	const bytes = 4 << 16
	require.LessOrEqual(t, run(backward.Mode{NoGrad: true}), int64(12*bytes), "one result a scope")
	require.GreaterOrEqual(t, run(backward.Mode{}), int64(30*bytes), "a derivative needs them all")
}

func TestManyGoroutinesPredict(t *testing.T) {
	dev := open(t)
	_, loss := model(t, dev)
	x := from(t, dev, random(32, 1), 8, 4)
	for _, precision := range []device.DType{device.Float32, device.BFloat16} {
		results := make([]float32, 8)
		var wg sync.WaitGroup
		for i := range results {
			wg.Go(func() {
				for range 20 {
					tape := backward.NewTape(dev, backward.Mode{NoGrad: true, Precision: precision})
					results[i], _ = loss(tape, x).Item()
					tape.Close()
				}
			})
		}
		wg.Wait()
		for _, r := range results {
			require.Equal(t, results[0], r)
			require.NotZero(t, r)
		}
	}
}

func TestPrecision(t *testing.T) {
	dev := open(t)
	ps, loss := model(t, dev)
	x := from(t, dev, random(32, 1), 8, 4)
	grads := func(p device.DType) []float32 {
		require.NoError(t, tensor.Fill(ps.Grads(), 0))
		tape := backward.NewTape(dev, backward.Mode{Training: true, Precision: p})
		defer tape.Close()
		require.NoError(t, loss(tape, x).Backward())
		return floats(t, ps.Grads())
	}
	full, low := grads(device.Float32), grads(device.BFloat16)
	require.NotEqual(t, full, low, "bfloat16 was used")
	for i := range full {
		require.InDelta(t, full[i], low[i], 0.02, "eight bits of mantissa, a few roundings deep")
	}
}

func TestFaultStopsTheStep(t *testing.T) {
	dev := open(t)
	tape := backward.NewTape(dev, backward.Mode{})
	defer tape.Close()
	x := tape.Watch(from(t, dev, random(6, 1), 2, 3))
	labels, err := tensor.From(dev, []int32{1, 3})
	require.NoError(t, err)
	defer labels.Free()
	err = x.CrossEntropy(tape.Input(labels), backward.CrossEntropyOptions{}).Backward()
	var fault *device.Fault
	require.ErrorAs(t, err, &fault)
	require.Equal(t, device.Fault{Op: "CrossEntropy", Index: 1, Value: 3, Limit: 3}, *fault)
	dev.ClearFault()
}

func TestFrozenParamGetsNoGradient(t *testing.T) {
	dev := open(t)
	ps, loss := model(t, dev)
	require.NoError(t, ps.Lookup("fc1.weight").Freeze(true))
	tape := backward.NewTape(dev, backward.Mode{Training: true})
	defer tape.Close()
	require.NoError(t, loss(tape, from(t, dev, random(8, 1), 2, 4)).Backward())
	require.Equal(t, make([]float32, 64), floats(t, ps.Lookup("fc1.weight").Grad()))
	require.NotEqual(t, make([]float32, 16), floats(t, ps.Lookup("fc1.bias").Grad()))
}

func TestStoredLayout(t *testing.T) {
	dev := open(t)
	ps := backward.NewParams()
	oihw := ps.Param("conv.weight", backward.Layout{Stored: []int{2, 3, 2, 2}, Axes: []int{0, 2, 3, 1}}, func(w []float32, _ []int, _ *rand.Rand) {
		for i := range w {
			w[i] = float32(i)
		}
	})
	flat := ps.Param("fc.weight", backward.Layout{Stored: []int{1, 12}, Split: []int{1, 3, 2, 2}, Axes: []int{0, 2, 3, 1}, Shape: []int{1, 12}}, uniform)
	require.NoError(t, ps.Open(dev, 1))
	defer ps.Close()
	require.Equal(t, []int{2, 2, 2, 3}, oihw.Shape())
	require.Equal(t, []float32{0, 4, 8, 1, 5, 9}, floats(t, oihw.Value())[:6], "channels last")
	stored, err := oihw.Stored()
	require.NoError(t, err)
	require.EqualValues(t, 23, stored[23], "and back")
	want := random(12, 9)
	require.NoError(t, ps.SetStored(map[*backward.Param][]float32{flat: want}))
	got, err := flat.Stored()
	require.NoError(t, err)
	require.Equal(t, want, got)
	require.Error(t, ps.SetStored(map[*backward.Param][]float32{flat: want[:3]}))
}

func TestStoredLayoutOfAllAxes(t *testing.T) {
	ps := backward.NewParams()
	p := ps.Param("up.weight", backward.Layout{Stored: []int{2, 3, 2}, Axes: []int{2, 0, 1}}, uniform)
	require.NoError(t, ps.Open(open(t), 1))
	defer ps.Close()
	stored := []float32{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}
	require.NoError(t, ps.SetStored(map[*backward.Param][]float32{p: stored}))
	require.Equal(t, []float32{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}, stored, "the caller's stays")
	require.Equal(t, []int{2, 2, 3}, p.Shape())
	require.Equal(t, []float32{0, 2, 4, 6, 8, 10, 1, 3, 5, 7, 9, 11}, floats(t, p.Value()))
	back, err := p.Stored()
	require.NoError(t, err)
	require.Equal(t, stored, back)
}

func TestSeedAndNameDecideFirstValues(t *testing.T) {
	first := func(dev device.Device) []float32 {
		ps, _ := model(t, dev)
		return floats(t, ps.Values())
	}
	a := first(open(t))
	require.Equal(t, a, first(devicetest.Reference()), "alike on every device")
	require.NotEqual(t, a[:16], a[64:80], "fc1.weight and fc1.bias")
}
