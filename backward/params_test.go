package backward_test

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/chainrule/backward"
	"example.org/chainrule/cpu"
	"example.org/chainrule/device"
	"example.org/chainrule/tensor"
)

// registry is a matrix, a vector and a statistic, open.
func registry(t *testing.T, dev device.Device) *backward.Params {
	t.Helper()
	ps := backward.NewParams()
	ps.Param("fc.weight", backward.Plain(10, 7), uniform)
	ps.Param("fc.bias", backward.Plain(10), backward.Constant(1))
	ps.State("bn.running_mean", backward.Plain(3), backward.Constant(2))
	require.NoError(t, ps.Open(dev, 1))
	t.Cleanup(ps.Close)
	return ps
}

func TestParamsOpenAndClose(t *testing.T) {
	dev := open(t)
	ps := registry(t, dev)
	first := floats(t, ps.Values())
	require.ErrorContains(t, ps.Open(dev, 1), "already called")
	require.Equal(t, device.Device(dev), ps.Device(), "a refused Open changes nothing")

	ps.Close()
	ps.Close()
	require.Nil(t, ps.Device())
	require.Nil(t, ps.Values())
	require.Nil(t, ps.Lookup("fc.weight").Value())

	require.NoError(t, ps.Open(dev, 1), "and once more")
	require.Equal(t, first, floats(t, ps.Values()))
	require.Equal(t, 80, ps.Count(), "statistics are not trained")
	require.Nil(t, ps.Lookup("bn.running_mean").Grad())
	require.True(t, ps.Lookup("bn.running_mean").IsState())
}

func TestParamsWithoutParameters(t *testing.T) {
	ps := backward.NewParams()
	require.NoError(t, ps.Open(open(t), 1))
	defer ps.Close()
	require.Zero(t, ps.Count())
	require.Zero(t, ps.Values().Len())
	require.NoError(t, ps.Written())
}

func TestDeclarationsThatPanic(t *testing.T) {
	for _, c := range []struct {
		want   string
		layout backward.Layout
	}{
		{"stored as [2 -3]", backward.Plain(2, -3)},
		{"stored as [-2 -3]", backward.Plain(-2, -3)},
		{"axes [0 0] do not permute [2 3]", backward.Layout{Stored: []int{2, 3}, Axes: []int{0, 0}}},
		{"axes [0 2] do not permute [2 3]", backward.Layout{Stored: []int{2, 3}, Axes: []int{0, 2}}},
		{"axes [1] do not permute [2 3]", backward.Layout{Stored: []int{2, 3}, Axes: []int{1}}},
		{"split as [2 4]", backward.Layout{Stored: []int{2, 3}, Split: []int{2, 4}}},
		{"used as [5]", backward.Layout{Stored: []int{2, 3}, Shape: []int{5}}},
	} {
		require.Contains(t, panicked(func() { backward.NewParams().Sub("fc").Param("weight", c.layout, uniform) }), "backward: parameter fc.weight: ")
		require.Contains(t, panicked(func() { backward.NewParams().State("mean", c.layout, uniform) }), c.want)
	}
	ps := registry(t, open(t))
	require.Equal(t, "backward: parameter fc.bias is declared twice", panicked(func() { ps.Sub("fc").State("bias", backward.Plain(10), uniform) }))
	require.Equal(t, "backward: parameter late is declared after Open", panicked(func() { ps.Param("late", backward.Plain(1), uniform) }))
}

// panicked is what f panics with.
func panicked(f func()) (what string) {
	defer func() { what, _ = recover().(string) }()
	f()
	return ""
}

func TestSubPrefixesNames(t *testing.T) {
	ps := backward.NewParams()
	block := ps.Sub("layer1").Sub("0")
	p := block.Sub("conv1").Param("weight", backward.Plain(2), uniform)
	q := ps.Param("bias", backward.Plain(2), uniform)
	require.Equal(t, "layer1.0.conv1.weight", p.Name())
	require.Same(t, p, block.Lookup("layer1.0.conv1.weight"), "full names everywhere")
	require.Nil(t, block.Lookup("conv1.weight"))
	var all []*backward.Param
	for p := range block.All() {
		all = append(all, p)
	}
	require.Equal(t, []*backward.Param{p, q}, all, "in the order of declaration")
}

func TestParamsBeforeOpen(t *testing.T) {
	dev := open(t)
	ps := backward.NewParams()
	p := ps.Param("weight", backward.Plain(2), uniform)
	require.NoError(t, p.Freeze(true))
	require.NoError(t, p.Freeze(false))
	require.NoError(t, ps.SetGroups(func(*backward.Param) int { return 3 }))
	ps.Discard()
	ps.Close()
	_, stored := p.Stored()
	_, slab := ps.NewSlab()
	tape := backward.NewTape(dev, backward.Mode{Precision: device.BFloat16})
	defer tape.Close()
	tape.Weight(p)
	for _, err := range []error{stored, slab, tape.Err(), ps.Written(), ps.SetStored(map[*backward.Param][]float32{p: {1, 2}})} {
		require.ErrorContains(t, err, "no memory: call Params.Open first")
	}
	require.ErrorContains(t, stored, "(weight)")
}

func TestModelTooLarge(t *testing.T) {
	dev, err := cpu.New(cpu.Options{MemoryLimit: 1 << 20})
	require.NoError(t, err)
	defer dev.Close()
	open := func(shape ...int) error {
		ps := backward.NewParams()
		ps.Param("small", backward.Plain(1000), uniform)
		ps.Param("large", backward.Plain(shape...), uniform)
		err := ps.Open(dev, 1)
		require.Nil(t, ps.Values())
		require.Zero(t, dev.Stats().Live, "nothing is held")
		return err
	}
	var memory *device.MemoryError
	require.ErrorAs(t, open(1000, 200), &memory, "values fit, gradients do not")
	var shape *tensor.ShapeError
	require.ErrorAs(t, open(1<<16, 1<<16), &shape)
	require.ErrorAs(t, open(1<<32, 1<<32), &shape, "an overflow of 64 bits")
}

func TestSetStoredIsAllOrNothing(t *testing.T) {
	dev := open(t)
	ps, other := registry(t, dev), registry(t, dev)
	before := floats(t, ps.Values())
	weight, bias := ps.Lookup("fc.weight"), ps.Lookup("fc.bias")
	var shape *tensor.ShapeError
	require.ErrorAs(t, ps.SetStored(map[*backward.Param][]float32{weight: make([]float32, 70), bias: make([]float32, 9)}), &shape)
	require.ErrorContains(t, shape, "fc.bias is given 9 values")
	foreign := ps.SetStored(map[*backward.Param][]float32{weight: make([]float32, 70), other.Lookup("fc.bias"): make([]float32, 10)})
	require.ErrorContains(t, foreign, "fc.bias is of another model")
	require.Equal(t, before, floats(t, ps.Values()))
}

// groups are the group of each row of the parameters' table.
func groups(t *testing.T, ps *backward.Params) (g []int32) {
	t.Helper()
	words, err := ps.Table().Int32s()
	require.NoError(t, err)
	for i := 1; i < len(words); i += 2 {
		g = append(g, words[i])
	}
	return g
}

func TestGroupsAndFreezing(t *testing.T) {
	ps := registry(t, open(t))
	weight, bias := ps.Lookup("fc.weight"), ps.Lookup("fc.bias")
	require.Equal(t, []int32{0, 0, 1}, groups(t, ps), "70 weights take two rows, 10 biases one")
	words, err := ps.Table().Int32s()
	require.NoError(t, err)
	require.Equal(t, []int32{words[0], words[0]}, []int32{words[0], words[2]}, "rows of one tensor")
	require.NotEqual(t, words[0], words[4])

	require.NoError(t, weight.Freeze(true))
	require.Equal(t, []int32{-1, -1, 1}, groups(t, ps))
	require.NoError(t, ps.SetGroups(func(p *backward.Param) int {
		require.False(t, p.IsState(), "statistics have no group")
		return p.Len() / 10
	}))
	require.Equal(t, []int32{-1, -1, 1}, groups(t, ps), "frozen in any group")
	require.NoError(t, weight.Freeze(false))
	require.NoError(t, bias.Freeze(true))
	require.Equal(t, []int32{7, 7, -1}, groups(t, ps))

	for _, wrong := range []int{-1, device.MaxGroups} {
		err := ps.SetGroups(func(p *backward.Param) int {
			if p == bias {
				return wrong
			}
			return 2
		})
		require.ErrorContains(t, err, "for fc.bias: want 0 to 7")
	}
	require.Equal(t, []int32{7, 7, -1}, groups(t, ps), "nothing changed")
}

// weights16 is the BFloat16 copy of a parameter.
func weights16(t *testing.T, p *backward.Param) []float32 {
	t.Helper()
	tape := backward.NewTape(p.Value().Device(), backward.Mode{NoGrad: true, Precision: device.BFloat16})
	defer tape.Close()
	w := tape.Weight(p)
	require.Equal(t, device.BFloat16, w.DType())
	s, err := w.Float32s()
	require.NoError(t, err)
	return s
}

// control is a control block of a step that was applied or not.
func control(t *testing.T, dev device.Device, applied int32) *tensor.Tensor {
	t.Helper()
	words := make([]int32, device.ControlWords)
	words[device.ControlOK] = applied
	c, err := tensor.From(dev, words)
	require.NoError(t, err)
	t.Cleanup(c.Free)
	return c
}

func TestBFloat16WeightsFollow(t *testing.T) {
	dev := open(t)
	ps := registry(t, dev)
	bias := ps.Lookup("fc.bias")
	want := func(v float32) []float32 {
		s := make([]float32, 10)
		for i := range s {
			s[i] = v
		}
		return s
	}
	require.Equal(t, want(1), weights16(t, bias))
	require.NoError(t, ps.SetStored(map[*backward.Param][]float32{bias: want(3)}))
	require.Equal(t, want(3), weights16(t, bias))
	require.NoError(t, tensor.Fill(bias.Value(), 1+1.0/256))
	require.Equal(t, want(1), weights16(t, bias), "rounded to even")
	require.NoError(t, tensor.Fill(bias.Value(), 5))
	require.Equal(t, want(5), weights16(t, bias), "whoever wrote")
}

func TestStatisticsReturnWhereAStepIsNotApplied(t *testing.T) {
	dev := open(t)
	ps := registry(t, dev)
	mean := ps.Lookup("bn.running_mean")
	move := func(to float32) { require.NoError(t, tensor.Fill(mean.Value(), to)) }
	expect := func(v float32) { require.Equal(t, []float32{v, v, v}, floats(t, mean.Value())) }

	move(3)
	require.NoError(t, ps.Updated(control(t, dev, 1)))
	expect(3)
	move(4)
	require.NoError(t, ps.Updated(control(t, dev, 0)))
	expect(3)
	move(5)
	require.NoError(t, ps.Written())
	move(6)
	require.NoError(t, tensor.Fill(ps.Grads(), 1))
	ps.Discard()
	expect(5)
	require.Equal(t, make([]float32, ps.Grads().Len()), floats(t, ps.Grads()))
}

func TestPaddingIsZero(t *testing.T) {
	ps := registry(t, open(t))
	values := floats(t, ps.Values())
	require.Len(t, values, 3*device.RowLen)
	require.Equal(t, make([]float32, 128-70), values[70:128])
	require.Equal(t, make([]float32, 64-10), values[128+10:])
	require.NotContains(t, values[:70], float32(0))
}

func TestOneParamInTwoPrecisions(t *testing.T) {
	dev := open(t)
	ps := registry(t, dev)
	p := ps.Lookup("fc.bias")
	tape := backward.NewTape(dev, backward.Mode{Precision: device.BFloat16})
	defer tape.Close()
	whole, half := tape.Param(p), tape.Weight(p)
	require.Equal(t, device.Float32, whole.DType())
	require.Equal(t, device.BFloat16, half.DType())
	require.Same(t, half, tape.Weight(p), "one Var for each")
	require.Same(t, whole, tape.Param(p))
	require.NoError(t, whole.Square().Sum().Add(half.Times(3).Cast(device.Float32).Sum()).Backward())
	for _, g := range floats(t, p.Grad()) {
		require.EqualValues(t, 2+3, g)
	}
}

func TestLossThatIsAParameter(t *testing.T) {
	dev := open(t)
	ps := backward.NewParams()
	p := ps.Param("loss", backward.Plain(), backward.Constant(4))
	require.NoError(t, ps.Open(dev, 1))
	defer ps.Close()
	for range 2 {
		tape := backward.NewTape(dev, backward.Mode{})
		require.NoError(t, tape.Param(p).Backward())
		tape.Close()
	}
	require.Equal(t, []float32{2}, floats(t, p.Grad()), "gradients add up")
}

func TestInitSeesTheStoredLayout(t *testing.T) {
	ps := backward.NewParams()
	var seen []int
	ps.Param("conv.weight", backward.Layout{Stored: []int{4, 3, 2, 1}, Axes: []int{0, 2, 3, 1}}, func(w []float32, shape []int, _ *rand.Rand) {
		require.Len(t, w, 24)
		seen = shape
	})
	require.NoError(t, ps.Open(open(t), 1))
	defer ps.Close()
	require.Equal(t, []int{4, 3, 2, 1}, seen)
}
