// Package tensor gives device memory a shape. A [Tensor] is a contiguous
// row-major array; every operation of package device stands here once, with
// the only shape checks: as Op, which returns a new tensor, and as OpInto,
// which sends the result to a [Dst].
//
// Memory is counted, not collected: whoever makes a tensor calls Free.
package tensor

import (
	"fmt"
	"slices"
	"sync/atomic"

	"example.org/chainrule/device"
)

// A Tensor is a contiguous row-major array on a device. It is immutable in
// shape; views share its storage.
type Tensor struct {
	dev   device.Device
	buf   device.Buffer
	shape []int
	store *storage
}

// storage is memory with a count of the tensors that use it.
type storage struct {
	dev  device.Device
	buf  device.Buffer
	refs atomic.Int32
}

// New returns a tensor with undefined contents. The error is a *ShapeError for
// a negative extent, a *device.MemoryError where there is no room.
func New(dev device.Device, t device.DType, shape ...int) (*Tensor, error) {
	n, err := count(shape)
	if err != nil {
		return nil, err
	}
	buf, err := dev.Alloc(t, n)
	if err != nil {
		return nil, fmt.Errorf("tensor: New%v: %w", shape, err)
	}
	s := &storage{dev: dev, buf: buf}
	s.refs.Store(1)
	return &Tensor{dev, buf, slices.Clone(shape), s}, nil
}

// count is the number of elements of a shape.
func count(shape []int) (int, error) {
	n, size := 1, 1 // size takes an extent of 0 for 1, so that no part of the shape overflows
	for _, d := range shape {
		if d < 0 {
			return 0, &ShapeError{Op: "New", Shapes: [][]int{slices.Clone(shape)}, Reason: "extents cannot be negative"}
		}
		if max(d, 1) > device.MaxLen/size {
			return 0, &ShapeError{Op: "New", Shapes: [][]int{slices.Clone(shape)}, Reason: fmt.Sprintf("a tensor holds at most %d elements", device.MaxLen)}
		}
		n, size = n*d, size*max(d, 1)
	}
	return n, nil
}

// Host is a type of element that a tensor exchanges with host memory.
type Host interface {
	float32 | float64 | int32 | uint8
}

// From returns a tensor with a copy of data: Float32 from []float32 and
// []float64, Int32 from []int32, Uint8 from []uint8. No shape means a vector.
// The error is a *ShapeError where data does not fill the shape, or a
// *device.MemoryError.
func From[T Host](dev device.Device, data []T, shape ...int) (*Tensor, error) {
	if len(shape) == 0 {
		shape = []int{len(data)}
	}
	if n, err := count(shape); err != nil || n != len(data) {
		return nil, &ShapeError{Op: "From", Shapes: [][]int{shape}, Reason: fmt.Sprintf("%d values given", len(data))}
	}
	t, err := New(dev, hostType[T](), shape...)
	if err != nil {
		return nil, err
	}
	dev.Upload(t.buf, data)
	return t, nil
}

func hostType[T Host]() device.DType {
	switch any(*new(T)).(type) {
	case int32:
		return device.Int32
	case uint8:
		return device.Uint8
	}
	return device.Float32
}

// Scalar returns a Float32 tensor of rank 0. The error is a *device.MemoryError.
func Scalar(dev device.Device, v float32) (*Tensor, error) {
	t, err := New(dev, device.Float32)
	if err == nil {
		dev.Fill(device.To(t.buf), v)
	}
	return t, err
}

// Set copies host data of t's length into t: []float32 or []float64 for
// Float32 and BFloat16, []int32 for Int32, []uint8 for Uint8. The error is a
// *ShapeError.
func Set[T Host](t *Tensor, data []T) error {
	if len(data) != t.Len() || !hostFits[T](t.DType()) {
		return &ShapeError{Op: "Set", Shapes: [][]int{t.shape}, Reason: fmt.Sprintf("%v cannot take %d values of %T", t.DType(), len(data), *new(T))}
	}
	t.dev.Upload(t.buf, data)
	return nil
}

// Write lets f write t's values, Float32, into memory of the host: t's own where
// that is where t lives. f calls nothing of the device. The error is a *ShapeError
// for another dtype.
func Write(t *Tensor, f func(v []float32)) error {
	if t.DType() != device.Float32 {
		return &ShapeError{Op: "Write", Shapes: [][]int{t.shape}, Reason: fmt.Sprintf("%v cannot be written as float32", t.DType())}
	}
	t.dev.Upload(t.buf, f)
	return nil
}

func hostFits[T Host](t device.DType) bool {
	h := hostType[T]()
	return h == t || h.IsFloat() && t.IsFloat()
}

// values waits for the device and copies t out.
func values[T Host](t *Tensor) ([]T, error) {
	if !hostFits[T](t.DType()) {
		return nil, &ShapeError{Op: "Download", Shapes: [][]int{t.shape}, Reason: fmt.Sprintf("%v cannot be read as %T", t.DType(), *new(T))}
	}
	s := make([]T, t.Len())
	return s, t.dev.Download(s, t.buf)
}

// Float32s waits for the device and returns a copy of t, Float32 or BFloat16. The
// error is a *ShapeError for another dtype, or what the device has latched; so it
// is for the three below.
func (t *Tensor) Float32s() ([]float32, error) { return values[float32](t) }

// Float64s is Float32s in double precision, exact on the Reference device.
func (t *Tensor) Float64s() ([]float64, error) { return values[float64](t) }

// Int32s waits for the device and returns a copy of t, which is Int32.
func (t *Tensor) Int32s() ([]int32, error) { return values[int32](t) }

// Uint8s waits for the device and returns a copy of t, which is Uint8.
func (t *Tensor) Uint8s() ([]uint8, error) { return values[uint8](t) }

// Device is where t lives.
func (t *Tensor) Device() device.Device { return t.dev }

// DType is the type of t's elements.
func (t *Tensor) DType() device.DType { return t.buf.DType() }

// Shape is the extent of each axis, outermost first. It is not to be changed.
func (t *Tensor) Shape() []int { return t.shape }

// Rank is the number of axes.
func (t *Tensor) Rank() int { return len(t.shape) }

// Dim is the extent of axis i; negative ones count from the last.
func (t *Tensor) Dim(i int) int {
	if i < 0 {
		i += len(t.shape)
	}
	return t.shape[i]
}

// Len is the number of elements.
func (t *Tensor) Len() int { return t.buf.Len() }

func (t *Tensor) String() string { return fmt.Sprintf("%v%v on %s", t.DType(), t.shape, t.dev.Name()) }

// Reshape returns a view of t with another shape of the same number of
// elements; one extent may be -1 and follows from the others. Free it too.
// The error is a *ShapeError.
func (t *Tensor) Reshape(shape ...int) (*Tensor, error) {
	full, ok := infer(shape, t.Len())
	if !ok {
		return nil, &ShapeError{Op: "Reshape", Shapes: [][]int{t.shape, slices.Clone(shape)}, Reason: fmt.Sprintf("%d elements", t.Len())}
	}
	t.store.refs.Add(1)
	return &Tensor{t.dev, t.buf, full, t.store}, nil
}

// infer replaces a -1 in shape so that it holds n elements.
func infer(shape []int, n int) ([]int, bool) {
	full := slices.Clone(shape)
	if open := slices.Index(full, -1); open >= 0 {
		full[open] = 1
		rest, err := count(full)
		if err != nil || rest == 0 || n%rest != 0 {
			return nil, false
		}
		full[open] = n / rest
	}
	m, err := count(full)
	return full, err == nil && m == n
}

// View returns a view of t's elements from offset on, in the given shape.
// offset is a multiple of 64 elements. Free it too. The error is a *ShapeError.
func (t *Tensor) View(offset int, shape ...int) (*Tensor, error) {
	n, err := count(shape)
	if err != nil {
		return nil, err
	}
	if offset < 0 || offset%device.RowLen != 0 || n > t.Len()-offset {
		return nil, &ShapeError{Op: "View", Shapes: [][]int{t.shape, shape}, Reason: fmt.Sprintf("from element %d", offset)}
	}
	t.store.refs.Add(1)
	return &Tensor{t.dev, t.buf.Slice(offset, offset+n), slices.Clone(shape), t.store}, nil
}

// Retain returns another handle of t, which needs a Free of its own.
func (t *Tensor) Retain() *Tensor {
	if t.store == nil {
		panic(usedAfterFree)
	}
	t.store.refs.Add(1)
	c := *t
	return &c
}

// Free gives up t's share of its storage; the last one frees the memory. Free
// of nil does nothing; a second Free of one tensor panics, and so does its use.
func (t *Tensor) Free() {
	if t == nil {
		return
	}
	s := t.store
	if s == nil {
		panic("tensor: freed twice")
	}
	t.store, t.buf = nil, freed{}
	if s.refs.Add(-1) == 0 {
		s.dev.Free(s.buf)
	}
}

const usedAfterFree = "tensor: used after Free"

// freed stands in for the buffer of a tensor that was freed: the memory may be
// somebody else's by now.
type freed struct{}

func (freed) DType() device.DType            { panic(usedAfterFree) }
func (freed) Len() int                       { panic(usedAfterFree) }
func (freed) Slice(lo, hi int) device.Buffer { panic(usedAfterFree) }
