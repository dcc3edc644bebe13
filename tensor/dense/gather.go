package dense

import (
	"errors"
	"fmt"

	gorgonia "gorgonia.org/tensor"

	"example.org/chainrule/tensor/internal/number"
)

// gather returns d's elements in row-major order: a slice of d's type. Views and
// transposed arrays are read through their strides.
func gather(d *gorgonia.Dense) (any, error) {
	switch {
	case !d.IsNativelyAccessible():
		return nil, errors.New("its memory is out of Go's reach")
	case len(d.Mask()) > 0:
		return nil, errors.New("a tensor has no mask (fill the masked elements first: Filled)")
	case lostStrides(d):
		return nil, errors.New("gorgonia loses the strides when a column of a view is transposed (Materialize it first)")
	}
	switch d.Dtype() {
	case gorgonia.Float32:
		return ordered(d, d.Float32s)
	case gorgonia.Float64:
		return ordered(d, d.Float64s)
	case gorgonia.Int:
		return ordered(d, d.Ints)
	case gorgonia.Int32:
		return ordered(d, d.Int32s)
	case gorgonia.Int64:
		return ordered(d, d.Int64s)
	case gorgonia.Uint8:
		return ordered(d, d.Uint8s)
	case gorgonia.Bool:
		return ordered(d, d.Bools)
	}
	return nil, errors.New("a tensor cannot hold this type (float32, float64, int, int32, int64, uint8 and bool convert)")
}

// lostStrides reports a row or column, as a matrix, of a larger array, which was
// transposed: gorgonia v0.9.24 (AP.T) then claims that it lies in one piece.
func lostStrides(d *gorgonia.Dense) bool {
	order := d.DataOrder()
	return order.IsTransposed() && order.IsNotContiguous() && d.IsVector() && d.Dims() == 2
}

// ordered picks d's elements from its storage, the last axis running fastest.
func ordered[T any](d *gorgonia.Dense, storage func() []T) ([]T, error) {
	shape, stride, stored := d.Shape(), d.Strides(), storage()
	if len(stride) != len(shape) {
		return nil, fmt.Errorf("it has %d axes and %d strides", len(shape), len(stride))
	}
	var values []T
	for from := range number.Offsets(shape, stride) {
		if from < 0 || from >= len(stored) {
			return nil, fmt.Errorf("its strides %v lead out of its %d elements", stride, len(stored))
		}
		values = append(values, stored[from])
	}
	return values, nil
}
