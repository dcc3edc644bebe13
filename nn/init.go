package nn

import (
	"math"
	"math/rand/v2"

	"example.org/chainrule/backward"
)

// fans is the number of inputs and outputs of one unit of a stored weight:
// [out, in] or [out, in, kernel...].
func fans(shape []int) (in, out float64) {
	if len(shape) < 2 {
		return 1, 1
	}
	field := 1
	for _, d := range shape[2:] {
		field *= d
	}
	return float64(max(shape[1]*field, 1)), float64(max(shape[0]*field, 1))
}

func uniform(bound float64) backward.Init {
	return func(w []float32, _ []int, r *rand.Rand) {
		for i := range w {
			w[i] = float32(bound * (2*r.Float64() - 1))
		}
	}
}

func normal(std float64) backward.Init {
	return func(w []float32, _ []int, r *rand.Rand) {
		for i := range w {
			w[i] = float32(std * r.NormFloat64())
		}
	}
}

// KaimingUniform draws from ±gain √(3/in): gain √2 suits ReLU. He 2015.
func KaimingUniform(gain float64) backward.Init {
	return func(w []float32, shape []int, r *rand.Rand) {
		in, _ := fans(shape)
		uniform(gain*math.Sqrt(3/in))(w, shape, r)
	}
}

// KaimingNormal draws from a normal distribution with deviation gain/√out:
// by the outputs, as ResNets do; gain √2 suits ReLU. He 2015.
func KaimingNormal(gain float64) backward.Init {
	return func(w []float32, shape []int, r *rand.Rand) {
		_, out := fans(shape)
		normal(gain/math.Sqrt(out))(w, shape, r)
	}
}

// XavierUniform draws from ±gain √(6/(in+out)). Glorot and Bengio 2010.
func XavierUniform(gain float64) backward.Init {
	return func(w []float32, shape []int, r *rand.Rand) {
		in, out := fans(shape)
		uniform(gain*math.Sqrt(6/(in+out)))(w, shape, r)
	}
}

// XavierNormal draws from a normal distribution with deviation
// gain √(2/(in+out)). Glorot and Bengio 2010.
func XavierNormal(gain float64) backward.Init {
	return func(w []float32, shape []int, r *rand.Rand) {
		in, out := fans(shape)
		normal(gain*math.Sqrt(2/(in+out)))(w, shape, r)
	}
}

// defaultWeight is PyTorch's first weight of a linear or convolution: ±1/√in.
func defaultWeight() backward.Init { return KaimingUniform(1 / math.Sqrt(3)) }

// defaultBias is PyTorch's first bias of a layer whose units have in inputs.
func defaultBias(in int) backward.Init { return uniform(1 / math.Sqrt(float64(max(in, 1)))) }
