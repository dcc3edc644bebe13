package bench

import (
	"testing"

	"example.org/chainrule/backward"
	"example.org/chainrule/device"
	"example.org/chainrule/nn"
	"example.org/chainrule/optim"
	"example.org/chainrule/tensor"

	"github.com/stretchr/testify/require"
)

// A stepModel is what a step benchmark trains.
type stepModel struct {
	name      string
	input     nn.Input
	batch     int
	optimizer func(ps *backward.Params) (optim.Optimizer, error)
}

var stepModels = []stepModel{
	{"lenet", nn.Input{Height: 28, Width: 28, Channels: 1}, 64, sgd},
	{"resnet20", nn.Input{Height: 32, Width: 32, Channels: 3}, 128, sgd},
	{"mlp", nn.Input{Height: 28, Width: 28, Channels: 1}, 128, adam},
}

// A step trains a model on one batch, again and again.
type step struct {
	model          *nn.Classifier
	opt            optim.Optimizer
	images, labels *tensor.Tensor
	mode           backward.Mode
}

func newStep(tb testing.TB, dev device.Device, of stepModel, precision device.DType) *step {
	m, err := nn.NewClassifier(of.name, of.input, 10)
	require.NoError(tb, err)
	require.NoError(tb, m.Params.Open(dev, 1))
	m.Params.OverwriteGrads(true)
	if precision == device.BFloat16 {
		require.NoError(tb, m.Params.KeepBFloat16())
	}
	opt, err := of.optimizer(m.Params)
	require.NoError(tb, err)
	in, batch := of.input, of.batch
	return &step{
		model: m, opt: opt,
		images: normal(tb, dev, device.Float32, batch, in.Height, in.Width, in.Channels),
		labels: classes(tb, dev, batch, m.Classes),
		mode:   backward.Mode{Training: true, Precision: precision},
	}
}

// run is forward, loss, backward and update.
func (s *step) run() error {
	tape := backward.NewTape(s.model.Params.Device(), s.mode)
	defer tape.Close()
	loss := s.model.Forward(tape.Input(s.images)).CrossEntropy(tape.Input(s.labels), backward.CrossEntropyOptions{})
	if err := loss.Backward(); err != nil {
		return err
	}
	return s.opt.Step()
}

// record takes a step and returns what will repeat it.
func (s *step) record(tb testing.TB) device.Replay {
	require.NoError(tb, s.run())
	replay, err := s.model.Params.Device().Record(s.run)
	require.NoError(tb, err)
	tb.Cleanup(replay.Close)
	return replay
}

func BenchmarkStep(b *testing.B) {
	for _, m := range stepModels {
		images := func(b *testing.B) {
			b.ReportMetric(float64(m.batch)*float64(b.N)/b.Elapsed().Seconds(), "images/s")
		}
		onEachType(b, m.name+"-eager", func(b *testing.B, dev device.Device, t device.DType) {
			measure(b, dev, newStep(b, dev, m, t).run)
			images(b)
		})
		onEachType(b, m.name+"-replayed", func(b *testing.B, dev device.Device, t device.DType) {
			measure(b, dev, newStep(b, dev, m, t).record(b).Run)
			images(b)
		})
	}
}
