package bench

import (
	"testing"

	"example.org/chainrule/device"
	"example.org/chainrule/tensor"
)

func BenchmarkSoftmax(b *testing.B) {
	onEachType(b, "4096x1000", func(b *testing.B, dev device.Device, t device.DType) {
		x, y := normal(b, dev, t, lossRows, lossClasses), empty(b, dev, t, lossRows, lossClasses)
		measure(b, dev, func() error { return tensor.SoftmaxInto(tensor.To(y), x, false) })
	})
}

func BenchmarkSoftmaxGrad(b *testing.B) {
	onEachType(b, "4096x1000", func(b *testing.B, dev device.Device, t device.DType) {
		y, dy, dx := normal(b, dev, t, lossRows, lossClasses), normal(b, dev, t, lossRows, lossClasses), empty(b, dev, t, lossRows, lossClasses)
		measure(b, dev, func() error { return tensor.SoftmaxGradInto(tensor.To(dx), dy, y, false) })
	})
}
