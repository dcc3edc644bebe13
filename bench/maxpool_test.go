package bench

import (
	"testing"

	"example.org/chainrule/device"
	"example.org/chainrule/tensor"

	"github.com/stretchr/testify/require"
)

var halving = tensor.Window{Kernel: [2]int{2, 2}}

// pooled are x, its 2x2 maxima y, and their places.
func pooled(b *testing.B, dev device.Device, t device.DType) (x, y, index *tensor.Tensor) {
	x = normal(b, dev, t, images...)
	y, index, err := tensor.MaxPool(x, halving)
	require.NoError(b, err)
	return x, y, index
}

func BenchmarkMaxPool(b *testing.B) {
	onEachType(b, imageName, func(b *testing.B, dev device.Device, t device.DType) {
		x, y, index := pooled(b, dev, t)
		measure(b, dev, func() error { return tensor.MaxPoolInto(tensor.To(y), tensor.To(index), x, halving) })
	})
}

func BenchmarkMaxPoolGrad(b *testing.B) {
	onEachType(b, imageName, func(b *testing.B, dev device.Device, t device.DType) {
		dx, dy, index := pooled(b, dev, t)
		measure(b, dev, func() error { return tensor.MaxPoolGradInto(tensor.To(dx), dy, index, halving) })
	})
}
