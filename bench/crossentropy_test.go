package bench

import (
	"testing"

	"example.org/chainrule/device"
	"example.org/chainrule/tensor"

	"github.com/stretchr/testify/require"
)

const lossRows, lossClasses = 4096, 1000

var lossOptions = tensor.CrossEntropyOptions{Ignore: -100}

func BenchmarkCrossEntropy(b *testing.B) {
	onEachType(b, "4096x1000", func(b *testing.B, dev device.Device, t device.DType) {
		logits, labels := normal(b, dev, t, lossRows, lossClasses), classes(b, dev, lossRows, lossClasses)
		row := func() tensor.Dst { return tensor.To(empty(b, dev, device.Float32, lossRows)) }
		loss, weight, lse := row(), row(), row()
		measure(b, dev, func() error {
			return tensor.CrossEntropyInto(loss, weight, lse, logits, labels, nil, lossOptions)
		})
	})
}

func BenchmarkCrossEntropyGrad(b *testing.B) {
	onEachType(b, "4096x1000", func(b *testing.B, dev device.Device, t device.DType) {
		logits, labels := normal(b, dev, t, lossRows, lossClasses), classes(b, dev, lossRows, lossClasses)
		dloss, lse := normal(b, dev, device.Float32, lossRows), empty(b, dev, device.Float32, lossRows)
		require.NoError(b, tensor.CrossEntropyInto(tensor.Dst{}, tensor.Dst{}, tensor.To(lse), logits, labels, nil, lossOptions))
		dlogits := tensor.To(empty(b, dev, t, lossRows, lossClasses))
		measure(b, dev, func() error {
			return tensor.CrossEntropyGradInto(dlogits, dloss, logits, lse, labels, nil, lossOptions)
		})
	})
}
