package train_test

import (
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/chainrule/device"
	"example.org/chainrule/nn"
	"example.org/chainrule/tensor"
	"example.org/chainrule/tensor/safetensors"
	"example.org/chainrule/train"
)

var pets = train.Card{Classes: []string{"cat", "größter \"Hund\"\n🐕"}, Seed: math.MaxUint64}

// newClassifier opens a model of 8x8x3 images and two classes.
func newClassifier(t testing.TB, dev device.Device, name string) *nn.Classifier {
	t.Helper()
	model, err := nn.NewClassifier(name, nn.Input{Height: 8, Width: 8, Channels: 3}, 2)
	require.NoError(t, err)
	require.NoError(t, model.Params.Open(dev, 7))
	t.Cleanup(model.Params.Close)
	return model
}

// saved writes a small LeNet and returns the file's path.
func saved(t testing.TB, dev device.Device) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), train.WeightsFile)
	model := newClassifier(t, dev, "lenet")
	defer model.Params.Close()
	require.NoError(t, train.SaveWeights(path, model, pets))
	return path
}

func TestWeightsRoundTrip(t *testing.T) {
	dev := openCPU(t, 2)
	image := make([]byte, 8*8*3)
	for i := range image {
		image[i] = byte(i)
	}
	for _, name := range nn.Models() {
		model := newClassifier(t, dev, name)
		path := filepath.Join(t.TempDir(), train.WeightsFile)
		require.NoError(t, train.SaveWeights(path, model, pets))
		loaded, card, err := train.LoadWeights(filepath.Dir(path), dev) // the run folder stands for its file
		require.NoError(t, err)
		defer loaded.Params.Close()
		require.Equal(t, pets, card)
		require.Equal(t, []any{name, model.Input, 2}, []any{loaded.Name, loaded.Input, loaded.Classes})
		want, err := train.Predict(model, image)
		require.NoError(t, err)
		got, err := train.Predict(loaded, image)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
}

func TestSaveWeightsTwiceIsTheSameFile(t *testing.T) {
	dev := openCPU(t, 2)
	first, err := os.ReadFile(saved(t, dev))
	require.NoError(t, err)
	second, err := os.ReadFile(saved(t, dev))
	require.NoError(t, err)
	require.Equal(t, first, second)
}

func TestSaveWeightsRefuses(t *testing.T) {
	dev := openCPU(t, 1)
	path := saved(t, dev)
	before, err := os.ReadFile(path)
	require.NoError(t, err)

	model := newClassifier(t, dev, "mlp")
	require.EqualError(t, train.SaveWeights(path, model, train.Card{Classes: []string{"cat"}}),
		"train: 1 names for the 2 classes of the model")
	model.Height = 1 << 20
	require.ErrorContains(t, train.SaveWeights(path, model, pets), "train: a model of 1048576x8x3 images")
	model.Height = 8
	bias := model.Params.Lookup("fc2.bias")
	spoilt := make([]float32, bias.Len())
	for _, v := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		spoilt[3] = float32(v)
		require.NoError(t, tensor.Set(bias.Value(), spoilt))
		err := train.SaveWeights(path, model, pets)
		var damaged *train.NotFiniteError
		require.ErrorAs(t, err, &damaged)
		require.EqualError(t, err, "train: fc2.bias has numbers that are infinite or NaN")
	}

	after, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, before, after, "the file is as it was")
}

func TestLoadWeightsCutShort(t *testing.T) {
	dev := openCPU(t, 1)
	whole, err := os.ReadFile(saved(t, dev))
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "cut.safetensors")
	for _, n := range []int{0, 7, 8, 100, 1000, len(whole) / 2, len(whole) - 1} {
		require.NoError(t, os.WriteFile(path, whole[:n], 0o600))
		_, _, err := train.LoadWeights(path, dev)
		require.ErrorContains(t, err, path)
		var format *safetensors.FormatError
		require.ErrorAs(t, err, &format)
	}
	require.Zero(t, dev.Stats().Live)
}

// petsText is the description of the file that saved writes.
const petsText = `{"model":"lenet","height":8,"width":8,"channels":3,"classes":["cat","dog"],"digits":false,"seed":1}`

func TestLoadWeightsRefuses(t *testing.T) {
	dev := openCPU(t, 1)
	arrays := arraysOf(t, saved(t, dev))
	path := filepath.Join(t.TempDir(), "w.safetensors")
	for _, c := range []struct{ from, to, want string }{
		{petsText, "", "the file does not say which model it holds: want one that chainrule train has saved"},
		{petsText, "{", "the description of the model is damaged: unexpected end of JSON input"},
		{`"height":8`, `"height":"8"`, "the description of the model is damaged: json: "},
		{`"lenet"`, `"lenet5"`, `nn: there is no model "lenet5": did you mean "lenet"?`},
		{`"lenet"`, `"mlp"`, "nn: the weights are of another model: missing: fc3.weight, fc3.bias; unexpected: "},
		{`"height":8`, `"height":-8`, "nn: lenet: images of -8x8x3"},
		{`"height":8`, `"height":16`, "nn: the weights are of another model: of another shape: fc1.weight: [1024 256] in the file, [1024 512] in the model"},
		{`"height":8,"width":8`, `"height":16384,"width":16384`, "a model of 16384x16384x3 images (height, width, channels): at most 16384 to a side and 67108864 in all are taken"},
		{`"seed":1`, `"seed":1,"precision":"nonsense"`, `a training with activations of "nonsense": want float32 or bfloat16`},
		{`"width":8`, `"width":9223372036854775807`, "a model of 8x9223372036854775807x3 images"},
		{`"cat",`, ``, "nn: lenet: "},
		{`"cat",`, `"cat","eel",`, "nn: the weights are of another model: of another shape: fc2.weight: [2 1024] in the file, [3 1024] in the model"},
	} {
		metadata := map[string]string{"chainrule": strings.Replace(petsText, c.from, c.to, 1)}
		if metadata["chainrule"] == "" {
			metadata = nil
		}
		require.NoError(t, safetensors.WriteFile(path, metadata, arrays...))
		_, _, err := train.LoadWeights(path, dev)
		require.ErrorContains(t, err, "train: weights: "+path+": "+c.want)
		require.NotContains(t, err.Error(), "\n")
	}
	require.Zero(t, dev.Stats().Live)
}

func TestLoadWeightsNotFinite(t *testing.T) {
	dev := openCPU(t, 1)
	arrays := arraysOf(t, saved(t, dev))
	for i, a := range arrays {
		if a.Name == "conv2.bias" {
			arrays[i] = safetensors.From(a.Name, append(make([]float32, 63), float32(math.Inf(1))), a.Shape...)
		}
	}
	path := filepath.Join(t.TempDir(), "w.safetensors")
	require.NoError(t, safetensors.WriteFile(path, map[string]string{"chainrule": petsText}, arrays...))
	_, _, err := train.LoadWeights(path, dev)
	require.EqualError(t, err, fmt.Sprintf("train: weights: %s: conv2.bias has numbers that are infinite or NaN", path))
	require.Zero(t, dev.Stats().Live)
}

func TestLoadWeightsMissing(t *testing.T) {
	_, _, err := train.LoadWeights(filepath.Join(t.TempDir(), "none"), openCPU(t, 1))
	require.ErrorIs(t, err, fs.ErrNotExist)
}

func arraysOf(t testing.TB, path string) []safetensors.Array {
	t.Helper()
	f, err := safetensors.Open(path)
	require.NoError(t, err)
	defer f.Close()
	var arrays []safetensors.Array
	for a, err := range f.All() {
		require.NoError(t, err)
		arrays = append(arrays, a)
	}
	return arrays
}

// Whatever the description says, loading it is an error or a model of the
// file's own weights.
func FuzzLoadWeights(f *testing.F) {
	dev := openCPU(f, 1)
	arrays := arraysOf(f, saved(f, dev))
	f.Add(petsText)
	f.Add(strings.Replace(petsText, "lenet", "resnet20", 1))
	f.Add(`{"model":"mlp","height":-1,"width":1e3,"channels":null,"classes":[]}`)
	f.Fuzz(func(t *testing.T, text string) {
		path := filepath.Join(t.TempDir(), "w.safetensors")
		if safetensors.WriteFile(path, map[string]string{"chainrule": text}, arrays...) != nil {
			t.Skip("not UTF-8: such a file cannot be written")
		}
		model, card, err := train.LoadWeights(path, dev)
		if err != nil {
			require.Zero(t, dev.Stats().Live)
			return
		}
		defer model.Params.Close()
		require.Equal(t, "lenet", model.Name)
		require.Equal(t, []int{4, 3, 2}, []int{model.Height / 4 * (model.Width / 4), model.Channels, len(card.Classes)})
	})
}
