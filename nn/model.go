package nn

import (
	"fmt"
	"math"
	"strconv"

	"example.org/chainrule/backward"
	"example.org/chainrule/device"
	"example.org/chainrule/internal/nearest"
)

// A Classifier maps images, [N, Height, Width, Channels] of data, to logits,
// [N, Classes].
type Classifier struct {
	Layer
	Params *backward.Params // to be opened and closed by the caller
	Name   string           // as Models lists it
	Input
	Classes int
}

// An Input is the extent of the images a model takes, in pixels.
type Input struct{ Height, Width, Channels int }

// Models lists the names that NewClassifier knows: "lenet", a small convolutional
// network, "mlp", two hidden layers of 512, and "resnet20" (He 2016).
func Models() []string { return []string{"lenet", "mlp", "resnet20"} }

// An UnknownError tells of a name that Models does not list; its message has the
// nearest one.
type UnknownError struct{ Name string }

// Error names the nearest model, and all there are.
func (e *UnknownError) Error() string {
	return fmt.Sprintf("nn: there is no model %q: %s", e.Name, nearest.Hint(e.Name, Models()))
}

// NewClassifier returns a model by name, its Params not yet open. The error is an
// *UnknownError, or says why the model cannot serve such images.
func NewClassifier(name string, in Input, classes int) (*Classifier, error) {
	build := map[string]func(*backward.Params, Input, int) Layer{"lenet": lenet, "mlp": mlp, "resnet20": resnet20}[name]
	if build == nil {
		return nil, &UnknownError{Name: name}
	}
	if err := in.check(classes); err != nil {
		return nil, fmt.Errorf("nn: %s: %w", name, err)
	}
	if name == "lenet" && (in.Height < 4 || in.Width < 4) {
		return nil, fmt.Errorf("nn: lenet halves images twice: %dx%d is too small, want at least 4x4", in.Height, in.Width)
	}
	ps := backward.NewParams()
	return &Classifier{Layer: build(ps, in, classes), Params: ps, Name: name, Input: in, Classes: classes}, nil
}

// check bounds what a model may be built for, so that no count of its weights
// overflows: the numbers may come from a file.
func (in Input) check(classes int) error {
	for _, n := range []int{in.Height, in.Width, in.Channels} {
		if n < 1 || n > device.MaxLen {
			return fmt.Errorf("images of %dx%dx%d: want at least 1x1x1", in.Height, in.Width, in.Channels)
		}
	}
	if in.Height*in.Width > device.MaxLen/in.Channels {
		return fmt.Errorf("images of %dx%dx%d: want at most %d bytes", in.Height, in.Width, in.Channels, device.MaxLen)
	}
	if classes < 2 || classes > device.MaxLen {
		return fmt.Errorf("%d classes: want at least 2", classes)
	}
	return nil
}

// lenet is the convolutional network of the MNIST tutorials, after LeCun 1998:
// 3,274,634 parameters for 28x28x1 and 10 classes. ReLU comes after the pooling:
// the same function and derivative, on a quarter of the numbers.
func lenet(ps *backward.Params, in Input, classes int) Layer {
	h, w := in.Height/4, in.Width/4
	return Sequential{
		NewConv2D(ps.Sub("conv1"), Conv2DOptions{In: in.Channels, Out: 32, Kernel: 5, Padding: 2}),
		MaxPool(2),
		ReLU(),
		NewConv2D(ps.Sub("conv2"), Conv2DOptions{In: 32, Out: 64, Kernel: 5, Padding: 2}),
		MaxPool(2),
		ReLU(),
		Flatten(),
		NewLinear(ps.Sub("fc1"), LinearOptions{In: 64 * h * w, Out: 1024, Image: [2]int{h, w}, Act: ReLU()}),
		NewLinear(ps.Sub("fc2"), LinearOptions{In: 1024, Out: classes}),
	}
}

// mlp is 512-512-classes over the flattened image.
func mlp(ps *backward.Params, in Input, classes int) Layer {
	return Sequential{
		Flatten(),
		NewLinear(ps.Sub("fc1"), LinearOptions{In: in.Height * in.Width * in.Channels, Out: 512, Image: [2]int{in.Height, in.Width}, Act: ReLU()}),
		NewLinear(ps.Sub("fc2"), LinearOptions{In: 512, Out: 512, Act: ReLU()}),
		NewLinear(ps.Sub("fc3"), LinearOptions{In: 512, Out: classes}),
	}
}

// resnet20 is the network of He 2016, section 4.2, with projection shortcuts:
// three stages of three blocks with 16, 32 and 64 channels; 272,474 parameters for
// 32x32x3 and 10 classes.
func resnet20(ps *backward.Params, in Input, classes int) Layer {
	s := Sequential{
		NewConv2D(ps.Sub("conv1"), Conv2DOptions{In: in.Channels, Out: 16, Kernel: 3, Padding: 1, NoBias: true, Init: heInit()}),
		NewBatchNorm(ps.Sub("bn1"), BatchNormOptions{Channels: 16, Act: ReLU()}),
	}
	channels := 16
	for stage, out := range []int{16, 32, 64} {
		sub := ps.Sub("layer" + strconv.Itoa(stage+1))
		for i := range 3 {
			stride := 1
			if i == 0 && stage > 0 {
				stride = 2
			}
			s = append(s, NewBasicBlock(sub.Sub(strconv.Itoa(i)), channels, out, stride))
			channels = out
		}
	}
	return append(s, GlobalAvgPool(), NewLinear(ps.Sub("fc"), LinearOptions{In: channels, Out: classes}))
}

// heInit suits convolutions before ReLU.
func heInit() backward.Init { return KaimingNormal(FanOut, math.Sqrt2) }
