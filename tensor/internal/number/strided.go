package number

import (
	"iter"
	"slices"
)

// Offsets yields where the elements of an array lie, in row-major order: the
// sum of index x stride over its axes. A scalar lies at 0.
func Offsets(shape, stride []int) iter.Seq[int] {
	return func(yield func(int) bool) {
		if slices.Contains(shape, 0) {
			return
		}
		index := make([]int, len(shape))
		for at := 0; ; {
			if !yield(at) {
				return
			}
			axis := len(shape) - 1
			for ; axis >= 0; axis-- {
				index[axis]++
				at += stride[axis]
				if index[axis] < shape[axis] {
					break
				}
				at -= index[axis] * stride[axis]
				index[axis] = 0
			}
			if axis < 0 {
				return
			}
		}
	}
}
