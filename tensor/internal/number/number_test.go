package number

import (
	"encoding/binary"
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestEveryTypeConverts(t *testing.T) {
	for _, values := range []any{
		[]int8{0, 1, 7}, []int16{0, 1, 7}, []int32{0, 1, 7}, []int64{0, 1, 7}, []int{0, 1, 7},
		[]uint8{0, 1, 7}, []uint16{0, 1, 7}, []uint32{0, 1, 7}, []uint64{0, 1, 7},
		[]float32{0, 1, 7}, []float64{0, 1, 7},
	} {
		floats, err := Floats[float32](values)
		require.NoError(t, err)
		require.Equal(t, []float32{0, 1, 7}, floats, "%T", values)
		integers, err := Integers[int32](values)
		require.NoError(t, err)
		require.Equal(t, []int32{0, 1, 7}, integers, "%T", values)
	}
}

func TestBoolsConvert(t *testing.T) {
	floats, err := Floats[float64]([]bool{true, false})
	require.NoError(t, err)
	require.Equal(t, []float64{1, 0}, floats)
	integers, err := Integers[uint8]([]bool{true, false})
	require.NoError(t, err)
	require.Equal(t, []uint8{1, 0}, integers)
}

func TestFloatsKeepInfinityAndNaN(t *testing.T) {
	got, err := Floats[float32]([]float64{math.Inf(1), math.Inf(-1), math.NaN()})
	require.NoError(t, err)
	require.True(t, math.IsInf(float64(got[0]), 1) && math.IsInf(float64(got[1]), -1))
	require.True(t, math.IsNaN(float64(got[2])))
}

func TestOutOfRange(t *testing.T) {
	_, err := Floats[float32]([]float64{0, 1e300})
	require.EqualError(t, err, "element 1 is 1e+300, which float32 cannot hold")
	_, err = Floats[float32]("text")
	require.ErrorContains(t, err, "holds no numbers")
	_, err = Integers[int32]("text")
	require.ErrorContains(t, err, "holds no numbers")

	for _, values := range []any{
		[]float64{0.5}, []float64{math.NaN()}, []float64{math.Inf(1)}, []float64{1 << 31}, []float32{-1 << 40},
		[]int64{1 << 31}, []int{-1<<31 - 1}, []uint32{1 << 31}, []uint64{1 << 63},
	} {
		_, err := Integers[int32](values)
		require.ErrorContains(t, err, "int32 cannot hold", "%T%v", values, values)
	}
	for _, values := range []any{[]uint64{1 << 63}, []float64{1 << 63}, []float32{1 << 63}, []float64{1<<53 + 2}} {
		_, err := Integers[int64](values)
		require.ErrorContains(t, err, "int64 cannot hold", "%T%v", values, values)
	}
	for _, values := range []any{[]int{-1}, []int64{256}, []float32{-1}} {
		_, err := Integers[uint8](values)
		require.ErrorContains(t, err, "uint8 cannot hold", "%T%v", values, values)
	}
}

// TestFloat16 compares all 65,536 with the definition, ±fraction x 2^exponent.
func TestFloat16(t *testing.T) {
	for b := range 1 << 16 {
		bits := uint16(b)
		exponent, fraction := int(bits>>10&31), float64(bits&1023)
		want := math.Ldexp(1024+fraction, exponent-15-10)
		switch {
		case exponent == 0:
			want = math.Ldexp(fraction, -24)
		case exponent == 31 && fraction == 0:
			want = math.Inf(1)
		case exponent == 31:
			got := math.Float32bits(Float16(bits))
			require.Equal(t, uint32(bits&1023)<<13|0xff<<23|uint32(bits>>15)<<31, got, "NaN %#04x", bits)
			continue
		}
		if bits>>15 == 1 {
			want = -want
		}
		require.Equal(t, math.Float32bits(float32(want)), math.Float32bits(Float16(bits)), "%#04x", bits)
	}
}

func TestDecode(t *testing.T) {
	data := []byte{0x3f, 0x80, 0, 0}
	require.Equal(t, []float32{1}, Decode[float32](data, binary.BigEndian))
	require.Equal(t, []uint16{0x803f, 0}, Decode[uint16](data, binary.LittleEndian))
	require.Equal(t, []float32{1, 0}, DecodeBFloat16(data, binary.BigEndian))
	require.Equal(t, []float32{1.875, 0}, DecodeFloat16(data, binary.BigEndian))
	require.Equal(t, []bool{true, true, false, false}, Decode[bool](data, binary.BigEndian))
	require.Empty(t, Decode[float64](nil, binary.BigEndian))
}

func TestByteLen(t *testing.T) {
	for _, c := range []struct {
		shape []int
		want  int
		ok    bool
	}{
		{nil, 4, true},
		{[]int{3, 5}, 60, true},
		{[]int{3, 0}, 0, true},
		{[]int{1 << 60}, 1 << 62, true},
		{[]int{1 << 61}, 0, false},
		{[]int{1 << 62, 4}, 0, false},
		{[]int{0, 1 << 62, 4}, 0, false},
		{[]int{-1}, 0, false},
	} {
		n, ok := ByteLen(c.shape, 4)
		require.Equal(t, c.want, n, "%v", c.shape)
		require.Equal(t, c.ok, ok, "%v", c.shape)
	}
}

func TestOffsets(t *testing.T) {
	require.Equal(t, []int{0}, slices.Collect(Offsets(nil, nil)))
	require.Equal(t, []int{0, 1, 2, 3, 4, 5}, slices.Collect(Offsets([]int{2, 3}, []int{3, 1})))
	require.Equal(t, []int{0, 2, 4, 1, 3, 5}, slices.Collect(Offsets([]int{2, 3}, []int{1, 2})))
	require.Empty(t, slices.Collect(Offsets([]int{2, 0}, []int{1, 1})))
	for at := range Offsets([]int{9}, []int{1}) {
		if at == 3 {
			break
		}
	}
}
