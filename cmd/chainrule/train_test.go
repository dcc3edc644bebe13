package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"image/color"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/chainrule/cpu"
	"example.org/chainrule/train"
)

func TestTrain(t *testing.T) {
	enterPets(t)
	out := trainPets(t)
	require.Regexp(t, `^on cpu, .*, \d+ threads
mlp in float32: 296962 parameters, 8x8x1 images, 2 classes; 32 to train on, 8 to test on
epoch 1  train loss \d+\.\d{4}  test loss \d+\.\d{4}  test accuracy \d+\.\d\d%  \d+ images/s
epoch 2 .*
epoch 3 .*
done in \d+\.\d s: test accuracy 100\.00%; weights: run.weights\.safetensors
$`, out)
	require.Equal(t, []string{train.WeightsFile}, namesIn(t, "run"))
}

func namesIn(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	var names []string
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return names
}

func TestTrainJSON(t *testing.T) {
	enterPets(t)
	r := invoke(t, strings.Fields("train --data pets --model mlp --batch 8 --epochs 2 --json")...)
	require.Zero(t, r.code)
	lines := strings.SplitAfter(r.out, "\n")
	require.Len(t, lines, 4)
	require.Empty(t, lines[3])
	for i, line := range lines[:2] {
		var e map[string]float64
		require.NoError(t, json.Unmarshal([]byte(line), &e))
		require.Len(t, e, 5)
		require.Equal(t, float64(i+1), e["epoch"])
		require.Positive(t, e["train_loss"])
		require.Positive(t, e["test_loss"])
		require.InDelta(t, 0.5, e["test_accuracy"], 0.5)
		require.Positive(t, e["images_per_s"])
	}
	weights := filepath.Join("runs", "mlp-1", train.WeightsFile)
	quoted, err := json.Marshal(weights)
	require.NoError(t, err)
	require.Equal(t, `{"done":true,"epochs":2,"test_accuracy":1,"weights":`+string(quoted)+"}\n", lines[2])
	require.FileExists(t, weights)
	require.Regexp(t, `^on cpu, .*\nmlp in float32: 296962 parameters.*\nepoch 1 .*\nepoch 2 .*\ndone in .*\n$`, r.err)
}

func TestTrainOnATerminal(t *testing.T) {
	enterPets(t)
	var out, screen bytes.Buffer
	env := &environment{ctx: t.Context(), out: &out, err: &screen, terminal: true}
	require.Zero(t, run(env, strings.Fields("train --data pets --model mlp --batch 8 --epochs 2")))
	require.Contains(t, screen.String(), "epoch 1/2")
	require.Contains(t, screen.String(), "epoch 2/2")
	require.NotContains(t, out.String(), "\r", "the bar stays off what may be piped")
}

func TestTrainTwiceIsTheSameFile(t *testing.T) {
	enterPets(t)
	file := func(dir string, flags ...string) []byte {
		trainPets(t, append(flags, "--out", dir)...)
		content, err := os.ReadFile(filepath.Join(dir, train.WeightsFile))
		require.NoError(t, err)
		return content
	}
	first := file("a", "--threads", "1")
	require.Equal(t, first, file("b", "--threads", "0"))
	require.NotEqual(t, first, file("c", "--seed", "2"))
}

func TestTrainTakesTheNextFreeFolder(t *testing.T) {
	enterPets(t)
	for range 2 {
		succeed(t, strings.Fields("train --data pets --model mlp --epochs 1 --batch 8")...)
	}
	require.Equal(t, []string{"mlp-1", "mlp-2"}, namesIn(t, "runs"))
}

// A flag given twice counts as last given.
func TestTrainFlags(t *testing.T) {
	enterPets(t)
	for _, flags := range []string{
		"--epochs 5 --epochs 1 --schedule step",
		"--optimizer adam --lr 0.01 --clip 1",
		"--optimizer adamw --weight-decay 0.1 --schedule constant",
		"--nesterov --momentum 0.8 --device cpu",
		"--momentum 0 --lr=1e-2",
	} {
		out := succeed(t, append(strings.Fields("train --data pets --model mlp --batch 30 --epochs 2 --threads 1"), strings.Fields(flags)...)...)
		require.Contains(t, out, "done in", flags)
		require.Equal(t, strings.Contains(flags, "--epochs 1"), !strings.Contains(out, "epoch 2"))
	}
}

// The run folder keeps the precision that was trained in.
func TestTrainInBFloat16(t *testing.T) {
	enterPets(t)
	out := succeed(t, strings.Fields("train --data pets --model mlp --batch 8 --epochs 3 --precision bfloat16 --out run")...)
	require.Contains(t, out, "mlp in bfloat16: ")
	require.Contains(t, out, "test accuracy 100.00%")
	dev, err := cpu.New(cpu.Options{})
	require.NoError(t, err)
	defer dev.Close()
	model, card, err := train.LoadWeights("run", dev)
	require.NoError(t, err)
	defer model.Params.Close()
	require.Equal(t, "bfloat16", card.Precision)
}

// Channels, flattened size and classes of the LeNet follow the images.
func TestTrainLeNetOnOtherData(t *testing.T) {
	t.Chdir(t.TempDir())
	for class, c := range map[string]color.Color{"red": color.RGBA{255, 0, 0, 255}, "green": color.RGBA{0, 255, 0, 255}, "blue": color.RGBA{0, 0, 255, 255}} {
		for _, name := range []string{"1.png", "2.png", "3.png"} {
			writePicture(t, filepath.Join("colours", class, name), 8, 12, func(int, int) color.Color { return c })
		}
	}
	parameters := (5*5*3*32 + 32) + (5*5*32*64 + 64) + (3*2*64*1024 + 1024) + (1024*3 + 3)
	out := succeed(t, strings.Fields("train --data colours --batch 6 --epochs 1")...)
	require.Contains(t, out, fmt.Sprintf("lenet in float32: %d parameters, 12x8x3 images, 3 classes; 6 to train on, 3 to test on\n", parameters))

	out = succeed(t, strings.Fields("train --data colours --batch 6 --epochs 1 --size 4")...)
	require.Contains(t, out, "4x4x3 images")
}

func TestTrainLeavesOutWhatCannotBeRead(t *testing.T) {
	enterPets(t)
	for i := range 7 {
		require.NoError(t, os.WriteFile(filepath.Join("pets", "dog", "x"+string(rune('0'+i))+".jpg"), []byte("no picture"), 0o666))
	}
	r := invoke(t, strings.Fields("train --data pets --model mlp --epochs 1 --batch 8")...)
	require.Zero(t, r.code)
	require.Contains(t, r.out, "epoch 1 ")
	require.Regexp(t, `^(left out: pets/dog/x\d\.jpg: images: not a JPEG, PNG, GIF, WebP or BMP picture\n){5}left out: 2 more\npictures left out: 7 \(--strict makes the first an error\)\n$`, r.err)

	r = invoke(t, strings.Fields("train --data pets --model mlp --epochs 1 --batch 8 --strict")...)
	require.Equal(t, exitFailure, r.code)
	require.Empty(t, r.out)
	require.Regexp(t, `^chainrule: folder: pets/dog/x\d\.jpg: images: not a JPEG, PNG, GIF, WebP or BMP picture\n$`, r.err)
}

// Every number in the file is finite: LoadWeights refuses others.
func requireWeights(t *testing.T, path string) []float32 {
	t.Helper()
	dev, err := cpu.New(cpu.Options{})
	require.NoError(t, err)
	defer dev.Close()
	model, _, err := train.LoadWeights(path, dev)
	require.NoError(t, err)
	defer model.Params.Close()
	values, err := model.Params.Values().Float32s()
	require.NoError(t, err)
	return values
}

// What diverges keeps the last good weights, here the first ones.
func TestTrainThatDiverges(t *testing.T) {
	enterPets(t)
	for rate, step := range map[string]string{"1e30": "2", "1e38": "2", "3e38": "2"} {
		r := invoke(t, strings.Fields("train --data pets --model mlp --batch 8 --epochs 2 --threads 1 --json --out r"+rate+" --lr "+rate)...)
		require.Equal(t, exitFailure, r.code)
		require.Regexp(t, `^on cpu, .*\nmlp in float32: .*\nchainrule: train: the loss or its gradient is no longer finite at step `+step+
			` \(epoch 1\): use a lower learning rate; the first weights are in r`+rate+`.weights.safetensors\n$`, r.err)
		require.Regexp(t, `^{"done":false,"epochs":0,"weights":".*"}\n$`, r.out)
		for _, w := range requireWeights(t, filepath.Join("r"+rate, train.WeightsFile)) {
			require.Less(t, math.Abs(float64(w)), 1.0)
		}
	}
}

// A writer that calls back at the first text it is given that holds the word.
type trigger struct {
	bytes.Buffer
	word string
	call func()
}

func (w *trigger) Write(p []byte) (int, error) {
	if bytes.Contains(p, []byte(w.word)) {
		w.call()
	}
	return w.Buffer.Write(p)
}

func TestTrainInterrupted(t *testing.T) {
	enterPets(t)
	ctx, cancel := context.WithCancel(t.Context())
	out, complaint := &trigger{word: `"epoch":2`, call: cancel}, &bytes.Buffer{}
	code := run(&environment{ctx: ctx, out: out, err: complaint}, strings.Fields("train --data pets --model mlp --batch 8 --epochs 1000 --json --out run"))
	require.Equal(t, exitInterrupted, code)
	require.Regexp(t, `\nchainrule: epoch 3 stopped: interrupted; the weights so far are in run.weights\.safetensors\n$`, complaint.String())
	require.Regexp(t, `\n{"done":false,"epochs":2,"test_accuracy":\S+,"weights":"run.*weights\.safetensors"}\n$`, out.String())
	requireWeights(t, filepath.Join("run", train.WeightsFile))
}

// A run whose weights cannot be saved goes on, and says so again at its end.
func TestTrainThatCannotSave(t *testing.T) {
	enterPets(t)
	out, complaint := &trigger{word: "epoch 1 ", call: func() { os.RemoveAll("run") }}, &bytes.Buffer{}
	code := run(&environment{ctx: t.Context(), out: out, err: complaint}, strings.Fields("train --data pets --model mlp --batch 8 --epochs 2 --out run"))
	require.Equal(t, exitFailure, code)
	require.Contains(t, out.String(), "epoch 2 ")
	require.NotContains(t, out.String(), "done")
	require.Regexp(t, `^not saved after epoch 1: .*\nnot saved after epoch 2: .*\nchainrule: .*run.weights\.safetensors.*\n$`, complaint.String())
}

func TestInterruptedWhileReading(t *testing.T) {
	enterPets(t)
	trainPets(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for args, want := range map[string]string{
		"train --data pets --batch 8":                              "chainrule: folder: interrupted\n",
		"eval --data pets --weights run/weights.safetensors":       "chainrule: folder: interrupted\n",
		"predict --weights run/weights.safetensors pets/cat/1.png": "chainrule: interrupted\n",
	} {
		require.Equal(t, result{exitInterrupted, "", want}, invokeUntil(ctx, strings.Fields(args)...))
	}
	require.NoDirExists(t, "runs")
}
