package safetensors

import (
	"encoding/binary"
	"fmt"
	"slices"

	"example.org/chainrule/tensor/internal/number"
)

// An Array is one named tensor in host memory.
type Array struct {
	Name  string
	DType DType
	Shape []int  // outermost axis first; empty for a scalar
	Data  []byte // row-major, little-endian
}

// An Element is a Go type that a DType stands for.
type Element interface {
	bool | int8 | int16 | int32 | int64 | uint8 | uint16 | uint32 | uint64 | float32 | float64
}

// From returns an array with a copy of values, row-major, whose DType is theirs.
// No shape means a scalar. [Write] checks that values fill the shape.
func From[T Element](name string, values []T, shape ...int) Array {
	data, err := binary.Append(nil, binary.LittleEndian, values)
	if err != nil {
		panic("safetensors: " + err.Error())
	}
	return Array{Name: name, DType: dtypeOf[T](), Shape: slices.Clone(shape), Data: data}
}

func dtypeOf[T Element]() DType {
	switch any(*new(T)).(type) {
	case bool:
		return BOOL
	case uint8:
		return U8
	case int8:
		return I8
	case int16:
		return I16
	case uint16:
		return U16
	case int32:
		return I32
	case uint32:
		return U32
	case float32:
		return F32
	case float64:
		return F64
	case int64:
		return I64
	}
	return U64
}

// Float32s returns the elements in row-major order. Any DType converts, rounded
// to nearest; a finite number beyond float32 is an error.
func (a Array) Float32s() ([]float32, error) { return convert(a, number.Floats[float32]) }

// Float64s returns the elements in row-major order. Any DType converts; integers
// beyond 2⁵³ are rounded.
func (a Array) Float64s() ([]float64, error) { return convert(a, number.Floats[float64]) }

// Int32s returns the elements in row-major order. Any DType converts whose
// values are whole numbers; one that an int32 cannot hold is an error.
func (a Array) Int32s() ([]int32, error) { return convert(a, number.Integers[int32]) }

// Int64s returns the elements in row-major order. Any DType converts whose
// values are whole numbers; one that an int64 cannot hold is an error, and so is
// a float beyond 2⁵³.
func (a Array) Int64s() ([]int64, error) { return convert(a, number.Integers[int64]) }

func convert[T any](a Array, to func(any) ([]T, error)) ([]T, error) {
	if err := a.check(); err != nil {
		return nil, fmt.Errorf("safetensors: %w", err)
	}
	values, err := to(dtypes[a.DType].decode(a.Data))
	if err != nil {
		return nil, fmt.Errorf("safetensors: %.80q (%v): %w", a.Name, a.DType, err)
	}
	return values, nil
}

// check reports an array whose fields do not fit one another.
func (a Array) check() error {
	if a.DType.Size() == 0 {
		return fmt.Errorf("%.80q has the unknown dtype %v", a.Name, a.DType)
	}
	n, ok := number.ByteLen(a.Shape, a.DType.Size())
	if !ok || n != len(a.Data) {
		return fmt.Errorf("%.80q has %d bytes, which do not fill %v%v", a.Name, len(a.Data), a.DType, a.Shape)
	}
	return nil
}
