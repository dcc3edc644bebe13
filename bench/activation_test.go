package bench

import (
	"testing"

	"example.org/chainrule/device"
	"example.org/chainrule/tensor"
)

const activationLen = 1 << 24 // 64 MiB of Float32: no cache holds it

var activations = []device.UnaryFunc{device.ReLU, device.GELU, device.SiLU, device.Tanh, device.Sigmoid}

func BenchmarkActivation(b *testing.B) {
	for _, f := range activations {
		onEachType(b, f.String(), func(b *testing.B, dev device.Device, t device.DType) {
			x, y := normal(b, dev, t, activationLen), empty(b, dev, t, activationLen)
			measure(b, dev, func() error { return tensor.UnaryInto(tensor.To(y), x, device.Unary{Func: f}) })
		})
	}
}

func BenchmarkActivationGrad(b *testing.B) {
	for _, f := range activations {
		onEachType(b, f.String(), func(b *testing.B, dev device.Device, t device.DType) {
			v, dy, dx := normal(b, dev, t, activationLen), normal(b, dev, t, activationLen), empty(b, dev, t, activationLen)
			measure(b, dev, func() error { return tensor.UnaryGradInto(tensor.To(dx), dy, v, device.Unary{Func: f}) })
		})
	}
}
