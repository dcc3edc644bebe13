package chainrule_test

import (
	"slices"
	"strconv"

	"example.org/chainrule/backward"
	"example.org/chainrule/device"
)

// goldenChecks are what checks a case, by family and kind.
func goldenChecks() map[string]func(*golden) {
	checks := map[string]func(*golden){}
	for _, family := range []struct {
		name string
		ops  map[string]expression
		low  bool // also in BFloat16
	}{
		{"unary", unaryOps(), true},
		{"binary", binaryOps(), true},
		{"reduce", reduceOps(), true},
		{"movement", movementOps(), true},
		{"matmul", matmulOps(), true},
		{"conv", convOps(), true},
		{"pool", poolOps(), true},
		{"norm", normOps(), true},
		{"sequence", sequenceOps(), true},
		{"loss", lossOps(), false},
	} {
		for op, f := range family.ops {
			checks[family.name+"/"+op] = func(c *golden) { c.checkExpression(f, family.low) }
		}
	}
	addTrainingChecks(checks)
	return checks
}

// result is an expression whose only output is y.
func result(f func(r *run) *backward.Var) expression {
	return func(r *run) map[string]*backward.Var { return map[string]*backward.Var{"y": f(r)} }
}

func unaryOps() map[string]expression {
	plain := func(f func(*backward.Var) *backward.Var) expression {
		return result(func(r *run) *backward.Var { return f(r.in("x")) })
	}
	with := func(name string, f func(*backward.Var, float32) *backward.Var) expression {
		return result(func(r *run) *backward.Var { return f(r.in("x"), attr[float32](r, name)) })
	}
	return map[string]expression{
		"abs":         plain((*backward.Var).Abs),
		"cos":         plain((*backward.Var).Cos),
		"elu":         with("alpha", (*backward.Var).ELU),
		"erf":         plain((*backward.Var).Erf),
		"exp":         plain((*backward.Var).Exp),
		"gelu_erf":    plain((*backward.Var).GELU),
		"gelu_tanh":   plain((*backward.Var).GELUTanh),
		"hardsigmoid": plain((*backward.Var).HardSigmoid),
		"hardswish":   plain((*backward.Var).HardSwish),
		"leaky_relu":  with("slope", (*backward.Var).LeakyReLU),
		"log":         plain((*backward.Var).Log),
		"mish":        plain((*backward.Var).Mish),
		"neg":         plain((*backward.Var).Neg),
		"pow":         with("exponent", (*backward.Var).Pow),
		"reciprocal":  plain((*backward.Var).Reciprocal),
		"relu":        plain((*backward.Var).ReLU),
		"relu6":       plain((*backward.Var).ReLU6),
		"rsqrt":       plain((*backward.Var).Rsqrt),
		"selu":        plain((*backward.Var).SELU),
		"sigmoid":     plain((*backward.Var).Sigmoid),
		"silu":        plain((*backward.Var).SiLU),
		"sin":         plain((*backward.Var).Sin),
		"softplus":    plain((*backward.Var).Softplus),
		"softsign":    plain((*backward.Var).Softsign),
		"sqrt":        plain((*backward.Var).Sqrt),
		"square":      plain((*backward.Var).Square),
		"tanh":        plain((*backward.Var).Tanh),
		"clamp": result(func(r *run) *backward.Var {
			return r.in("x").Clamp(attr[float32](r, "min"), attr[float32](r, "max"))
		}),
	}
}

func binaryOps() map[string]expression {
	plain := func(f func(a, b *backward.Var) *backward.Var) expression {
		return result(func(r *run) *backward.Var { return f(r.in("a"), r.in("b")) })
	}
	return map[string]expression{
		"add":     plain((*backward.Var).Add),
		"div":     plain((*backward.Var).Div),
		"maximum": plain((*backward.Var).Maximum),
		"minimum": plain((*backward.Var).Minimum),
		"mul":     plain((*backward.Var).Mul),
		"pow":     plain((*backward.Var).Power),
		"prelu":   result(prelu),
		"sub":     plain((*backward.Var).Sub),
		"where": result(func(r *run) *backward.Var { // the values are finite, so that a factor of 0 is exact
			yes := r.constant("cond")
			no := yes.Neg().Plus(1)
			return yes.Mul(r.in("a")).Add(no.Mul(r.in("b")))
		}),
	}
}

// prelu is max(x, 0) - w max(-x, 0), with w along the channels.
func prelu(r *run) *backward.Var {
	x, w := r.in("x"), r.weight("w")
	if r.Layout["x"] == "" { // the channels are axis 1
		w = w.Reshape(append([]int{-1}, slices.Repeat([]int{1}, x.Rank()-2)...)...)
	}
	return x.ReLU().Sub(x.Neg().ReLU().Mul(w))
}

func reduceOps() map[string]expression {
	over := func(f func(x *backward.Var, axes ...int) *backward.Var) expression {
		return result(func(r *run) *backward.Var {
			x, axes := r.in("x"), attr[[]int](r, "axes")
			if attr[bool](r, "keepdim") {
				return f(x, axes...).Reshape(keptShape(x, axes)...)
			}
			return f(x, axes...)
		})
	}
	return map[string]expression{
		"amax":      over((*backward.Var).Max),
		"amin":      over((*backward.Var).Min),
		"logsumexp": over((*backward.Var).LogSumExp),
		"mean":      over((*backward.Var).Mean),
		"norm2":     over((*backward.Var).Norm),
		"sum":       over((*backward.Var).Sum),
		"var":       over((*backward.Var).Variance),
	}
}

// keptShape is x's shape with an extent of 1 for each of axes.
func keptShape(x *backward.Var, axes []int) []int {
	shape := slices.Clone(x.Shape())
	for _, a := range axes {
		shape[(a+len(shape))%len(shape)] = 1
	}
	return shape
}

func movementOps() map[string]expression {
	return map[string]expression{
		"permute": result(func(r *run) *backward.Var { return r.in("x").Permute(attr[[]int](r, "perm")...) }),
		"cat":     result(func(r *run) *backward.Var { return backward.Concat(attr[int](r, "axis"), r.all("x")...) }),
		"stack":   result(func(r *run) *backward.Var { return backward.Stack(attr[int](r, "axis"), r.all("x")...) }),
		"split": func(r *run) map[string]*backward.Var {
			parts := map[string]*backward.Var{}
			for i, p := range r.in("x").Split(attr[int](r, "axis"), attr[[]int](r, "sizes")...) {
				parts["y"+strconv.Itoa(i)] = p
			}
			return parts
		},
		"slice": result(func(r *run) *backward.Var {
			x, stop := r.in("x"), attr[[]int](r, "stop")
			for axis, start := range attr[[]int](r, "start") {
				x = x.Slice(axis, start, stop[axis])
			}
			return x
		}),
		"pad constant": result(func(r *run) *backward.Var {
			x := r.in("x")
			for axis, p := range attr[[][2]int](r, "pads") {
				x = x.Pad(axis, p[0], p[1], attr[float32](r, "value"))
			}
			return x
		}),
	}
}

// all are the inputs x0, x1, ...
func (r *run) all(role string) (xs []*backward.Var) {
	for i := range len(r.Inputs) {
		xs = append(xs, r.in(role+strconv.Itoa(i)))
	}
	return xs
}

func matmulOps() map[string]expression {
	return map[string]expression{
		"matmul": result(func(r *run) *backward.Var {
			return r.in("a").MatMulT(r.in("b"), attr[bool](r, "transpose_a"), attr[bool](r, "transpose_b"))
		}),
		"linear": result(func(r *run) *backward.Var {
			return r.in("x").Linear(r.weight("w"), r.param("b"), device.Unary{})
		}),
	}
}
