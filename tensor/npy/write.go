package npy

import (
	"encoding/binary"
	"fmt"
	"io"
	"strconv"
	"strings"

	"example.org/chainrule/tensor/internal/number"
)

func write(w io.Writer, a *Array) error {
	descr, size, ok := description(a.Values)
	if !ok {
		return fmt.Errorf("values of type %T cannot be written (see Array.Values)", a.Values)
	}
	data, err := binary.Append(nil, binary.LittleEndian, a.Values)
	if err != nil {
		return err
	}
	if n, ok := number.ByteLen(a.Shape, size); !ok || n != len(data) || len(a.Shape) > maxRank {
		return fmt.Errorf("%d values do not fill the shape %v", len(data)/size, a.Shape)
	}
	if _, err := io.WriteString(w, encodeHeader(descr, a.Shape)); err != nil {
		return err
	}
	_, err = w.Write(data)
	return err
}

// encodeHeader returns all that comes before the data, filled up with spaces to
// a multiple of 64 bytes, as NumPy does, so that the data begins aligned.
func encodeHeader(descr string, shape []int) string {
	extents := make([]string, len(shape))
	for axis, extent := range shape {
		extents[axis] = strconv.Itoa(extent)
	}
	tuple := strings.Join(extents, ", ")
	if len(shape) == 1 {
		tuple += "," // (3) would be a number in Python
	}
	text := fmt.Sprintf("{'descr': '%s', 'fortran_order': False, 'shape': (%s), }", descr, tuple)
	start := len(magic) + 4 // the version and the length, two bytes each
	text += strings.Repeat(" ", 63-(start+len(text))%64) + "\n"
	length := binary.LittleEndian.AppendUint16(nil, uint16(len(text)))
	return magic + "\x01\x00" + string(length) + text
}
