package nn

import "example.org/chainrule/backward"

// A BasicBlock is the residual block of small ResNets:
//
//	y = relu(bn2(conv2(relu(bn1(conv1(x))))) + shortcut(x))
//
// The shortcut is x, or a strided 1x1 convolution with batch normalisation
// where the shape changes. He 2016, "Deep residual learning".
type BasicBlock struct {
	Conv1, Conv2 *Conv2D
	BN1, BN2     *BatchNorm
	Shortcut     Layer // nil for x itself
}

// NewBasicBlock declares "conv1", "bn1", "conv2", "bn2" and, where the shape
// changes, "downsample.0" and "downsample.1" on ps, as torchvision names them. in
// and out are channels; stride is that of the first convolution, 1 or more. It
// panics as [backward.Params.Param] does.
func NewBasicBlock(ps *backward.Params, in, out, stride int) *BasicBlock {
	conv := func(name string, in, stride int) *Conv2D {
		return NewConv2D(ps.Sub(name), Conv2DOptions{In: in, Out: out, Kernel: 3, Stride: stride, Padding: 1, NoBias: true, Init: heInit()})
	}
	b := &BasicBlock{
		Conv1: conv("conv1", in, stride),
		BN1:   NewBatchNorm(ps.Sub("bn1"), BatchNormOptions{Channels: out, Act: ReLU()}),
		Conv2: conv("conv2", out, 1),
		BN2:   NewBatchNorm(ps.Sub("bn2"), BatchNormOptions{Channels: out, Act: ReLU()}),
	}
	if in != out || stride != 1 {
		b.Shortcut = Sequential{
			NewConv2D(ps.Sub("downsample.0"), Conv2DOptions{In: in, Out: out, Kernel: 1, Stride: stride, NoBias: true, Init: heInit()}),
			NewBatchNorm(ps.Sub("downsample.1"), BatchNormOptions{Channels: out}),
		}
	}
	return b
}

// Forward maps x, [N, H, W, in], to [N, H/stride, W/stride, out], rounded up.
func (b *BasicBlock) Forward(x *backward.Var) *backward.Var {
	shortcut := x
	if b.Shortcut != nil {
		shortcut = b.Shortcut.Forward(x)
	}
	h := b.BN1.Forward(b.Conv1.Forward(x))
	return b.BN2.ForwardAdd(b.Conv2.Forward(h), shortcut)
}
