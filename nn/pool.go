package nn

import (
	"example.org/chainrule/backward"
	"example.org/chainrule/tensor"
)

// MaxPool takes the largest of each window of size by size pixels, which do not
// overlap: [N, H, W, C] to [N, H/size, W/size, C], rounded down.
func MaxPool(size int) Layer { return MaxPoolWindow(tensor.Window{Kernel: [2]int{size, size}}) }

// MaxPoolWindow takes the largest of each window: [N, H, W, C] to [N, OH, OW, C].
// See [backward.Var.MaxPool].
func MaxPoolWindow(w tensor.Window) Layer {
	return Func(func(x *backward.Var) *backward.Var { return x.MaxPool(w) })
}

// AvgPool takes the mean of each window of size by size pixels, which do not
// overlap: [N, H, W, C] to [N, H/size, W/size, C], rounded down.
func AvgPool(size int) Layer { return AvgPoolWindow(tensor.Window{Kernel: [2]int{size, size}}) }

// AvgPoolWindow takes the mean of each window: [N, H, W, C] to [N, OH, OW, C]. See
// [backward.Var.AvgPool].
func AvgPoolWindow(w tensor.Window) Layer {
	return Func(func(x *backward.Var) *backward.Var { return x.AvgPool(w) })
}

// AdaptiveAvgPool takes the means of oh by ow windows that divide the image:
// [N, H, W, C] to [N, oh, ow, C]. See [backward.Var.AdaptiveAvgPool].
func AdaptiveAvgPool(oh, ow int) Layer {
	return Func(func(x *backward.Var) *backward.Var { return x.AdaptiveAvgPool(oh, ow) })
}

// GlobalAvgPool takes the mean of each channel: [N, H, W, C] to [N, C]. Lin 2014,
// "Network in network".
func GlobalAvgPool() Layer { return Func((*backward.Var).GlobalAvgPool) }
