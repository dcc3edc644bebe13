package bench

import (
	"testing"

	"example.org/chainrule/device"
	"example.org/chainrule/tensor"

	"github.com/stretchr/testify/require"
)

// images are 64 images 32 by 32 with 64 channels.
var images = []int{64, 32, 32, 64}

const imageName, imageChannels = "64x32x32x64", 64

var batchNorm = tensor.Norm{Epsilon: 1e-5}

// BenchmarkBatchNorm takes the batch's moments too, as training does.
func BenchmarkBatchNorm(b *testing.B) {
	onEachType(b, imageName, func(b *testing.B, dev device.Device, t device.DType) {
		x, y := normal(b, dev, t, images...), tensor.To(empty(b, dev, t, images...))
		gamma, beta := normal(b, dev, device.Float32, imageChannels), normal(b, dev, device.Float32, imageChannels)
		measure(b, dev, func() error {
			mean, variance, err := tensor.Moments(x)
			if err != nil {
				return err
			}
			defer mean.Free()
			defer variance.Free()
			return tensor.BatchNormInto(y, tensor.Dst{}, x, nil, mean, variance, gamma, beta, batchNorm)
		})
	})
}

func BenchmarkBatchNormGrad(b *testing.B) {
	onEachType(b, imageName, func(b *testing.B, dev device.Device, t device.DType) {
		x, dy, dx := normal(b, dev, t, images...), normal(b, dev, t, images...), tensor.To(empty(b, dev, t, images...))
		mean, variance, err := tensor.Moments(x)
		require.NoError(b, err)
		gamma := normal(b, dev, device.Float32, imageChannels)
		dgamma, dbeta := empty(b, dev, device.Float32, imageChannels), empty(b, dev, device.Float32, imageChannels)
		measure(b, dev, func() error {
			return tensor.BatchNormGradInto(dx, tensor.Dst{}, tensor.To(dgamma), tensor.To(dbeta), dy, x, nil, mean, variance, gamma, batchNorm)
		})
	})
}
