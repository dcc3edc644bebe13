// Package npy reads and writes NumPy's .npy files: one array each, of numbers
// or bools, in the versions 1.0 to 3.0 of
// https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html.
//
//	images, err := npy.ReadFile("images.npy")
//	pixels, err := images.Float32s() // images.Shape says how they lie
//
// A file is hostile until parsed: the header is held against the bytes that are
// there before memory is taken for them.
package npy

import (
	"fmt"
	"io"
	"os"

	"example.org/chainrule/internal/atomicfile"
	"example.org/chainrule/tensor/internal/number"
)

// An Array is an array in host memory.
type Array struct {
	Shape []int // outermost axis first; empty for a scalar

	// Values are the elements in row-major order: a []bool, []int8, []int16,
	// []int32, []int64, []uint8, []uint16, []uint32, []uint64, []float32 or
	// []float64. NumPy's float16 is read as []float32.
	Values any
}

// Float32s returns the elements as float32, rounded to nearest; a finite number
// beyond float32 is an error. A []float32 is returned as it is.
func (a *Array) Float32s() ([]float32, error) { return convert(a, number.Floats[float32]) }

// Float64s returns the elements as float64; integers beyond 2⁵³ are rounded. A
// []float64 is returned as it is.
func (a *Array) Float64s() ([]float64, error) { return convert(a, number.Floats[float64]) }

// Int32s returns the elements as int32. One that is not a whole number or out of
// range is an error. An []int32 is returned as it is.
func (a *Array) Int32s() ([]int32, error) { return convert(a, number.Integers[int32]) }

// Int64s returns the elements as int64. One that is not a whole number or out of
// range is an error, and so is a float beyond 2⁵³. An []int64 is returned as it is.
func (a *Array) Int64s() ([]int64, error) { return convert(a, number.Integers[int64]) }

func convert[T any](a *Array, to func(any) ([]T, error)) ([]T, error) {
	values, err := to(a.Values)
	if err != nil {
		return nil, fmt.Errorf("npy: %w", err)
	}
	return values, nil
}

// A FormatError says why a file cannot be read: it is damaged, cut short, no
// .npy file, or of a type that is not read.
type FormatError struct {
	Reason string
}

func (e *FormatError) Error() string { return "not a readable .npy file: " + e.Reason }

func badFormat(format string, args ...any) error {
	return &FormatError{fmt.Sprintf(format, args...)}
}

// ReadFile reads the file at path. See [Read].
func ReadFile(path string) (*Array, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("npy: %w", err)
	}
	defer file.Close()
	a, err := read(file)
	if err != nil {
		return nil, fmt.Errorf("npy: %s: %w", path, err)
	}
	return a, nil
}

// Read reads the one array that r holds. Both byte orders and column-major
// ("Fortran") arrays are read, and become row-major. Where the content is at
// fault the error is a [*FormatError]; bytes after the array are a fault too.
func Read(r io.Reader) (*Array, error) {
	a, err := read(r)
	if err != nil {
		return nil, fmt.Errorf("npy: %w", err)
	}
	return a, nil
}

// WriteFile writes a to a file at path, whole or not at all. See [Write].
func WriteFile(path string, a *Array) error {
	err := atomicfile.Write(path, func(w io.Writer) error { return write(w, a) })
	if err != nil {
		return fmt.Errorf("npy: %w", err)
	}
	return nil
}

// Write writes a in version 1.0, little-endian and row-major. The error is for
// Values that are none of [Array]'s types or do not fill Shape.
func Write(w io.Writer, a *Array) error {
	if err := write(w, a); err != nil {
		return fmt.Errorf("npy: %w", err)
	}
	return nil
}
