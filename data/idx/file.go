package idx

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"

	"example.org/chainrule/internal/regular"
)

// ReadImages reads an image file, plain or gzip (told by its first bytes).
// Errors name the file: those of [DecodeImages], and bytes left over after the
// table.
func ReadImages(path string) (Images, error) {
	return readFile(path, DecodeImages)
}

// ReadLabels reads a label file, as [ReadImages] reads an image file.
func ReadLabels(path string) ([]byte, error) {
	return readFile(path, DecodeLabels)
}

func readFile[T any](path string, decode func(io.Reader) (T, error)) (T, error) {
	var none T
	file, err := regular.Open(path)
	if err != nil {
		return none, fmt.Errorf("idx: %w", err)
	}
	defer file.Close()
	table, err := decodeWhole(file, decode)
	if err != nil {
		return none, named(err, path)
	}
	return table, nil
}

// decodeWhole decodes a stream that must hold one table and nothing else.
func decodeWhole[T any](r io.Reader, decode func(io.Reader) (T, error)) (T, error) {
	var none T
	plain, err := decompress(r)
	if err != nil {
		return none, err
	}
	table, err := decode(plain)
	if err != nil {
		return none, err
	}
	switch _, err := io.ReadFull(plain, make([]byte, 1)); {
	case err == nil:
		return none, formatError("bytes are left over after the table that the header promises")
	case !errors.Is(err, io.EOF):
		return none, readError(err, "the gzip checksum at the end is cut short")
	}
	return table, nil
}

// decompress looks for the two bytes that gzip starts with.
func decompress(r io.Reader) (io.Reader, error) {
	buffered := bufio.NewReader(r)
	if start, _ := buffered.Peek(2); !bytes.Equal(start, []byte{0x1f, 0x8b}) {
		return buffered, nil
	}
	plain, err := gzip.NewReader(buffered)
	if err != nil {
		return nil, readError(err, "the gzip header is cut short")
	}
	return plain, nil
}

// named puts the file's path into an error.
func named(err error, path string) error {
	if format, ok := errors.AsType[*FormatError](err); ok {
		return &FormatError{File: path, Problem: format.Problem, Err: format.Err}
	}
	return err
}
