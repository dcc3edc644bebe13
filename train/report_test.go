package train_test

import (
	"bytes"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/chainrule/train"
)

var someEpoch = train.Epoch{Epoch: 3, TrainLoss: 0.25, TestLoss: 0.5, TestAccuracy: 0.875, ImagesPerSecond: 2048}

func TestLines(t *testing.T) {
	var out bytes.Buffer
	lines := train.Lines{W: &out}
	lines.Step(train.Progress{Epoch: 1})
	require.Empty(t, out.String())
	lines.Epoch(someEpoch)
	require.Equal(t, "epoch 3  train loss 0.2500  test loss 0.5000  test accuracy 87.50%  2048 images/s\n", out.String())
}

func TestJSON(t *testing.T) {
	var out bytes.Buffer
	lines := train.JSON{W: &out}
	lines.Step(train.Progress{Epoch: 1})
	require.Empty(t, out.String())
	lines.Epoch(someEpoch)
	require.Equal(t, `{"epoch":3,"train_loss":0.25,"test_loss":0.5,"test_accuracy":0.875,"images_per_s":2048}`+"\n", out.String())
}

func TestBar(t *testing.T) {
	var out bytes.Buffer
	bar := train.NewBar(&out)
	bar.Stop() // nothing to clear yet
	require.Empty(t, out.String())

	bar.Step(train.Progress{Epoch: 1, Epochs: 2, Images: 64, Total: 6000, Loss: math.NaN()})
	require.Contains(t, out.String(), "epoch 1/2 ")
	require.NotContains(t, out.String(), "loss")
	bar.Epoch(someEpoch)
	require.Empty(t, strings.TrimSpace(lastDrawn(&out)), "cleared for what comes next")

	bar.Step(train.Progress{Epoch: 2, Epochs: 2, Images: 64, Total: 6000, Loss: 0.5})
	require.Contains(t, lastDrawn(&out), "epoch 2/2  loss 0.5000 ")
	bar.Stop()
	require.Empty(t, strings.TrimSpace(lastDrawn(&out)))
	require.NotContains(t, out.String(), "\n", "the bar keeps to its line")
}

// lastDrawn is what stands on the terminal's line: all after the last return
// that has something after it, or nothing.
func lastDrawn(out *bytes.Buffer) string {
	text := strings.TrimSuffix(out.String(), "\r")
	return text[strings.LastIndex(text, "\r")+1:]
}

func TestReports(t *testing.T) {
	var first, second record
	both := train.Reports{&first, &second}
	both.Step(train.Progress{Epoch: 1, Images: 5})
	both.Epoch(someEpoch)
	require.Equal(t, []train.Epoch{someEpoch}, first.epochs)
	require.Equal(t, first, second)
	require.Len(t, first.steps, 1)
}
