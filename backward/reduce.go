package backward

import (
	"fmt"
	"slices"

	"example.org/chainrule/device"
	"example.org/chainrule/tensor"
)

// Sum returns the sum of x, of any shape, over the given axes, which go away;
// negative ones count from the last, and no axes means all: [N, H, W, C] summed
// over 1 and 2 is [N, C].
//
//	dx = dy
func (x *Var) Sum(axes ...int) *Var { return x.reduce(device.Sum, axes) }

// Mean returns the mean over the given axes, which are as in Sum.
//
//	dx = dy / n
func (x *Var) Mean(axes ...int) *Var { return x.reduce(device.Mean, axes) }

// Max returns the largest element over the given axes, which are as in Sum.
//
//	dx = dy [x = y] / number of equal ones
func (x *Var) Max(axes ...int) *Var { return x.reduce(device.Max, axes) }

// Min returns the smallest element over the given axes, which are as in Sum.
//
//	dx = dy [x = y] / number of equal ones
func (x *Var) Min(axes ...int) *Var { return x.reduce(device.Min, axes) }

// LogSumExp returns ln Σ eˣ over the given axes, which are as in Sum.
//
//	dx = dy eˣ⁻ʸ
func (x *Var) LogSumExp(axes ...int) *Var { return x.reduce(device.LogSumExp, axes) }

// Norm returns the Euclidean norm √Σx² over the given axes, which are as in Sum.
//
//	dx = dy x / y
func (x *Var) Norm(axes ...int) *Var { return x.reduce(device.Norm2, axes) }

// Variance returns the biased variance over the given axes, which are as in Sum:
// the mean of the squared distances from the mean.
//
//	dx = 2 dy (x - mean) / n
func (x *Var) Variance(axes ...int) *Var {
	shape := slices.Clone(x.Shape())
	for _, a := range allAxes(axes, len(shape)) {
		if a >= 0 && a < len(shape) {
			shape[a] = 1
		}
	}
	return x.Sub(x.Mean(axes...).Reshape(shape...)).Square().Mean(axes...)
}

// reduce brings axes that are not neighbours together: one kernel reduces them.
func (x *Var) reduce(f device.ReduceFunc, axes []int) *Var {
	todo, rank := allAxes(axes, x.Rank()), x.Rank()
	n := len(todo)
	switch {
	case n == 0: // a scalar
		return x.reduceGroup(f, 0, 0)
	case todo[0] < 0 || todo[n-1] >= rank:
		return x.unfit(f.String(), fmt.Sprintf("there is no axis of %v", axes))
	case todo[n-1]-todo[0] == n-1:
		return x.reduceGroup(f, todo[0], todo[n-1]+1)
	}
	rest := slices.DeleteFunc(order(rank), func(a int) bool { return slices.Contains(todo, a) })
	return x.Permute(append(rest, todo...)...).reduceGroup(f, rank-n, rank)
}

// allAxes is the axes in order, each once and counted from the first; none
// means all.
func allAxes(axes []int, rank int) []int {
	var all []int
	for _, a := range axes {
		if a < 0 {
			a += rank
		}
		all = append(all, a)
	}
	if len(axes) == 0 {
		for a := range rank {
			all = append(all, a)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func (x *Var) reduceGroup(f device.ReduceFunc, lo, hi int) *Var {
	return record(Op{f.String(), [2]int{lo, hi}},
		func(*Frame) (*tensor.Tensor, error) { return tensor.Reduce(x.value, f, lo, hi) },
		func(y, dy *tensor.Tensor) error {
			return tensor.ReduceGradInto(x.grad(), dy, x.value, y, f, lo, hi)
		}, x)
}

// Expand returns x repeated to a shape as NumPy's broadcast_to does: shapes are
// aligned at the last axis, and extents of 1 repeat.
//
//	dx = Σ dy over the repeated axes
func (x *Var) Expand(shape ...int) *Var {
	if slices.Equal(x.Shape(), shape) {
		return x
	}
	return record(Op{"Expand", slices.Clone(shape)},
		func(*Frame) (*tensor.Tensor, error) { return tensor.Expand(x.value, shape...) },
		func(_, dy *tensor.Tensor) error { return tensor.ExpandGradInto(x.grad(), dy) }, x)
}
