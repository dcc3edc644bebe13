package tensor

import (
	"fmt"

	"example.org/chainrule/device"
)

// A Stream is a device's stream of random numbers: a seed and a count of passes,
// kept on the device so that a recorded step draws new numbers each time. See
// [device.Philox].
type Stream struct{ words *Tensor }

// NewStream returns a stream at its first pass. The error is a
// *device.MemoryError.
func NewStream(dev device.Device, seed uint64) (*Stream, error) {
	words, err := From(dev, []int32{int32(uint32(seed)), int32(uint32(seed >> 32)), 0, 0})
	if err != nil {
		return nil, err
	}
	return &Stream{words}, nil
}

// NewCell returns a tensor for [Stream.NextPass], Int32 [device.StreamWords]. The
// error is a *device.MemoryError.
func NewCell(dev device.Device) (*Tensor, error) {
	return New(dev, device.Int32, device.StreamWords)
}

// NextPass copies the stream's seed and pass to a cell, which dropouts read, and
// advances the stream, all on the device. The error is a *ShapeError.
func (s *Stream) NextPass(cell *Tensor) error {
	if err := typed("NextPass", "the cell", s.words, cell, device.Int32, device.StreamWords); err != nil {
		return err
	}
	s.words.dev.NextPass(cell.buf, s.words.buf)
	return nil
}

// Device is where the stream lives.
func (s *Stream) Device() device.Device { return s.words.dev }

// State waits for the device and returns the stream's seed and pass as
// device.StreamWords words, for a checkpoint.
func (s *Stream) State() ([]int32, error) { return s.words.Int32s() }

// Restore sets the seed and pass that State returned. The error is a
// *ShapeError.
func (s *Stream) Restore(state []int32) error { return Set(s.words, state) }

// Free gives up the stream's memory.
func (s *Stream) Free() { s.words.Free() }

// Dropout returns x, Float32 or BFloat16, with a share s.P of its elements set to
// zero and the others divided by 1 - s.P; it is its own derivative. cell is as
// [Stream.NextPass] left it: the same cell and site drop the same elements. The
// error is a *ShapeError. Srivastava 2014, "Dropout".
func Dropout(x, cell *Tensor, s device.Dropout) (*Tensor, error) {
	return made(x.dev, x.DType(), x.shape, func(y Dst) error { return DropoutInto(y, x, cell, s) })
}

// DropoutInto sends x with some of its elements dropped to y; see [Dropout].
func DropoutInto(y Dst, x, cell *Tensor, s device.Dropout) error {
	const op = "Dropout"
	if !(s.P >= 0 && s.P < 1) { // so that NaN is refused
		return misfit(op, fmt.Sprintf("probability %v: want 0 or more, less than 1", s.P), x)
	}
	if err := first(operands(op, x), typed(op, "the cell", x, cell, device.Int32, device.StreamWords), sent(op, x, y, x.shape...)); err != nil {
		return err
	}
	x.dev.Dropout(y.dst(), x.buf, cell.buf, s)
	return nil
}
