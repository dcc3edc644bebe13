package bench

import (
	"testing"

	"example.org/chainrule"
	"example.org/chainrule/device"
	"example.org/chainrule/tensor"

	"github.com/stretchr/testify/require"
)

// A convolution is of 64 images size by size, with square kernels.
type convolution struct {
	name           string
	size, in, out  int
	kernel, stride int
	groups         int
}

const convImages = 64

var convolutions = []convolution{
	{name: "5x5-1-32", size: 28, in: 1, out: 32, kernel: 5, stride: 1, groups: 1}, // LeNet's
	{name: "5x5-32-64", size: 14, in: 32, out: 64, kernel: 5, stride: 1, groups: 1},
	{name: "3x3-16-16", size: 32, in: 16, out: 16, kernel: 3, stride: 1, groups: 1}, // ResNet-20's
	{name: "3x3-32-32", size: 16, in: 32, out: 32, kernel: 3, stride: 1, groups: 1},
	{name: "3x3-64-64", size: 8, in: 64, out: 64, kernel: 3, stride: 1, groups: 1},
	{name: "3x3-64-64-at-32", size: 32, in: 64, out: 64, kernel: 3, stride: 1, groups: 1},
	{name: "3x3-128-128-at-16", size: 16, in: 128, out: 128, kernel: 3, stride: 1, groups: 1},
	{name: "3x3-256-256-at-8", size: 8, in: 256, out: 256, kernel: 3, stride: 1, groups: 1},
	{name: "3x3-3-32-at-32", size: 32, in: 3, out: 32, kernel: 3, stride: 1, groups: 1},
	{name: "3x3-64-128-stride2", size: 32, in: 64, out: 128, kernel: 3, stride: 2, groups: 1},
	{name: "1x1-256-64", size: 16, in: 256, out: 64, kernel: 1, stride: 1, groups: 1},
	{name: "3x3-128-depthwise", size: 16, in: 128, out: 128, kernel: 3, stride: 1, groups: 128},
}

// operands are x, w and y of a convolution.
func (c convolution) operands(b *testing.B, dev device.Device, t device.DType) (x, w, y *tensor.Tensor, how tensor.Conv) {
	pad := c.kernel / 2
	how = tensor.Conv{Stride: [2]int{c.stride, c.stride}, Padding: [4]int{pad, pad, pad, pad}, Groups: c.groups}
	x = normal(b, dev, t, convImages, c.size, c.size, c.in)
	w = normal(b, dev, t, c.out, c.kernel, c.kernel, c.in/c.groups)
	shape, err := tensor.Conv2DShape(x, w, how)
	require.NoError(b, err)
	return x, w, normal(b, dev, t, shape...), how
}

// benchmarkConv2D measures what with makes of the operands of each convolution.
func benchmarkConv2D(b *testing.B, with func(x, w, y *tensor.Tensor, how tensor.Conv) error) {
	for _, c := range convolutions {
		run := func(b *testing.B, dev device.Device, t device.DType) {
			x, w, y, how := c.operands(b, dev, t)
			measure(b, dev, func() error { return with(x, w, y, how) })
		}
		onEachType(b, c.name, run)
		if c.winograd() {
			b.Run(c.name+"-direct/cpu", func(b *testing.B) { run(b, open(b, "cpu", chainrule.Direct()), device.Float32) })
		}
	}
}

// winograd reports whether the CPU has a faster algorithm than the definition;
// name-direct is without it.
func (c convolution) winograd() bool {
	return (c.kernel == 3 || c.kernel == 5) && c.stride == 1 && c.groups == 1 && c.in%16 == 0
}

func BenchmarkConv2D(b *testing.B) {
	benchmarkConv2D(b, func(x, w, y *tensor.Tensor, how tensor.Conv) error {
		return tensor.Conv2DInto(tensor.To(y), tensor.Dst{}, x, w, nil, how)
	})
}

func BenchmarkConv2DGradInput(b *testing.B) {
	benchmarkConv2D(b, func(x, w, y *tensor.Tensor, how tensor.Conv) error {
		return tensor.Conv2DGradInputInto(tensor.To(x), y, w, how)
	})
}

func BenchmarkConv2DGradFilter(b *testing.B) {
	benchmarkConv2D(b, func(x, w, y *tensor.Tensor, how tensor.Conv) error {
		return tensor.Conv2DGradFilterInto(tensor.To(w), y, x, how)
	})
}
