package safetensors

import (
	"encoding/binary"
	"fmt"

	"example.org/chainrule/tensor/internal/number"
)

// A DType is the type of an array's elements, by the format's own name for it.
type DType uint8

// The element types, in the order that the reference library gives them: the
// last come first in a file, so that every array is aligned to its elements.
const (
	BOOL DType = iota + 1 // one byte, 0 or 1
	U8
	I8
	I16
	U16
	F16  // IEEE 754 binary16
	BF16 // the upper half of an F32
	I32
	U32
	F32
	F64
	I64
	U64
	endDTypes
)

var dtypes = [endDTypes]struct {
	name   string
	size   int
	decode func(data []byte) any
}{
	BOOL: {"BOOL", 1, decode[bool]},
	U8:   {"U8", 1, decode[uint8]},
	I8:   {"I8", 1, decode[int8]},
	I16:  {"I16", 2, decode[int16]},
	U16:  {"U16", 2, decode[uint16]},
	F16:  {"F16", 2, func(data []byte) any { return number.DecodeFloat16(data, binary.LittleEndian) }},
	BF16: {"BF16", 2, func(data []byte) any { return number.DecodeBFloat16(data, binary.LittleEndian) }},
	I32:  {"I32", 4, decode[int32]},
	U32:  {"U32", 4, decode[uint32]},
	F32:  {"F32", 4, decode[float32]},
	F64:  {"F64", 8, decode[float64]},
	I64:  {"I64", 8, decode[int64]},
	U64:  {"U64", 8, decode[uint64]},
}

func decode[T number.Fixed](data []byte) any { return number.Decode[T](data, binary.LittleEndian) }

// Size is the number of bytes of one element; 0 for a DType that is not one of
// the constants.
func (t DType) Size() int {
	if t >= endDTypes {
		return 0
	}
	return dtypes[t].size
}

func (t DType) String() string {
	if t.Size() == 0 {
		return fmt.Sprintf("DType(%d)", uint8(t))
	}
	return dtypes[t].name
}

// parseDType returns the DType of that name.
func parseDType(name string) (DType, error) {
	for t := BOOL; t < endDTypes; t++ {
		if dtypes[t].name == name {
			return t, nil
		}
	}
	return 0, fmt.Errorf("dtype %.80q is not one that this package reads", name)
}
