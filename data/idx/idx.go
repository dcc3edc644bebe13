// Package idx reads image sets in the IDX format of MNIST: a file of images
// and a file of labels, plain or compressed with gzip. Fashion-MNIST, EMNIST
// and KMNIST come in it too.
//
// The format (http://yann.lecun.com/exdb/mnist): two zero bytes, one for the
// type of the elements (8: unsigned byte), one for the number of dimensions, the
// dimensions as big-endian 32-bit integers, then the elements.
//
// Files are held hostile: lengths are checked before memory is taken, and
// memory grows only as bytes arrive.
package idx

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

const (
	imagesMagic = 0x803 // unsigned bytes, 3 dimensions: count, height, width
	labelsMagic = 0x801 // unsigned bytes, 1 dimension: count

	// MaxElements is the largest number of elements (bytes) read from a file:
	// 1 GiB, which is 1.3 million images of 28x28.
	MaxElements = 1 << 30
)

// FormatError tells what is wrong with a file.
type FormatError struct {
	File    string // its path; empty when read from a stream
	Problem string
	Err     error // what reading it returned, if that is the problem
}

func (e *FormatError) Error() string {
	text := "idx: "
	if e.File != "" {
		text += e.File + ": "
	}
	text += e.Problem
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

// Unwrap returns what reading the file returned.
func (e *FormatError) Unwrap() error { return e.Err }

func formatError(format string, args ...any) error {
	return &FormatError{Problem: fmt.Sprintf(format, args...)}
}

// Images is what an image file holds.
type Images struct {
	Count, Height, Width int

	// Pixels is [Count, Height, Width], grey from 0 to 255.
	Pixels []byte
}

// DecodeImages reads one table of images from r and nothing beyond it. Errors:
// a [*FormatError] for a header that is not one of images, for sizes of zero or
// above [MaxElements], and for a stream that ends early.
func DecodeImages(r io.Reader) (Images, error) {
	dims, err := readHeader(r, imagesMagic)
	if err != nil {
		return Images{}, err
	}
	pixels, err := readElements(r, dims)
	return Images{Count: dims[0], Height: dims[1], Width: dims[2], Pixels: pixels}, err
}

// DecodeLabels reads one table of labels from r and nothing beyond it. Errors
// are those of [DecodeImages].
func DecodeLabels(r io.Reader) ([]byte, error) {
	dims, err := readHeader(r, labelsMagic)
	if err != nil {
		return nil, err
	}
	return readElements(r, dims)
}

// Encode writes the table to w.
func (m Images) Encode(w io.Writer) error {
	return encode(w, m.Pixels, imagesMagic, m.Count, m.Height, m.Width)
}

// EncodeLabels writes a table of labels to w.
func EncodeLabels(w io.Writer, labels []byte) error {
	return encode(w, labels, labelsMagic, len(labels))
}

func encode(w io.Writer, elements []byte, magic uint32, dims ...int) error {
	header := []uint32{magic}
	for _, n := range dims {
		header = append(header, uint32(n))
	}
	if err := binary.Write(w, binary.BigEndian, header); err != nil {
		return fmt.Errorf("idx: %w", err)
	}
	if _, err := w.Write(elements); err != nil {
		return fmt.Errorf("idx: %w", err)
	}
	return nil
}

// readHeader reads the magic number, which must be the one wanted, and the
// dimensions, whose number is the magic number's last byte.
func readHeader(r io.Reader, want uint32) ([]int, error) {
	words := make([]uint32, 1+want&0xff)
	if err := readWords(r, words[:1]); err != nil {
		return nil, err
	}
	if words[0] != want {
		return nil, formatError("%s; %s are wanted here, whose number is 0x%08x",
			describeMagic(words[0]), tableName(want), want)
	}
	if err := readWords(r, words[1:]); err != nil {
		return nil, err
	}
	return checkDims(words[1:])
}

func readWords(r io.Reader, words []uint32) error {
	if err := binary.Read(r, binary.BigEndian, words); err != nil {
		return readError(err, "the header is cut short")
	}
	return nil
}

func tableName(magic uint32) string {
	if magic == labelsMagic {
		return "labels"
	}
	return "images"
}

// describeMagic says what a file with the wrong first four bytes is.
func describeMagic(magic uint32) string {
	elementType := magic >> 8
	switch {
	case magic == imagesMagic || magic == labelsMagic:
		return fmt.Sprintf("this file holds %s (magic number 0x%08x)", tableName(magic), magic)
	case elementType >= 0x08 && elementType <= 0x0e:
		return fmt.Sprintf("this is an IDX file of another kind (magic number 0x%08x: element type 0x%02x, %d dimensions)",
			magic, elementType, magic&0xff)
	}
	return fmt.Sprintf("this is not an IDX file (it starts with 0x%08x)", magic)
}

// checkDims refuses sizes of zero and tables above MaxElements.
func checkDims(words []uint32) ([]int, error) {
	dims := make([]int, len(words))
	total := 1
	for i, word := range words {
		dims[i] = int(word)
		if word == 0 {
			return nil, formatError("the header promises a table of size zero (%v)", words)
		}
		if int(word) > MaxElements/total {
			return nil, formatError("the header promises a table of %v bytes, more than the %d read from one file",
				words, MaxElements)
		}
		total *= int(word)
	}
	return dims, nil
}

// readElements reads the table's bytes. Memory doubles as they arrive, so that
// a header which lies costs at most twice what the stream delivers.
func readElements(r io.Reader, dims []int) ([]byte, error) {
	total := 1
	for _, n := range dims {
		total *= n
	}
	elements := make([]byte, min(total, 1<<20))
	for filled := 0; ; {
		n, err := io.ReadFull(r, elements[filled:])
		filled += n
		if err != nil {
			return nil, readError(err, "the file is cut short: the header promises %d bytes, %d are there", total, filled)
		}
		if filled == total {
			return elements, nil
		}
		// Eightfold, so that what was outgrown is little beside what is kept.
		grown := make([]byte, min(total, 8*filled))
		copy(grown, elements)
		elements = grown
	}
}

// readError describes a failed read: the end of the stream in the caller's
// words, anything else (damaged gzip, a disk's error) by its own.
func readError(err error, format string, args ...any) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return formatError(format, args...)
	}
	return &FormatError{Problem: "the file cannot be read", Err: err}
}
