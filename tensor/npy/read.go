package npy

import (
	"io"

	"example.org/chainrule/tensor/internal/number"
)

func read(r io.Reader) (*Array, error) {
	h, err := readHeader(r)
	if err != nil {
		return nil, err
	}
	t, order, err := parseDType(h.descr)
	if err != nil {
		return nil, err
	}
	want, ok := number.ByteLen(h.shape, t.size)
	if !ok || want/t.size > maxElements {
		return nil, badFormat("the shape %v is too large: %d elements are the limit", h.shape, maxElements)
	}
	data, err := readData(r, want)
	if err != nil {
		return nil, err
	}
	if h.fortran {
		data = rowMajor(data, h.shape, t.size)
	}
	return &Array{h.shape, t.decode(data, order)}, nil
}

// readData reads want bytes, all that r has. Memory grows with what arrives, not
// with what the header promises.
func readData(r io.Reader, want int) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, int64(want)))
	if err != nil {
		return nil, err
	}
	if len(data) < want {
		return nil, badFormat("the array needs %d bytes, and the file ends after %d", want, len(data))
	}
	var after [1]byte
	switch _, err := io.ReadFull(r, after[:]); err {
	case io.EOF:
		return data, nil
	case nil:
		return nil, badFormat("bytes follow the %d of the array", want)
	default:
		return nil, err
	}
}

// rowMajor returns column-major data, the first axis running fastest, in
// row-major order.
func rowMajor(data []byte, shape []int, size int) []byte {
	stride := make([]int, len(shape))
	next := size
	for axis, extent := range shape {
		stride[axis] = next
		next *= extent
	}
	sorted := make([]byte, 0, len(data))
	for from := range number.Offsets(shape, stride) {
		sorted = append(sorted, data[from:from+size]...)
	}
	return sorted
}
