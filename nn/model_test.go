package nn_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/chainrule/backward"
	"example.org/chainrule/nn"
)

func classifier(t *testing.T, name string, h, w, c, classes int) *nn.Classifier {
	t.Helper()
	m, err := nn.NewClassifier(name, nn.Input{Height: h, Width: w, Channels: c}, classes)
	require.NoError(t, err)
	return m
}

// described are the names and stored shapes of a model's parameters.
func described(m *nn.Classifier) (d []string) {
	for p := range m.Params.All() {
		d = append(d, fmt.Sprint(p.Name(), p.StoredShape()))
	}
	return d
}

func TestPyTorchNamesAndShapes(t *testing.T) {
	require.Equal(t, []string{
		"conv1.weight[32 1 5 5]", "conv1.bias[32]", "conv2.weight[64 32 5 5]", "conv2.bias[64]",
		"fc1.weight[1024 3136]", "fc1.bias[1024]", "fc2.weight[10 1024]", "fc2.bias[10]",
	}, described(classifier(t, "lenet", 28, 28, 1, 10)))
	require.Equal(t, []string{
		"fc1.weight[512 784]", "fc1.bias[512]", "fc2.weight[512 512]", "fc2.bias[512]", "fc3.weight[10 512]", "fc3.bias[10]",
	}, described(classifier(t, "mlp", 28, 28, 1, 10)))

	resnet := described(classifier(t, "resnet20", 32, 32, 3, 10))
	bn := func(name string, c int) []string {
		return []string{
			fmt.Sprintf("%s.weight[%d]", name, c), fmt.Sprintf("%s.bias[%d]", name, c),
			fmt.Sprintf("%s.running_mean[%d]", name, c), fmt.Sprintf("%s.running_var[%d]", name, c),
		}
	}
	var block []string
	for _, part := range [][]string{
		{"layer2.0.conv1.weight[32 16 3 3]"}, bn("layer2.0.bn1", 32), {"layer2.0.conv2.weight[32 32 3 3]"}, bn("layer2.0.bn2", 32),
		{"layer2.0.downsample.0.weight[32 16 1 1]"}, bn("layer2.0.downsample.1", 32),
	} {
		block = append(block, part...)
	}
	require.Subset(t, resnet, block)
	require.Subset(t, resnet, append(bn("bn1", 16), "conv1.weight[16 3 3 3]", "layer3.2.conv2.weight[64 64 3 3]", "fc.weight[10 64]", "fc.bias[10]"))
	require.NotContains(t, resnet, "layer1.0.downsample.0.weight[16 16 1 1]", "the shape stays")
	require.Len(t, resnet, 21*5+2, "21 convolutions with batch normalisation, and fc")
}

func TestNumberOfParameters(t *testing.T) {
	for _, c := range []struct {
		m    *nn.Classifier
		want int
	}{
		{classifier(t, "lenet", 28, 28, 1, 10), 3_274_634},
		{classifier(t, "mlp", 28, 28, 1, 10), 784*512 + 512 + 512*512 + 512 + 512*10 + 10},
		{classifier(t, "resnet20", 32, 32, 3, 10), 272_474},
	} {
		require.Equal(t, c.want, c.m.Params.Count(), c.m.Name)
	}
}

// TestModelsLearn takes a gradient of every parameter of every model, for images
// that nothing divides.
func TestModelsLearn(t *testing.T) {
	for _, name := range nn.Models() {
		t.Run(name, func(t *testing.T) {
			dev := open(t)
			m := classifier(t, name, 13, 10, 2, 3)
			require.Equal(t, name, m.Name)
			opened(t, dev, m.Params)
			tape := onTape(t, dev, backward.Mode{Training: true})
			logits := m.Forward(backward.From(tape, random(4*13*10*2), 4, m.Height, m.Width, m.Channels))
			require.Equal(t, []int{4, m.Classes}, logits.Shape())
			loss := logits.CrossEntropy(backward.From(tape, []int32{0, 1, 2, 1}), backward.CrossEntropyOptions{})
			require.NoError(t, loss.Backward())
			for p := range m.Params.All() {
				if !p.IsState() {
					require.NotEqual(t, make([]float32, p.Len()), floats(t, p.Grad()), p.Name())
				}
			}
		})
	}
}

func TestSmallestImages(t *testing.T) {
	for name, side := range map[string]int{"lenet": 4, "mlp": 1, "resnet20": 1} {
		dev := open(t)
		m := classifier(t, name, side, side, 1, 2)
		opened(t, dev, m.Params)
		tape := onTape(t, dev, backward.Mode{NoGrad: true})
		require.Len(t, values(t, m.Forward(backward.From(tape, random(2*side*side), 2, side, side, 1))), 4, name)
	}
}

func TestNoSuchModel(t *testing.T) {
	_, err := nn.NewClassifier("lenett", nn.Input{Height: 28, Width: 28, Channels: 1}, 10)
	var unknown *nn.UnknownError
	require.ErrorAs(t, err, &unknown)
	require.Equal(t, "lenett", unknown.Name)
	require.EqualError(t, err, `nn: there is no model "lenett": did you mean "lenet"? (there are lenet, mlp, resnet20)`)
	_, err = nn.NewClassifier("", nn.Input{}, 0)
	require.EqualError(t, err, `nn: there is no model "": want one of lenet, mlp, resnet20`)
}

func TestImagesThatAModelCannotServe(t *testing.T) {
	for _, c := range []struct {
		h, w, c, classes int
		want             string
	}{
		{0, 28, 1, 10, "nn: lenet: images of 0x28x1: want at least 1x1x1"},
		{28, -1, 1, 10, "images of 28x-1x1"},
		{28, 28, 0, 10, "images of 28x28x0"},
		{28, 28, 1, 1, "nn: lenet: 1 classes: want at least 2"},
		{3, 28, 1, 10, "nn: lenet halves images twice: 3x28 is too small, want at least 4x4"},
		{1 << 40, 1 << 40, 1, 10, "images of 1099511627776x1099511627776x1"},
		{1 << 16, 1 << 16, 3, 10, "images of 65536x65536x3: want at most 2147483647 bytes"},
		{28, 28, 1, 1 << 40, "1099511627776 classes"},
	} {
		_, err := nn.NewClassifier("lenet", nn.Input{Height: c.h, Width: c.w, Channels: c.c}, c.classes)
		require.ErrorContains(t, err, c.want)
		require.False(t, errors.As(err, new(*nn.UnknownError)))
	}
}
