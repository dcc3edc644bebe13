package safetensors

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"unicode/utf8"

	"example.org/chainrule/tensor/internal/number"
)

const (
	maxHeader   = 100_000_000 // bytes, the reference library's limit
	maxRank     = 64          // axes: NumPy's limit
	maxElements = 1<<31 - 1   // of an array that is read: what a tensor holds
	metadataKey = "__metadata__"
)

// A FormatError says which rule of the format a file breaks: it is damaged, cut
// short, or no safetensors file.
type FormatError struct {
	Reason string
}

func (e *FormatError) Error() string { return "not a valid safetensors file: " + e.Reason }

func badFormat(format string, args ...any) error {
	return &FormatError{fmt.Sprintf(format, args...)}
}

// A span is what the header says of one array: its place is data[begin:end].
type span struct {
	array      Array // without Data
	begin, end int
}

// A header is the JSON part of a file.
type header struct {
	spans    []span // in the order of their data
	metadata map[string]string
}

// readHeader returns the header of a file of size bytes, checked, and where its
// data section begins.
func readHeader(r io.ReaderAt, size int64) (*header, int64, error) {
	var prefix [8]byte
	if size < int64(len(prefix)) {
		return nil, 0, badFormat("%d bytes are too few for the length of a header", size)
	}
	if _, err := io.ReadFull(io.NewSectionReader(r, 0, size), prefix[:]); err != nil {
		return nil, 0, err
	}
	length, rest := binary.LittleEndian.Uint64(prefix[:]), size-int64(len(prefix))
	if length > maxHeader || int64(length) > rest {
		return nil, 0, badFormat("a header of %d bytes is announced; there are %d bytes, and %d is the limit", length, rest, maxHeader)
	}
	content := make([]byte, length)
	if _, err := io.ReadFull(io.NewSectionReader(r, int64(len(prefix)), rest), content); err != nil {
		return nil, 0, err
	}
	h, err := parseHeader(content)
	if err == nil {
		err = h.cover(rest - int64(length))
	}
	if err != nil {
		return nil, 0, badFormat("%v", err)
	}
	return h, size - rest + int64(length), nil
}

// parseHeader reads the JSON, token by token: encoding/json's own decoding
// into structs lets duplicate keys, other letter case and null pass.
func parseHeader(content []byte) (*header, error) {
	if !bytes.HasPrefix(content, []byte("{")) || !utf8.Valid(content) {
		return nil, errors.New("the header is not a JSON object in UTF-8")
	}
	dec := json.NewDecoder(bytes.NewReader(content))
	dec.UseNumber()
	h := &header{metadata: map[string]string{}}
	err := object(dec, func(key string) error {
		if key == metadataKey {
			return h.parseMetadata(dec)
		}
		return h.parseSpan(dec, key)
	})
	if err != nil {
		return nil, err
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, errors.New("something follows the header's object")
	}
	return h, nil
}

func (h *header) parseMetadata(dec *json.Decoder) error {
	return object(dec, func(key string) (err error) {
		h.metadata[key], err = text(dec)
		return err
	})
}

func (h *header) parseSpan(dec *json.Decoder, name string) error {
	s := span{array: Array{Name: name}}
	var offsets []int
	fields := 0
	err := object(dec, func(key string) (err error) {
		fields++
		switch key {
		case "dtype":
			s.array.DType, err = dtype(dec)
		case "shape":
			s.array.Shape, err = integers(dec)
		case "data_offsets":
			offsets, err = integers(dec)
		default:
			err = fmt.Errorf("unknown key %.80q", key)
		}
		return err
	})
	switch {
	case err != nil:
		return fmt.Errorf("array %.80q: %w", name, err)
	case fields != 3 || len(offsets) != 2:
		return fmt.Errorf("array %.80q needs dtype, shape and two data_offsets", name)
	}
	s.begin, s.end = offsets[0], offsets[1]
	h.spans = append(h.spans, s)
	return nil
}

// cover puts the spans in the order of their data and checks that they fill
// size bytes, without hole or overlap, each with the bytes its shape needs.
func (h *header) cover(size int64) error {
	slices.SortStableFunc(h.spans, func(a, b span) int {
		return cmp.Or(cmp.Compare(a.begin, b.begin), cmp.Compare(a.end, b.end))
	})
	at := 0
	for _, s := range h.spans {
		a := s.array
		n, ok := number.ByteLen(a.Shape, a.DType.Size())
		switch {
		case s.begin != at:
			return fmt.Errorf("array %.80q begins at byte %d of the data, not at %d where the one before it ends", a.Name, s.begin, at)
		case !ok || s.end < s.begin || s.end-s.begin != n:
			return fmt.Errorf("array %.80q is %v%v, which does not fill bytes %d to %d", a.Name, a.DType, a.Shape, s.begin, s.end)
		}
		at = s.end
	}
	if int64(at) != size {
		return fmt.Errorf("the arrays take %d bytes, and the file has %d for them", at, size)
	}
	return nil
}

// object reads a JSON object, calling member with the decoder before each value.
func object(dec *json.Decoder, member func(key string) error) error {
	if err := delimiter(dec, '{'); err != nil {
		return err
	}
	seen := map[string]bool{}
	for dec.More() {
		key, err := text(dec)
		if err != nil {
			return err
		}
		if seen[key] {
			return fmt.Errorf("%.80q stands there twice", key)
		}
		seen[key] = true
		if err := member(key); err != nil {
			return err
		}
	}
	return delimiter(dec, '}')
}

func delimiter(dec *json.Decoder, want json.Delim) error {
	token, err := dec.Token()
	if err != nil || token != want {
		return badToken(want.String(), token, err)
	}
	return nil
}

func text(dec *json.Decoder) (string, error) {
	token, err := dec.Token()
	s, ok := token.(string)
	if err != nil || !ok {
		return "", badToken("a string", token, err)
	}
	return s, nil
}

func dtype(dec *json.Decoder) (DType, error) {
	name, err := text(dec)
	if err != nil {
		return 0, err
	}
	return parseDType(name)
}

// integers reads a list of integers from 0 to the largest int64.
func integers(dec *json.Decoder) ([]int, error) {
	if err := delimiter(dec, '['); err != nil {
		return nil, err
	}
	list := []int{}
	for dec.More() {
		if len(list) == maxRank {
			return nil, fmt.Errorf("in the header: a list of more than %d integers", maxRank)
		}
		token, err := dec.Token()
		digits, _ := token.(json.Number)
		n, bad := strconv.ParseUint(digits.String(), 10, 64)
		if err != nil || bad != nil || n > math.MaxInt {
			return nil, badToken("an integer from 0 to 2⁶³-1", token, err)
		}
		list = append(list, int(n))
	}
	return list, delimiter(dec, ']')
}

func badToken(want string, got json.Token, err error) error {
	if err != nil {
		return fmt.Errorf("in the header: %w where %s belongs", err, want)
	}
	return fmt.Errorf("in the header: %s stands where %s belongs", brief(got), want)
}

// brief is a token on one line, not all of it where it is long.
func brief(token json.Token) string {
	quoted := fmt.Sprintf("%.80q", fmt.Sprint(token))
	return quoted[1 : len(quoted)-1]
}
