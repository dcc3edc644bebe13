package number

import (
	"encoding/binary"
	"math"
)

// Fixed are the types that have the same bytes in a file on every machine.
type Fixed interface {
	bool | int8 | int16 | int32 | int64 | uint8 | uint16 | uint32 | uint64 | float32 | float64
}

// Decode returns the values whose bytes are data, a whole number of them.
func Decode[T Fixed](data []byte, order binary.ByteOrder) []T {
	var one T
	values := make([]T, len(data)/binary.Size(one))
	if _, err := binary.Decode(data, order, values); err != nil {
		panic("number: " + err.Error())
	}
	return values
}

// DecodeFloat16 is Decode for IEEE 754 binary16.
func DecodeFloat16(data []byte, order binary.ByteOrder) []float32 {
	return widen(data, order, Float16)
}

// DecodeBFloat16 is Decode for the upper halves of float32.
func DecodeBFloat16(data []byte, order binary.ByteOrder) []float32 {
	return widen(data, order, func(bits uint16) float32 { return math.Float32frombits(uint32(bits) << 16) })
}

func widen(data []byte, order binary.ByteOrder, float func(uint16) float32) []float32 {
	values := make([]float32, len(data)/2)
	for i := range values {
		values[i] = float(order.Uint16(data[2*i:]))
	}
	return values
}

// Float16 returns the number whose IEEE 754 binary16 form is bits: 1 sign bit,
// 5 of exponent (bias 15), 10 of fraction. NaNs keep their payload.
func Float16(bits uint16) float32 {
	sign := uint32(bits>>15) << 31
	exponent := uint32(bits >> 10 & 0x1f)
	fraction := uint32(bits & 0x3ff)
	switch exponent {
	case 0: // zero or subnormal: fraction x 2⁻²⁴, exact in float32
		return math.Float32frombits(sign | math.Float32bits(float32(fraction)*0x1p-24))
	case 31: // infinity or NaN
		return math.Float32frombits(sign | 0xff<<23 | fraction<<13)
	}
	return math.Float32frombits(sign | (exponent+127-15)<<23 | fraction<<13)
}

// ByteLen returns how many bytes an array of shape takes, with elements of size
// bytes. It reports false for a negative extent, and where an int cannot hold
// the product of size and the extents that are not zero.
func ByteLen(shape []int, size int) (int, bool) {
	n, empty := size, false
	for _, extent := range shape {
		switch {
		case extent == 0:
			empty = true
		case extent < 0 || n > math.MaxInt/extent:
			return 0, false
		default:
			n *= extent
		}
	}
	if empty {
		return 0, true
	}
	return n, true
}
