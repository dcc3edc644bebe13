package bench

import (
	"testing"

	"example.org/chainrule/backward"
	"example.org/chainrule/device"
	"example.org/chainrule/optim"
	"example.org/chainrule/tensor"

	"github.com/stretchr/testify/require"
)

var optimizers = []struct {
	name string
	make func(ps *backward.Params) (optim.Optimizer, error)
}{
	{"sgd-momentum", sgd},
	{"sgd-momentum-no-norm", func(ps *backward.Params) (optim.Optimizer, error) {
		return optim.NewSGD(ps, 0.01, optim.SGD{Options: optim.Options{NoNorm: true}, Momentum: 0.9})
	}},
	{"adamw", adamw},
	{"adamw-no-norm", func(ps *backward.Params) (optim.Optimizer, error) {
		return optim.NewAdamW(ps, 0.001, optim.Adam{Options: optim.Options{NoNorm: true}})
	}},
}

func sgd(ps *backward.Params) (optim.Optimizer, error) {
	return optim.NewSGD(ps, 0.01, optim.SGD{Momentum: 0.9})
}

func adam(ps *backward.Params) (optim.Optimizer, error) {
	return optim.NewAdam(ps, 0.001, optim.Adam{})
}

func adamw(ps *backward.Params) (optim.Optimizer, error) {
	return optim.NewAdamW(ps, 0.001, optim.Adam{})
}

// BenchmarkOptimizer takes whole steps: the norm of the gradients, or not, then
// the update. The gradients stay for the next step.
func BenchmarkOptimizer(b *testing.B) {
	for _, o := range optimizers {
		for _, size := range []struct {
			name string
			n    int
		}{{"3.3M", 3_300_000}, {"11.5M", 11_500_000}} {
			onEach(b, o.name+"-"+size.name, func(b *testing.B, dev device.Device) {
				ps := backward.NewParams()
				ps.Param("weight", backward.Plain(size.n), backward.Constant(1))
				require.NoError(b, ps.Open(dev, 1))
				ps.OverwriteGrads(true)
				require.NoError(b, tensor.Set(ps.Lookup("weight").Grad(), normals(size.n)))
				opt, err := o.make(ps)
				require.NoError(b, err)
				measure(b, dev, opt.Step)
			})
		}
	}
}
