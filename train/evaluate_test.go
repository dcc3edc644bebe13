package train_test

import (
	"context"
	"math"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/chainrule/backward"
	"example.org/chainrule/data"
	"example.org/chainrule/nn"
	"example.org/chainrule/train"
)

// pixelLogits is a model of 1x2 images whose logits are the pixels from 0 to 1,
// passed through f.
func pixelLogits(t *testing.T, f func(*backward.Var) *backward.Var) *nn.Classifier {
	t.Helper()
	ps := backward.NewParams()
	ps.Param("unused", backward.Plain(1), backward.Constant(0))
	require.NoError(t, ps.Open(openCPU(t, 1), 1))
	t.Cleanup(ps.Close)
	layer := nn.Func(func(x *backward.Var) *backward.Var { return f(x.Flatten()) })
	return &nn.Classifier{Layer: layer, Params: ps, Name: "pixels", Input: nn.Input{Height: 1, Width: 2, Channels: 1}, Classes: 2}
}

func identity(x *backward.Var) *backward.Var { return x }

func TestEvaluate(t *testing.T) {
	model := pixelLogits(t, identity)
	set := &data.Dataset{
		Height: 1, Width: 2, Channels: 1, Classes: []string{"left", "right"},
		Pixels: []byte{255, 0, 0, 255, 255, 0}, Labels: []int32{0, 1, 1},
	}
	right, wrong := math.Log(1+math.Exp(-1)), math.Log(1+math.Exp(1))
	for _, batch := range []int{1, 2, 3, 100} {
		m, err := train.Evaluate(t.Context(), model, set, batch)
		require.NoError(t, err)
		require.InDelta(t, (2*right+wrong)/3, m.Loss, 1e-6)
		require.InDelta(t, 2.0/3, m.Accuracy, 1e-6)
	}
	_, err := train.Evaluate(t.Context(), model, set, 0)
	require.EqualError(t, err, "data: a batch of 0 images, at least 1 is needed")
	_, err = train.Evaluate(t.Context(), model, bars(2), 1)
	require.EqualError(t, err, "train: the set has 4x4x1 images (height, width, channels) and 2 classes, the model takes 1x2x1 and 2")

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = train.Evaluate(ctx, model, set, 1)
	require.ErrorIs(t, err, context.Canceled)
}

func TestPredict(t *testing.T) {
	model := pixelLogits(t, identity)
	want := float32(1 / (1 + math.Exp(-1)))
	var running sync.WaitGroup
	for range 4 {
		running.Go(func() {
			p, err := train.Predict(model, []byte{0, 255})
			if err != nil || len(p) != 2 || math.Abs(float64(p[1]-want)) > 1e-6 || math.Abs(float64(p[0]+p[1]-1)) > 1e-6 {
				t.Errorf("probabilities %v, %v: want %v and its complement", p, err, want)
			}
		})
	}
	running.Wait()
}

func TestPredictRefuses(t *testing.T) {
	_, err := train.Predict(pixelLogits(t, identity), []byte{1, 2, 3})
	require.EqualError(t, err, "train: an image of 3 bytes: the model takes 1x2x1 (height, width, channels)")

	notANumber := func(x *backward.Var) *backward.Var { return x.Plus(-2).Log() }
	_, err = train.Predict(pixelLogits(t, notANumber), []byte{1, 2})
	require.EqualError(t, err, "train: the probabilities are not finite: the weights are of a training that diverged, or damaged")
}
