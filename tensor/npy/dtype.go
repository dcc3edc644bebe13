package npy

import (
	"encoding/binary"
	"reflect"

	"example.org/chainrule/tensor/internal/number"
)

// A dtype is one of NumPy's element types.
type dtype struct {
	code   string // NumPy's, without its byte order
	size   int
	decode func([]byte, binary.ByteOrder) any
}

// dtypes are the types read; where two decode to one Go type, the first is written.
var dtypes = []dtype{
	{"b1", 1, decode[bool]},
	{"i1", 1, decode[int8]},
	{"i2", 2, decode[int16]},
	{"i4", 4, decode[int32]},
	{"i8", 8, decode[int64]},
	{"u1", 1, decode[uint8]},
	{"u2", 2, decode[uint16]},
	{"u4", 4, decode[uint32]},
	{"u8", 8, decode[uint64]},
	{"f4", 4, decode[float32]},
	{"f8", 8, decode[float64]},
	{"f2", 2, func(data []byte, order binary.ByteOrder) any { return number.DecodeFloat16(data, order) }},
}

func decode[T number.Fixed](data []byte, order binary.ByteOrder) any {
	return number.Decode[T](data, order)
}

// parseDType reads a description such as <f4: byte order, kind and size. It is not empty.
func parseDType(descr string) (dtype, binary.ByteOrder, error) {
	mark, code := descr[0], descr[1:]
	for _, t := range dtypes {
		switch {
		case t.code != code:
			continue
		case mark == '<', mark == '|' && t.size == 1:
			return t, binary.LittleEndian, nil
		case mark == '>':
			return t, binary.BigEndian, nil
		}
	}
	return dtype{}, nil, badFormat("the type %q is not one that this package reads (bool, int, uint, float16 to float64)", descr)
}

// description returns how NumPy describes little-endian values of that type,
// and their size; false for a type that is not written.
func description(values any) (descr string, size int, ok bool) {
	for _, t := range dtypes {
		if reflect.TypeOf(t.decode(nil, binary.LittleEndian)) != reflect.TypeOf(values) {
			continue
		}
		if t.size == 1 {
			return "|" + t.code, 1, true
		}
		return "<" + t.code, t.size, true
	}
	return "", 0, false
}
