// Package nn has layers and models: structs of parameters with a Forward.
//
// A layer declares its parameters on a registry, under PyTorch's names and in
// PyTorch's layouts, so that weights are exchanged freely:
//
//	ps := backward.NewParams()
//	net := nn.Sequential{
//		nn.NewConv2D(ps.Sub("conv1"), nn.Conv2DOptions{In: 1, Out: 32, Kernel: 5, Padding: 2, Act: nn.ReLU()}),
//		nn.MaxPool(2),
//		nn.Flatten(),
//		nn.NewLinear(ps.Sub("fc"), nn.LinearOptions{In: 32 * 14 * 14, Out: 10, Image: [2]int{14, 14}}),
//	}
//	err := ps.Open(dev, seed)
//
// Images are NHWC. Forward changes no field of a layer: whether it trains is
// the tape's business, and several goroutines may predict with one model. What
// does not fit a layer is the tape's error: see [backward.Var].
package nn

import (
	"example.org/chainrule/backward"
	"example.org/chainrule/device"
)

// A Layer maps a value to a value.
type Layer interface {
	// Forward records the layer on x's tape.
	Forward(x *backward.Var) *backward.Var
}

// A Func is a layer without parameters.
type Func func(x *backward.Var) *backward.Var

// Forward calls f.
func (f Func) Forward(x *backward.Var) *backward.Var { return f(x) }

// Sequential applies layers in order. Where no gradient is wanted, all that a
// layer made but its result is freed after it, and that after the next one.
type Sequential []Layer

// Forward applies the layers: the last one to what the others make. None at all
// returns x.
func (s Sequential) Forward(x *backward.Var) *backward.Var {
	if len(s) == 0 {
		return x
	}
	last := len(s) - 1
	return x.Tape().Scope(func() *backward.Var { return s[last].Forward(s[:last].Forward(x)) })
}

// An Activation is an elementwise function: a layer of its own, or the last
// step inside the kernel of a layer that takes one. The zero Activation is none;
// any [device.Unary] converts to one.
type Activation device.Unary

// Forward applies the activation to x of any shape.
func (a Activation) Forward(x *backward.Var) *backward.Var { return x.Unary(device.Unary(a)) }

// ReLU is max(x, 0). Nair and Hinton 2010.
func ReLU() Activation { return Activation{Func: device.ReLU} }

// LeakyReLU is x where positive, else slope x. Maas 2013.
func LeakyReLU(slope float32) Activation { return Activation{Func: device.LeakyReLU, A: slope} }

// ELU is x where positive, else alpha (eˣ-1). Clevert 2015.
func ELU(alpha float32) Activation { return Activation{Func: device.ELU, A: alpha} }

// GELU is x Φ(x), exact by erf. Hendrycks and Gimpel 2016.
func GELU() Activation { return Activation{Func: device.GELU} }

// SiLU is x σ(x), also called swish. Elfwing 2018.
func SiLU() Activation { return Activation{Func: device.SiLU} }

// Mish is x tanh(softplus(x)). Misra 2019.
func Mish() Activation { return Activation{Func: device.Mish} }

// Sigmoid is 1/(1+e⁻ˣ).
func Sigmoid() Activation { return Activation{Func: device.Sigmoid} }

// Tanh is the hyperbolic tangent.
func Tanh() Activation { return Activation{Func: device.Tanh} }

// HardSwish is x clamp(x/6 + ½, 0, 1). Howard 2019.
func HardSwish() Activation { return Activation{Func: device.HardSwish} }

// Flatten merges all axes but the first: [N, H, W, C] to [N, HWC]. A Linear
// after it says so with LinearOptions.Image.
func Flatten() Layer { return Func((*backward.Var).Flatten) }

// Dropout sets elements to zero with probability p, 0 or more and less than 1,
// while training, and scales the others by 1/(1-p); the tape needs Mode.Random.
// Srivastava 2014.
func Dropout(p float32) Layer {
	return Func(func(x *backward.Var) *backward.Var { return x.Dropout(p) })
}
