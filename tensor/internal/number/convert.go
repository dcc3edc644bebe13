// Package number moves slices of numbers between Go's types and the bytes of
// files, for the formats under tensor. Values travel as an any that holds a
// slice: []bool, []int8 to []int64, []int, []uint8 to []uint64, []float32 or
// []float64.
package number

import (
	"fmt"
	"math"
)

type (
	integer interface {
		int8 | int16 | int32 | int64 | int | uint8 | uint16 | uint32 | uint64
	}
	float interface{ float32 | float64 }
)

// Floats returns values as T, rounded to nearest; true is 1. A finite number
// too large for T is an error.
func Floats[T float](values any) ([]T, error) {
	switch v := values.(type) {
	case []float32:
		return floats[T](v)
	case []float64:
		return floats[T](v)
	case []int8:
		return floats[T](v)
	case []int16:
		return floats[T](v)
	case []int32:
		return floats[T](v)
	case []int64:
		return floats[T](v)
	case []int:
		return floats[T](v)
	case []uint8:
		return floats[T](v)
	case []uint16:
		return floats[T](v)
	case []uint32:
		return floats[T](v)
	case []uint64:
		return floats[T](v)
	case []bool:
		return floats[T](bits(v))
	}
	return nil, fmt.Errorf("%T holds no numbers", values)
}

// Integers returns values as T; true is 1. A number that T does not hold is an
// error: a fraction, or out of range. So is a float beyond 2⁵³, where whole
// numbers are no longer told apart.
func Integers[T integer](values any) ([]T, error) {
	switch v := values.(type) {
	case []float32:
		return integers[T](v, fromFloat)
	case []float64:
		return integers[T](v, fromFloat)
	case []int8:
		return integers[T](v, fromInteger)
	case []int16:
		return integers[T](v, fromInteger)
	case []int32:
		return integers[T](v, fromInteger)
	case []int64:
		return integers[T](v, fromInteger)
	case []int:
		return integers[T](v, fromInteger)
	case []uint8:
		return integers[T](v, fromInteger)
	case []uint16:
		return integers[T](v, fromInteger)
	case []uint32:
		return integers[T](v, fromInteger)
	case []uint64:
		return integers[T](v, fromInteger)
	case []bool:
		return integers[T](bits(v), fromInteger)
	}
	return nil, fmt.Errorf("%T holds no numbers", values)
}

func floats[To float, From integer | float](src []From) ([]To, error) {
	if same, ok := any(src).([]To); ok {
		return same, nil
	}
	dst := make([]To, len(src))
	for i, v := range src {
		dst[i] = To(v)
		if math.IsInf(float64(dst[i]), 0) && !math.IsInf(float64(v), 0) {
			return nil, rangeError[To](i, v)
		}
	}
	return dst, nil
}

// integers goes by way of int64, which exact makes of a source value.
func integers[To integer, From integer | float](src []From, exact func(From) (int64, bool)) ([]To, error) {
	if same, ok := any(src).([]To); ok {
		return same, nil
	}
	dst := make([]To, len(src))
	for i, v := range src {
		whole, ok := exact(v)
		dst[i] = To(whole)
		if !ok || int64(dst[i]) != whole {
			return nil, rangeError[To](i, v)
		}
	}
	return dst, nil
}

func fromFloat[F float](v F) (int64, bool) {
	f := float64(v)
	return int64(f), f == math.Trunc(f) && math.Abs(f) <= 1<<53
}

func fromInteger[I integer](v I) (int64, bool) {
	whole := int64(v)
	return whole, (whole < 0) == (v < 0)
}

func bits(src []bool) []uint8 {
	dst := make([]uint8, len(src))
	for i, v := range src {
		if v {
			dst[i] = 1
		}
	}
	return dst
}

func rangeError[To, From any](index int, value From) error {
	var to To
	return fmt.Errorf("element %d is %v, which %T cannot hold", index, value, to)
}
