package nn

import (
	"example.org/chainrule/backward"
	"example.org/chainrule/tensor"
)

// MaxPool takes the largest of each window of size by size, which do not
// overlap.
func MaxPool(size int) Layer { return MaxPoolWindow(tensor.Window{Kernel: [2]int{size, size}}) }

// MaxPoolWindow takes the largest of each window.
func MaxPoolWindow(w tensor.Window) Layer {
	return Func(func(x *backward.Var) *backward.Var { return x.MaxPool(w) })
}

// AvgPool takes the mean of each window of size by size, which do not overlap.
func AvgPool(size int) Layer { return AvgPoolWindow(tensor.Window{Kernel: [2]int{size, size}}) }

// AvgPoolWindow takes the mean of each window.
func AvgPoolWindow(w tensor.Window) Layer {
	return Func(func(x *backward.Var) *backward.Var { return x.AvgPool(w) })
}

// AdaptiveAvgPool takes the means of oh by ow windows that divide the image.
func AdaptiveAvgPool(oh, ow int) Layer {
	return Func(func(x *backward.Var) *backward.Var { return x.AdaptiveAvgPool(oh, ow) })
}

// GlobalAvgPool takes the mean of each channel: [N, H, W, C] to [N, C].
func GlobalAvgPool() Layer { return Func((*backward.Var).GlobalAvgPool) }
