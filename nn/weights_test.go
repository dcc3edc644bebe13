package nn_test

import (
	"bytes"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/chainrule/backward"
	"example.org/chainrule/nn"
	"example.org/chainrule/tensor/safetensors"
)

// small is a network with every kind of parameter, its dropout aside.
func small() (*backward.Params, nn.Layer) {
	ps := backward.NewParams()
	return ps, nn.Sequential{
		nn.NewConv2D(ps.Sub("conv1"), nn.Conv2DOptions{In: 2, Out: 3, Kernel: 3, Padding: 1}),
		nn.NewBatchNorm(ps.Sub("bn1"), nn.BatchNormOptions{Channels: 3, Act: nn.ReLU()}),
		nn.Flatten(),
		nn.NewLinear(ps.Sub("fc"), nn.LinearOptions{In: 3 * 4 * 5, Out: 2, Image: [2]int{4, 5}}),
	}
}

// file is a safetensors file of arrays.
func file(t *testing.T, arrays ...safetensors.Array) *safetensors.File {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, safetensors.Write(&b, nil, arrays...))
	f, err := safetensors.Read(bytes.NewReader(b.Bytes()), int64(b.Len()))
	require.NoError(t, err)
	return f
}

// state is what a PyTorch model of that shape writes with save_file.
func state() []safetensors.Array {
	return []safetensors.Array{
		safetensors.From("conv1.weight", counting(54), 3, 2, 3, 3),
		safetensors.From("conv1.bias", []float32{1, 2, 3}, 3),
		safetensors.From("bn1.weight", []float32{1, 0.5, 2}, 3),
		safetensors.From("bn1.bias", []float32{0, 1, -1}, 3),
		safetensors.From("bn1.running_mean", []float32{100, 200, 300}, 3),
		safetensors.From("bn1.running_var", []float32{10, 20, 30}, 3),
		safetensors.From("bn1.num_batches_tracked", []int64{7}),
		safetensors.From("fc.weight", counting(120), 2, 60),
		safetensors.From("fc.bias", []float32{-1, 1}, 2),
	}
}

// everything is all values, as they lie in a file.
func everything(t *testing.T, ps *backward.Params) map[string][]float32 {
	t.Helper()
	all := map[string][]float32{}
	for p := range ps.All() {
		w, err := p.Stored()
		require.NoError(t, err)
		all[p.Name()] = w
	}
	return all
}

// TestLoadPyTorch computes in PyTorch's layouts what the loaded network must.
func TestLoadPyTorch(t *testing.T) {
	dev := open(t)
	ps, net := small()
	opened(t, dev, ps)
	require.NoError(t, nn.Load(file(t, state()...), ps))
	x := random(2 * 4 * 5) // [channel][row][column]
	h, _, _ := convolved(x, counting(54), []float32{1, 2, 3}, 1, 2, 4, 5, nn.Conv2DOptions{In: 2, Out: 3, Kernel: 3, Padding: 1})
	gamma, beta, mean, variance := []float64{1, 0.5, 2}, []float64{0, 1, -1}, []float64{100, 200, 300}, []float64{10, 20, 30}
	want, terms := []float64{-1, 1}, 1.0
	for i, v := range h {
		c := i / 20
		v = math.Max(gamma[c]*(v-mean[c])/math.Sqrt(variance[c]+1e-5)+beta[c], 0)
		for out := range want {
			want[out] += float64(out*60+i) * v
			terms += float64(out*60+i) * v
		}
	}
	tape := onTape(t, dev, backward.Mode{})
	got := values(t, net.Forward(backward.From(tape, x, 1, 2, 4, 5).Permute(0, 2, 3, 1)))
	for out := range want {
		require.InDelta(t, want[out], got[out], 64*0x1p-24*terms, "a few roundings of the terms")
	}
}

func TestLoadConverts(t *testing.T) {
	ps := backward.NewParams()
	nn.NewBatchNorm(ps, nn.BatchNormOptions{Channels: 2})
	opened(t, open(t), ps)
	f := func(weight float64) *safetensors.File {
		return file(t,
			safetensors.From("weight", []float64{weight, 0.1}, 2), safetensors.From("bias", []int32{-3, 4}, 2),
			safetensors.From("running_mean", []float32{1, 2}, 2), safetensors.From("running_var", []float32{3, 4}, 2),
			safetensors.From("num_batches_tracked", []int64{5}))
	}
	require.NoError(t, nn.Load(f(2), ps))
	want := map[string][]float32{"weight": {2, 0.1}, "bias": {-3, 4}, "running_mean": {1, 2}, "running_var": {3, 4}}
	require.Equal(t, want, everything(t, ps))
	require.ErrorContains(t, nn.Load(f(1e300), ps), "nn: loading weight: ")
	require.Equal(t, want, everything(t, ps))
}

func TestSaveAndLoad(t *testing.T) {
	dev := open(t)
	path := filepath.Join(t.TempDir(), "weights.safetensors")
	ps, _ := small()
	require.NoError(t, ps.Open(dev, 5))
	defer ps.Close()
	require.NoError(t, nn.Save(path, ps, map[string]string{"epoch": "3"}))
	first, err := os.ReadFile(path)
	require.NoError(t, err)

	again, _ := small()
	require.NoError(t, again.Open(dev, 6))
	defer again.Close()
	require.NotEqual(t, everything(t, ps), everything(t, again))
	f, err := safetensors.Open(path)
	require.NoError(t, err)
	defer f.Close()
	require.Equal(t, map[string]string{"epoch": "3"}, f.Metadata())
	conv, _ := f.Info("conv1.weight")
	require.Equal(t, []int{3, 2, 3, 3}, conv.Shape)
	require.NoError(t, nn.Load(f, again))
	require.Equal(t, everything(t, ps), everything(t, again))

	require.NoError(t, nn.Save(path, again, map[string]string{"epoch": "3"}))
	second, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, first, second, "the same bytes")
}

func TestLoadIsAllOrNothing(t *testing.T) {
	ps, _ := small()
	opened(t, open(t), ps)
	before := everything(t, ps)
	all := state()
	all[0] = safetensors.From("conv1.weight", counting(54), 3, 3, 3, 2) // not OIHW
	all[1].Name = "conv1.offset"
	err := nn.Load(file(t, all[:8]...), ps)
	var mismatch *nn.WeightsError
	require.ErrorAs(t, err, &mismatch)
	require.Equal(t, nn.WeightsError{
		Missing:    []string{"conv1.bias", "fc.bias"},
		Unexpected: []string{"conv1.offset"},
		Shapes:     []string{"conv1.weight: [3 3 3 2] in the file, [3 2 3 3] in the model"},
	}, *mismatch)
	require.EqualError(t, err, "nn: the weights are of another model: missing: conv1.bias, fc.bias; unexpected: conv1.offset; "+
		"of another shape: conv1.weight: [3 3 3 2] in the file, [3 2 3 3] in the model")
	require.Equal(t, before, everything(t, ps))
}

func TestWeightsErrorIsShort(t *testing.T) {
	ps, _ := small()
	err := nn.Compare(file(t), ps)
	require.EqualError(t, err, "nn: the weights are of another model: missing: conv1.weight, conv1.bias, bn1.weight and 5 more")
	require.NoError(t, nn.Compare(file(t, state()...), ps), "no memory is needed")
}

func TestWeightsWithoutMemory(t *testing.T) {
	ps, _ := small()
	path := filepath.Join(t.TempDir(), "weights.safetensors")
	require.ErrorContains(t, nn.Save(path, ps, nil), "nn: saving conv1.weight: backward: the parameters have no memory: call Params.Open first")
	require.NoFileExists(t, path)
	require.ErrorContains(t, nn.Load(file(t, state()...), ps), "no memory: call Params.Open first")
}

func TestSaveWhereThereIsNoFolder(t *testing.T) {
	ps, _ := small()
	opened(t, open(t), ps)
	require.ErrorIs(t, nn.Save(filepath.Join(t.TempDir(), "missing", "weights.safetensors"), ps, nil), os.ErrNotExist)
}
