package tensor

import (
	"fmt"
	"slices"

	"example.org/chainrule/device"
)

// Permute returns x, of any dtype, with its axes reordered: axis i of the result
// is axis axes[i] of x, negative ones counted from the last. At most
// [device.MaxDims] axes may be left once those that stay neighbours are merged.
// The error is a *ShapeError.
func Permute(x *Tensor, axes ...int) (*Tensor, error) {
	order, shape, err := ordered(x, axes)
	if err != nil {
		return nil, err
	}
	return made(x.dev, x.DType(), shape, func(y Dst) error { return PermuteInto(y, x, order...) })
}

// PermuteInto sends x with its axes reordered to y; see [Permute]. Only floats
// can be added to.
func PermuteInto(y Dst, x *Tensor, axes ...int) error {
	axes, shape, err := ordered(x, axes)
	if err := first(err, moved("Permute", x, y, shape...)); err != nil {
		return err
	}
	s, err := permuteSpec(x, axes)
	if err != nil {
		return err
	}
	x.dev.Permute(y.dst(), x.buf, s)
	return nil
}

// ordered is axes without negative ones, and the shape of the result.
func ordered(x *Tensor, axes []int) (order, shape []int, err error) {
	seen := make([]bool, x.Rank())
	for _, a := range axes {
		a, err := axisOf("Permute", x, a)
		if err != nil {
			return nil, nil, err
		}
		if seen[a] {
			break
		}
		seen[a] = true
		order, shape = append(order, a), append(shape, x.shape[a])
	}
	if len(order) != x.Rank() || len(axes) != x.Rank() {
		return nil, nil, misfit("Permute", fmt.Sprintf("axes %v: want each of its %d axes once", axes, x.Rank()), x)
	}
	return order, shape, nil
}

// permuteSpec is the device's description.
func permuteSpec(x *Tensor, axes []int) (s device.Permute, err error) {
	firsts, extents := runs(x.shape, axes)
	pad := device.MaxDims - len(firsts)
	if pad < 0 {
		return s, misfit("Permute", fmt.Sprintf("axes %v: more than %d that move apart", axes, device.MaxDims), x)
	}
	for i := range pad {
		s.Dims[i], s.Axes[i] = 1, i
	}
	sorted := slices.Sorted(slices.Values(firsts))
	for i, a := range firsts {
		at := pad + slices.Index(sorted, a)
		s.Dims[at], s.Axes[pad+i] = extents[i], at
	}
	return s, nil
}

// runs merges axes that stay neighbours, those of extent 1 left out: the first
// axis of each run, in the result's order, and the run's extent.
func runs(shape, axes []int) (firsts, extents []int) {
	before, last := make([]int, len(shape)), -1
	for a, n := range shape {
		if before[a] = last; n != 1 {
			last = a
		}
	}
	last = -1
	for _, a := range axes {
		switch {
		case shape[a] == 1:
			continue
		case last >= 0 && before[a] == last:
			extents[len(extents)-1] *= shape[a]
		default:
			firsts, extents = append(firsts, a), append(extents, shape[a])
		}
		last = a
	}
	return firsts, extents
}

// moved checks that y can take elements of x, whatever their dtype, in a shape.
func moved(op string, x *Tensor, y Dst, shape ...int) error {
	return first(sent(op, x, y, shape...), addable(op, y))
}

// addable checks that only floats are added to.
func addable(op string, y Dst) error {
	if y.Wanted() && y.Add && !y.T.DType().IsFloat() {
		return misfit(op, fmt.Sprintf("%v cannot be added to", y.T.DType()), y.T)
	}
	return nil
}
