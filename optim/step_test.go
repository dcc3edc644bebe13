package optim_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/chainrule/backward"
	"example.org/chainrule/cpu"
	"example.org/chainrule/device"
	"example.org/chainrule/optim"
	"example.org/chainrule/tensor"
)

// A classifier is batch normalisation, a linear layer and a loss over a fixed
// batch.
type classifier struct {
	*testing.T
	dev            device.Device
	ps             *backward.Params
	opt            optim.Optimizer
	images, labels *tensor.Tensor
}

func newClassifier(t *testing.T, dev device.Device) *classifier {
	t.Helper()
	c := &classifier{T: t, dev: dev, ps: backward.NewParams()}
	for _, vector := range []string{"bn.weight", "bn.bias"} {
		c.ps.Param(vector, backward.Plain(5), backward.Constant(0.5))
	}
	c.ps.State("bn.running_mean", backward.Plain(5), backward.Constant(0))
	c.ps.State("bn.running_var", backward.Plain(5), backward.Constant(1))
	c.ps.Param("fc.weight", backward.Plain(3, 5), uniform)
	require.NoError(t, c.ps.Open(dev, 1))
	t.Cleanup(c.ps.Close)
	c.opt = sgd(t, c.ps, 0.1, optim.SGD{Momentum: 0.9})
	x := make([]float32, 8*5)
	uniform(x, nil, rand.New(rand.NewPCG(1, 1)))
	var err error
	c.images, err = tensor.From(dev, x, 8, 5)
	require.NoError(t, err)
	t.Cleanup(c.images.Free)
	c.labels, err = tensor.From(dev, []int32{0, 1, 2, 0, 1, 2, 0, 1})
	require.NoError(t, err)
	t.Cleanup(c.labels.Free)
	return c
}

// step is a whole step, as train takes it.
func (c *classifier) step() error {
	tape := backward.NewTape(c.dev, backward.Mode{Training: true})
	defer tape.Close()
	x := tape.Input(c.images).BatchNorm(backward.BatchNorm{
		Gamma: tape.Param(c.ps.Lookup("bn.weight")), Beta: tape.Param(c.ps.Lookup("bn.bias")),
		Mean: c.ps.Lookup("bn.running_mean"), Variance: c.ps.Lookup("bn.running_var"),
		Epsilon: 1e-5, Momentum: 0.1,
	})
	logits := x.Linear(tape.Weight(c.ps.Lookup("fc.weight")), nil, device.Unary{})
	if err := logits.CrossEntropy(tape.Input(c.labels), backward.CrossEntropyOptions{}).Backward(); err != nil {
		return err
	}
	return c.opt.Step()
}

// values are the parameters and running statistics.
func (c *classifier) values() map[string][]float32 {
	c.Helper()
	all := map[string][]float32{}
	for p := range c.ps.All() {
		all[p.Name()] = floats(c.T, p.Value())
	}
	return all
}

// spoil puts a label that is no class into the batch.
func (c *classifier) spoil() {
	require.NoError(c, tensor.Set(c.labels, []int32{0, 1, 2, 0, 1, 7, 0, 1}))
}

func (c *classifier) mend() {
	require.NoError(c, tensor.Set(c.labels, []int32{0, 1, 2, 0, 1, 2, 0, 1}))
	c.dev.ClearFault()
}

func TestRefusedStepReturnsStatistics(t *testing.T) {
	c := newClassifier(t, open(t))
	require.NoError(t, c.step())
	require.NoError(t, c.step())
	before := c.values()
	require.NotEqual(t, make([]float32, 5), before["bn.running_mean"], "statistics moved")

	spoiled := floats(t, c.images)
	spoiled[7] = float32(math.NaN())
	require.NoError(t, tensor.Set(c.images, spoiled))
	require.NoError(t, c.step())
	require.Equal(t, before, c.values())
	require.Equal(t, 3, status(t, c.opt).Stopped)
}

func TestFaultDiscardsTheStep(t *testing.T) {
	dev := open(t)
	c, clean := newClassifier(t, dev), newClassifier(t, dev)
	require.NoError(t, c.step())
	c.spoil()
	var fault *device.Fault
	require.ErrorAs(t, c.step(), &fault, "Backward reports it")
	require.Equal(t, device.Fault{Op: "CrossEntropy", Index: 5, Value: 7, Limit: 3}, *fault)
	require.ErrorAs(t, c.opt.Step(), &fault, "so does a step that nobody should take")
	c.mend()
	require.Equal(t, 2, status(t, c.opt).Stopped)

	require.NoError(t, clean.step())
	require.Equal(t, clean.values(), c.values(), "as after one step")
	require.Equal(t, make([]float32, c.ps.Grads().Len()), floats(t, c.ps.Grads()))
}

func TestFaultThatBackwardReportsStopsNothing(t *testing.T) {
	dev := open(t)
	c, clean := newClassifier(t, dev), newClassifier(t, dev)
	require.NoError(t, c.step())
	c.spoil()
	require.Error(t, c.step())
	c.mend()
	require.NoError(t, c.step())
	for range 2 {
		require.NoError(t, clean.step())
	}
	require.Equal(t, clean.values(), c.values(), "the batch was left out")
	require.Zero(t, status(t, c.opt).Stopped)
}

// TestStepAfterASkippedKernel: what was added up is not to be trusted, so the step
// is discarded, and counts as none.
func TestStepAfterASkippedKernel(t *testing.T) {
	dev, err := cpu.New(cpu.Options{MemoryLimit: 1 << 14})
	require.NoError(t, err)
	defer dev.Close()
	c := newClassifier(t, dev)
	require.NoError(t, tensor.Fill(c.ps.Grads(), 1))
	logits, err := tensor.New(dev, device.Float32, 1000, 1)
	require.NoError(t, err)
	defer logits.Free()
	labels, err := tensor.From(dev, make([]int32, 1000))
	require.NoError(t, err)
	defer labels.Free()
	hits, err := tensor.Scalar(dev, 0)
	require.NoError(t, err)
	defer hits.Free()
	before := c.values()
	require.NoError(t, tensor.HitsInto(tensor.To(hits), logits, labels), "there is no workspace, which is latched")
	require.ErrorAs(t, c.opt.Step(), new(*device.MemoryError))
	require.Equal(t, before, c.values())
	require.Equal(t, make([]float32, c.ps.Grads().Len()), floats(t, c.ps.Grads()))
	require.Zero(t, status(t, c.opt))
}

func TestFaultInAReplayedStep(t *testing.T) {
	c := newClassifier(t, open(t))
	require.NoError(t, c.step())
	replay, err := c.dev.Record(c.step)
	require.NoError(t, err)
	defer replay.Close()
	require.NoError(t, replay.Run())
	before := c.values()
	c.spoil()
	var fault *device.Fault
	require.ErrorAs(t, replay.Run(), &fault)
	c.mend()
	require.Equal(t, before, c.values())
	s := status(t, c.opt)
	require.Equal(t, []int{3, 2, 3}, []int{s.Steps, s.Applied, s.Stopped})

	require.NoError(t, replay.Run())
	require.Equal(t, before, c.values(), "refused, as all later ones are")
	require.NoError(t, c.opt.Resume())
	require.NoError(t, replay.Run())
	require.NotEqual(t, before, c.values())
	require.Zero(t, status(t, c.opt).Stopped)
}

func TestReplayFollowsTheSchedule(t *testing.T) {
	dev := open(t)
	recorded, eager := newClassifier(t, dev), newClassifier(t, dev)
	schedule := optim.WarmupCosine(0.5, 3, 8)
	require.NoError(t, recorded.opt.SetRate(schedule(0)))
	require.NoError(t, recorded.step())
	replay, err := dev.Record(recorded.step)
	require.NoError(t, err)
	defer replay.Close()
	for step := 1; step < 8; step++ {
		require.NoError(t, recorded.opt.SetRate(schedule(step)))
		require.NoError(t, replay.Run())
	}
	for step := range 8 {
		require.NoError(t, eager.opt.SetRate(schedule(step)))
		require.NoError(t, eager.step())
	}
	require.Equal(t, eager.values(), recorded.values(), "the same bits")
	require.Equal(t, status(t, eager.opt), status(t, recorded.opt))
}
