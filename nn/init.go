package nn

import (
	"math"
	"math/rand/v2"

	"example.org/chainrule/backward"
)

// A Fan chooses what the spread of first weights is measured by. A unit of a
// weight [out, in, kernel...] has in times the kernel's places for inputs, and
// out times them for outputs, as PyTorch counts. Of a vector both are 1.
type Fan uint8

// The fans of a weight.
const (
	FanIn  Fan = iota // inputs: values keep their variance on the way forward
	FanOut            // outputs: gradients keep theirs on the way back
)

// KaimingUniform draws from ±gain √(3/fan), which has the deviation gain/√fan.
// Gain √2 suits ReLU. He 2015, "Delving deep into rectifiers".
func KaimingUniform(fan Fan, gain float64) backward.Init {
	return func(w []float32, shape []int, r *rand.Rand) {
		uniform(gain*math.Sqrt(3/fans(shape)[fan]))(w, shape, r)
	}
}

// KaimingNormal draws from a normal distribution with deviation gain/√fan. Gain
// √2 suits ReLU; ResNets take FanOut. He 2015, "Delving deep into rectifiers".
func KaimingNormal(fan Fan, gain float64) backward.Init {
	return func(w []float32, shape []int, r *rand.Rand) {
		normal(gain/math.Sqrt(fans(shape)[fan]))(w, shape, r)
	}
}

// XavierUniform draws from ±gain √(6/(FanIn+FanOut)), which has the deviation of
// XavierNormal. Gain 1 suits tanh and sigmoid. Glorot and Bengio 2010,
// "Understanding the difficulty of training deep feedforward neural networks".
func XavierUniform(gain float64) backward.Init {
	return func(w []float32, shape []int, r *rand.Rand) {
		f := fans(shape)
		uniform(gain*math.Sqrt(6/(f[FanIn]+f[FanOut])))(w, shape, r)
	}
}

// XavierNormal draws from a normal distribution with deviation
// gain √(2/(FanIn+FanOut)). Gain 1 suits tanh and sigmoid. Glorot and Bengio 2010.
func XavierNormal(gain float64) backward.Init {
	return func(w []float32, shape []int, r *rand.Rand) {
		f := fans(shape)
		normal(gain*math.Sqrt(2/(f[FanIn]+f[FanOut])))(w, shape, r)
	}
}

// fans are a stored weight's two, at least 1 each.
func fans(shape []int) [2]float64 {
	if len(shape) < 2 {
		return [2]float64{1, 1}
	}
	field := 1
	for _, d := range shape[2:] {
		field *= d
	}
	return [2]float64{FanIn: float64(max(shape[1]*field, 1)), FanOut: float64(max(shape[0]*field, 1))}
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

// defaultWeight is PyTorch's first weight of a linear or convolution: ±1/√in.
func defaultWeight() backward.Init { return KaimingUniform(FanIn, 1/math.Sqrt(3)) }

// defaultBias is PyTorch's first bias of a layer whose units have in inputs:
// ±1/√in.
func defaultBias(in int) backward.Init { return uniform(1 / math.Sqrt(float64(max(in, 1)))) }
