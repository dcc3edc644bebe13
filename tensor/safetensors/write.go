package safetensors

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"example.org/chainrule/internal/atomicfile"
)

// WriteFile writes a file at path, whole or not at all: after an error what was
// there before is unchanged. See [Write].
func WriteFile(path string, metadata map[string]string, arrays ...Array) error {
	err := atomicfile.Write(path, func(w io.Writer) error { return write(w, metadata, arrays) })
	if err != nil {
		return fmt.Errorf("safetensors: %w", err)
	}
	return nil
}

// Write writes a file of arrays, and of metadata where there is any. Like the
// reference library it sorts arrays by DType, the last first, then by name; the
// same input gives the same bytes. A name that stands twice or is
// "__metadata__", text that is not UTF-8, and an array whose Data does not fill
// its Shape are errors.
func Write(w io.Writer, metadata map[string]string, arrays ...Array) error {
	if err := write(w, metadata, arrays); err != nil {
		return fmt.Errorf("safetensors: %w", err)
	}
	return nil
}

func write(w io.Writer, metadata map[string]string, arrays []Array) error {
	arrays = slices.SortedFunc(slices.Values(arrays), func(a, b Array) int {
		return cmp.Or(cmp.Compare(b.DType, a.DType), cmp.Compare(a.Name, b.Name))
	})
	if err := check(metadata, arrays); err != nil {
		return err
	}
	text := encodeHeader(metadata, arrays)
	if len(text) > maxHeader {
		return fmt.Errorf("the names need a header of %d bytes; %d is the limit", len(text), maxHeader)
	}
	if err := binary.Write(w, binary.LittleEndian, uint64(len(text))); err != nil {
		return err
	}
	if _, err := io.WriteString(w, text); err != nil {
		return err
	}
	for _, a := range arrays {
		if _, err := w.Write(a.Data); err != nil {
			return err
		}
	}
	return nil
}

// check reports what a file cannot hold.
func check(metadata map[string]string, arrays []Array) error {
	for key, value := range metadata {
		if !utf8.ValidString(key) || !utf8.ValidString(value) {
			return fmt.Errorf("metadata %q: %q is not UTF-8", key, value)
		}
	}
	seen := map[string]bool{metadataKey: true}
	for _, a := range arrays {
		if !utf8.ValidString(a.Name) {
			return fmt.Errorf("the name %q is not UTF-8", a.Name)
		}
		if seen[a.Name] {
			return fmt.Errorf("the name %q is taken", a.Name)
		}
		seen[a.Name] = true
		if err := a.check(); err != nil {
			return err
		}
	}
	return nil
}

// encodeHeader returns the header, filled up with spaces to a multiple of 8
// bytes, so that the data begins aligned.
func encodeHeader(metadata map[string]string, arrays []Array) string {
	type spanJSON struct {
		DType   string `json:"dtype"`
		Shape   []int  `json:"shape"`
		Offsets [2]int `json:"data_offsets"`
	}
	var members []string
	if len(metadata) > 0 {
		members = append(members, encode(metadataKey)+":"+encode(metadata))
	}
	at := 0
	for _, a := range arrays {
		end := at + len(a.Data)
		shape := append([]int{}, a.Shape...) // a nil slice would become null
		members = append(members, encode(a.Name)+":"+encode(spanJSON{a.DType.String(), shape, [2]int{at, end}}))
		at = end
	}
	text := "{" + strings.Join(members, ",") + "}"
	return text + strings.Repeat(" ", -len(text)&7)
}

// encode is json.Marshal without its \u003c for <.
func encode(v any) string {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		panic("safetensors: " + err.Error())
	}
	return strings.TrimSuffix(b.String(), "\n")
}
