// Package dense exchanges tensors with gorgonia.org/tensor, whose arrays are
// called Dense. It stands apart because gorgonia takes long to compile.
package dense

import (
	"fmt"

	gorgonia "gorgonia.org/tensor"
	// Without its pinned version gorgonia panics at start under Go 1.20 and later.
	_ "go4.org/unsafe/assume-no-moving-gc"

	"example.org/chainrule/device"
	"example.org/chainrule/tensor"
	"example.org/chainrule/tensor/internal/number"
)

// ToTensor returns a tensor on dev with a copy of d, in d's shape: Float32 from
// float32 and float64, Int32 from int, int32 and int64, Uint8 from uint8 and
// bool. Views, transposed and column-major arrays are read as they appear.
// A masked d, another element type, and a number out of range are errors.
func ToTensor(dev device.Device, d *gorgonia.Dense) (*tensor.Tensor, error) {
	t, err := toTensor(dev, d)
	if err != nil {
		return nil, fmt.Errorf("dense: ToTensor: %v%v: %w", d.Dtype(), []int(d.Shape()), err)
	}
	return t, nil
}

func toTensor(dev device.Device, d *gorgonia.Dense) (*tensor.Tensor, error) {
	values, err := gather(d)
	if err != nil {
		return nil, err
	}
	switch values.(type) {
	case []float32, []float64:
		return upload(dev, values, number.Floats[float32], d.Shape())
	case []uint8, []bool:
		return upload(dev, values, number.Integers[uint8], d.Shape())
	default:
		return upload(dev, values, number.Integers[int32], d.Shape())
	}
}

// upload goes by way of a vector: tensor.From has no way to say a scalar.
func upload[T tensor.Host](dev device.Device, values any, convert func(any) ([]T, error), shape []int) (*tensor.Tensor, error) {
	converted, err := convert(values)
	if err != nil {
		return nil, err
	}
	vector, err := tensor.From(dev, converted, len(converted))
	if err != nil {
		return nil, err
	}
	defer vector.Free()
	return vector.Reshape(shape...)
}

// FromTensor waits for t's device and returns a copy of t, in t's shape: of
// float32 from Float32 and BFloat16, of int32 from Int32, of uint8 from Uint8.
func FromTensor(t *tensor.Tensor) (*gorgonia.Dense, error) {
	d, err := fromTensor(t)
	if err != nil {
		return nil, fmt.Errorf("dense: FromTensor: %v: %w", t, err)
	}
	return d, nil
}

func fromTensor(t *tensor.Tensor) (*gorgonia.Dense, error) {
	switch t.DType() {
	case device.Int32:
		return download(t, t.Int32s)
	case device.Uint8:
		return download(t, t.Uint8s)
	default:
		return download(t, t.Float32s)
	}
}

func download[T any](t *tensor.Tensor, read func() ([]T, error)) (*gorgonia.Dense, error) {
	values, err := read()
	if err != nil {
		return nil, err
	}
	if t.Rank() == 0 {
		return gorgonia.New(gorgonia.FromScalar(values[0])), nil
	}
	return gorgonia.New(gorgonia.WithShape(t.Shape()...), gorgonia.WithBacking(values)), nil
}
