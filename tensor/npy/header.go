package npy

import (
	"encoding/binary"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

const (
	magic     = "\x93NUMPY"
	maxHeader = 1<<16 - 1 // bytes: all that version 1.0 can say; NumPy itself reads 10,000
	maxRank   = 64        // NumPy's limit

	maxElements = 1<<31 - 1 // what a tensor holds
)

// A header is the Python dictionary before the data.
type header struct {
	descr   string
	fortran bool
	shape   []int
}

func readHeader(r io.Reader) (*header, error) {
	start := make([]byte, len(magic)+2)
	if err := readFull(r, start); err != nil {
		return nil, err
	}
	if string(start[:len(magic)]) != magic {
		return nil, badFormat("it does not begin as one")
	}
	length, err := readLength(r, start[len(magic)], start[len(magic)+1])
	if err != nil {
		return nil, err
	}
	if length > maxHeader {
		return nil, badFormat("a header of %d bytes is announced; %d is the limit", length, maxHeader)
	}
	text := make([]byte, length)
	if err := readFull(r, text); err != nil {
		return nil, err
	}
	return parseHeader(string(text))
}

// readLength reads the length of the header: two bytes in version 1.0, four later.
func readLength(r io.Reader, major, minor byte) (uint32, error) {
	var field [4]byte
	width := 4
	switch {
	case minor != 0 || major < 1 || major > 3:
		return 0, badFormat("version %d.%d is unknown", major, minor)
	case major == 1:
		width = 2
	}
	err := readFull(r, field[:width])
	return binary.LittleEndian.Uint32(field[:]), err
}

// readFull fills b; the end of the file is a fault of its content.
func readFull(r io.Reader, b []byte) error {
	_, err := io.ReadFull(r, b)
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return badFormat("it ends within the header")
	}
	return err
}

// entryPattern matches one entry of the dictionary at the start of a string.
const entryPattern = `^\s*(?:` +
	`'descr'\s*:\s*'([^']+)'|` +
	`'fortran_order'\s*:\s*(True|False)|` +
	`'shape'\s*:\s*(\(\s*\)|\((?:\s*\d+\s*,)+(?:\s*\d+)?\s*\))` +
	`)\s*(?:,|$)`

// parseHeader reads the dictionary, whose three keys may stand in any order.
func parseHeader(text string) (*header, error) {
	body, opened := strings.CutPrefix(text, "{")
	body, closed := strings.CutSuffix(strings.TrimRight(body, " \n"), "}")
	if !opened || !closed {
		return nil, badFormat("the header is not a dictionary: %.80q", text)
	}
	entry := regexp.MustCompile(entryPattern)
	var fields [3]string // descr, fortran_order, shape
	for strings.TrimSpace(body) != "" {
		match := entry.FindStringSubmatch(body)
		if match == nil {
			return nil, badFormat("the header cannot be understood from here: %.80q", body)
		}
		for i, field := range match[1:] {
			if field != "" && fields[i] != "" {
				return nil, badFormat("the header has a key twice: %.80q", text)
			}
			fields[i] += field
		}
		body = body[len(match[0]):]
	}
	if slices.Contains(fields[:], "") {
		return nil, badFormat("the header needs descr, fortran_order and shape: %.80q", text)
	}
	shape, err := parseShape(fields[2])
	return &header{fields[0], fields[1] == "True", shape}, err
}

// parseShape reads a tuple of whole numbers.
func parseShape(tuple string) ([]int, error) {
	extents := strings.FieldsFunc(tuple, func(r rune) bool { return !unicode.IsDigit(r) })
	if len(extents) > maxRank {
		return nil, badFormat("the shape has %d axes; %d is the limit", len(extents), maxRank)
	}
	shape := make([]int, len(extents))
	for axis, extent := range extents {
		n, err := strconv.Atoi(extent)
		if err != nil {
			return nil, badFormat("the shape %.80s is too large", tuple)
		}
		shape[axis] = n
	}
	return shape, nil
}
