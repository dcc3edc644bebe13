package chainrule_test

import (
	"slices"

	"example.org/chainrule/backward"
	"example.org/chainrule/tensor"
)

func convOps() map[string]expression {
	return map[string]expression{
		"conv2d":           result(func(r *run) *backward.Var { return r.in("x").Conv2D(r.weight("w"), r.param("b"), r.conv()) }),
		"conv_transpose2d": result(convTranspose2D),
		"conv1d":           result(conv1D),
	}
}

func (r *run) conv() tensor.Conv {
	return tensor.Conv{
		Stride: attr[[2]int](r, "stride"), Dilation: attr[[2]int](r, "dilation"),
		Padding: attr[[4]int](r, "padding"), Groups: attr[int](r, "groups"),
	}
}

// convTranspose2D adds the bias itself. output_padding chooses among the
// extents that the convolution would map to x's.
func convTranspose2D(r *run) *backward.Var {
	x, w, c, more := r.in("x"), r.weight("w"), r.conv(), attr[[2]int](r, "output_padding")
	var extent [2]int
	for i := range extent {
		padding := c.Padding[2*i] + c.Padding[2*i+1]
		extent[i] = (x.Dim(1+i)-1)*c.Stride[i] - padding + c.Dilation[i]*(w.Dim(1+i)-1) + 1 + more[i]
	}
	out := x.ConvTranspose2D(w, c, extent[0], extent[1])
	if r.has("b") {
		out = out.Add(r.weight("b"))
	}
	return out
}

// conv1D is a convolution over images of height 1.
func conv1D(r *run) *backward.Var {
	x, w, padding := r.in("x"), r.weight("w"), attr[[2]int](r, "padding")
	out := x.Reshape(x.Dim(0), 1, x.Dim(1), x.Dim(2)).Conv2D(
		w.Reshape(w.Dim(0), 1, w.Dim(1), w.Dim(2)), r.param("b"), tensor.Conv{
			Stride:   [2]int{1, attr[[1]int](r, "stride")[0]},
			Dilation: [2]int{1, attr[[1]int](r, "dilation")[0]},
			Padding:  [4]int{0, 0, padding[0], padding[1]},
			Groups:   attr[int](r, "groups"),
		})
	return out.Reshape(out.Dim(0), out.Dim(2), out.Dim(3))
}

func poolOps() map[string]expression {
	return map[string]expression{
		"max_pool2d": result(func(r *run) *backward.Var {
			w := r.window()
			w.Dilation = attr[[2]int](r, "dilation")
			return r.in("x").MaxPool(w)
		}),
		"avg_pool2d": result(func(r *run) *backward.Var {
			w := r.window()
			w.ExcludePad = !attr[bool](r, "count_include_pad")
			return r.in("x").AvgPool(w)
		}),
		"global_avg_pool2d": result(func(r *run) *backward.Var { return r.in("x").GlobalAvgPool() }),
		"adaptive_avg_pool2d": result(func(r *run) *backward.Var {
			size := attr[[2]int](r, "size")
			return r.in("x").AdaptiveAvgPool(size[0], size[1])
		}),
	}
}

func (r *run) window() tensor.Window {
	return tensor.Window{
		Kernel: attr[[2]int](r, "kernel"), Stride: attr[[2]int](r, "stride"), Padding: attr[[4]int](r, "padding"),
	}
}

func normOps() map[string]expression {
	return map[string]expression{
		"batch_norm_train": func(r *run) map[string]*backward.Var {
			return map[string]*backward.Var{
				"y":                  batchNorm(r, attr[float32](r, "momentum")),
				"running_mean_after": r.tape.Param(r.params.Lookup("running_mean")),
				"running_var_after":  r.tape.Param(r.params.Lookup("running_var")),
			}
		},
		"batch_norm_eval": result(func(r *run) *backward.Var { return batchNorm(r, 0) }),
		"layer_norm": result(func(r *run) *backward.Var {
			x := r.in("x")
			return normalized(r, x, lastAxes(r, x)...).Mul(r.weight("w")).Add(r.weight("b"))
		}),
		"group_norm":    result(groupNorm),
		"instance_norm": result(instanceNorm),
		"rms_norm": result(func(r *run) *backward.Var {
			x := r.in("x")
			axes := lastAxes(r, x)
			scale := x.Square().Mean(axes...).Plus(attr[float32](r, "eps")).Rsqrt()
			return x.Mul(scale.Reshape(keptShape(x, axes)...)).Mul(r.weight("w"))
		}),
	}
}

func batchNorm(r *run, momentum float32) *backward.Var {
	return r.in("x").BatchNorm(backward.BatchNorm{
		Gamma: r.param("w"), Beta: r.param("b"),
		Mean: r.params.Lookup("running_mean"), Variance: r.params.Lookup("running_var"),
		Epsilon: attr[float32](r, "eps"), Momentum: momentum,
	})
}

// normalized is (x - mean) / √(variance + ε), both over axes.
func normalized(r *run, x *backward.Var, axes ...int) *backward.Var {
	kept := keptShape(x, axes)
	scale := x.Variance(axes...).Plus(attr[float32](r, "eps")).Rsqrt()
	return x.Sub(x.Mean(axes...).Reshape(kept...)).Mul(scale.Reshape(kept...))
}

// lastAxes are those that normalized_shape covers.
func lastAxes(r *run, x *backward.Var) (axes []int) {
	for i := range attr[[]int](r, "normalized_shape") {
		axes = append(axes, -1-i)
	}
	return axes
}

func groupNorm(r *run) *backward.Var {
	x, groups := r.in("x"), attr[int](r, "groups")
	grouped := x.Reshape(x.Dim(0), x.Dim(1)*x.Dim(2), groups, x.Dim(3)/groups)
	return normalized(r, grouped, 1, 3).Reshape(slices.Clone(x.Shape())...).Mul(r.weight("w")).Add(r.weight("b"))
}

func instanceNorm(r *run) *backward.Var {
	return normalized(r, r.in("x"), 1, 2).Mul(r.weight("w")).Add(r.weight("b"))
}
