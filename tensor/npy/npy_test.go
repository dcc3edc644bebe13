package npy

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"
)

// everyType returns an array of each type and of several shapes.
func everyType() map[string]*Array {
	return map[string]*Array{
		"bool":   {[]int{3}, []bool{true, false, true}},
		"int8":   {[]int{2}, []int8{-128, 127}},
		"int16":  {[]int{2, 1}, []int16{-32768, 1}},
		"int32":  {[]int{1, 2}, []int32{-1 << 31, 1}},
		"int64":  {[]int{2}, []int64{-1 << 52, 1}},
		"uint8":  {[]int{2, 3}, []uint8{0, 1, 2, 3, 4, 255}},
		"uint16": {[]int{2}, []uint16{65535, 1}},
		"uint32": {[]int{2}, []uint32{1 << 31, 1}},
		"uint64": {[]int{2}, []uint64{1 << 52, 1}},
		"cube":   {[]int{2, 3, 2}, []float32{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 1 << 100}},
		"matrix": {[]int{2, 2}, []float64{math.Pi, -1e300, 3, 4}},
		"scalar": {nil, []float64{7}},
		"empty":  {[]int{3, 0, 2}, []int32{}},
	}
}

func requireEqual(t *testing.T, want, got *Array, what string) {
	t.Helper()
	require.True(t, slices.Equal(want.Shape, got.Shape), "%s: %v is not %v", what, got.Shape, want.Shape)
	require.Equal(t, want.Values, got.Values, what)
}

func written(t testing.TB, a *Array) []byte {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, Write(&b, a))
	return b.Bytes()
}

func TestRoundTrip(t *testing.T) {
	for name, a := range everyType() {
		file := written(t, a)
		start := 10 + int(binary.LittleEndian.Uint16(file[8:]))
		require.Zero(t, start%64, "the data of %s is not aligned", name)
		got, err := Read(iotest.OneByteReader(bytes.NewReader(file)))
		require.NoError(t, err)
		requireEqual(t, a, got, name)
	}
}

func TestFloatBitsSurvive(t *testing.T) {
	values := []float32{
		math.Float32frombits(0x7fc12345), math.Float32frombits(0xffc00001), // NaN payloads
		float32(math.Inf(1)), float32(math.Inf(-1)), float32(math.Copysign(0, -1)), math.SmallestNonzeroFloat32,
	}
	a, err := Read(bytes.NewReader(written(t, &Array{[]int{len(values)}, values})))
	require.NoError(t, err)
	got, err := a.Float32s()
	require.NoError(t, err)
	for i := range values {
		require.Equal(t, math.Float32bits(values[i]), math.Float32bits(got[i]))
	}
}

func TestWrittenBytes(t *testing.T) {
	header := "{'descr': '<f4', 'fortran_order': False, 'shape': (1,), }"
	header += strings.Repeat(" ", 128-10-1-len(header)) + "\n"
	require.Equal(t, file(1, header, 0, 0, 0x80, 0x3f), written(t, &Array{[]int{1}, []float32{1}}))
}

// file puts magic, version and length before a header, and data after it.
func file(version byte, header string, data ...byte) []byte {
	b := append([]byte(magic), version, 0)
	if version == 1 {
		b = binary.LittleEndian.AppendUint16(b, uint16(len(header)))
	} else {
		b = binary.LittleEndian.AppendUint32(b, uint32(len(header)))
	}
	return append(append(b, header...), data...)
}

func TestHandMadeFiles(t *testing.T) {
	dictionary := func(descr, fortran, shape string) string {
		return fmt.Sprintf("{'descr': '%s', 'fortran_order': %s, 'shape': %s, }\n", descr, fortran, shape)
	}
	for _, c := range []struct {
		version byte
		header  string
		data    []byte
		want    Array
	}{
		{1, dictionary(">f4", "False", "(1,)"), []byte{0x3f, 0x80, 0, 0}, Array{[]int{1}, []float32{1}}},
		{2, dictionary("<f4", "False", "()"), []byte{0, 0, 0x80, 0x3f}, Array{nil, []float32{1}}},
		{3, dictionary(">i2", "False", "(1, 2)"), []byte{1, 2, 255, 255}, Array{[]int{1, 2}, []int16{0x102, -1}}},
		{1, dictionary("<f2", "False", "(2,)"), []byte{0, 0x3c, 0, 0xc0}, Array{[]int{2}, []float32{1, -2}}},
		{1, dictionary(">f2", "False", "(2,)"), []byte{0x3c, 0, 0xc0, 0}, Array{[]int{2}, []float32{1, -2}}},
		{1, dictionary("|b1", "True", "(2, 2)"), []byte{1, 0, 1, 1}, Array{[]int{2, 2}, []bool{true, true, false, true}}},
		{1, dictionary("|u1", "True", "(2, 3)"), []byte{0, 3, 1, 4, 2, 5}, Array{[]int{2, 3}, []uint8{0, 1, 2, 3, 4, 5}}},
		{1, dictionary(">u2", "True", "(1, 2, 2)"), []byte{0, 0, 0, 2, 0, 1, 0, 3}, Array{[]int{1, 2, 2}, []uint16{0, 1, 2, 3}}},
		{1, dictionary("<f8", "True", "(0, 7)"), nil, Array{[]int{0, 7}, []float64{}}},
		// Another order of keys, no comma at the end, no space, no line end.
		{1, "{'shape':(2,),'fortran_order':False,'descr':'|i1'}", []byte{1, 255}, Array{[]int{2}, []int8{1, -1}}},
	} {
		got, err := Read(bytes.NewReader(file(c.version, c.header, c.data...)))
		require.NoError(t, err, c.header)
		requireEqual(t, &c.want, got, c.header)
	}
}

func TestConversions(t *testing.T) {
	a := &Array{[]int{2}, []float64{1, 300}}
	floats, err := a.Float32s()
	require.NoError(t, err)
	require.Equal(t, []float32{1, 300}, floats)
	ints, err := a.Int32s()
	require.NoError(t, err)
	require.Equal(t, []int32{1, 300}, ints)
	longs, err := a.Int64s()
	require.NoError(t, err)
	require.Equal(t, []int64{1, 300}, longs)
	_, err = (&Array{[]int{1}, []float64{0.5}}).Int32s()
	require.EqualError(t, err, "npy: element 0 is 0.5, which int32 cannot hold")
}

func TestHostileHeaders(t *testing.T) {
	for _, c := range []struct{ header, want string }{
		{"", "not a dictionary"},
		{"{}", "needs descr, fortran_order and shape"},
		{"{'descr': '<f4', 'fortran_order': False, 'shape': (1,), ", "not a dictionary"},
		{"{'descr': '<f4', 'fortran_order': False}", "needs descr"},
		{"{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (1,)}", "a key twice"},
		{"{'descr': '<f4', 'fortran_order': False, 'shape': (1,), 'more': 1}", "from here: \" 'more': 1"},
		{"{'descr': '<f4', 'fortran_order': false, 'shape': (1,)}", "cannot be understood"},
		{"{'descr': '<f4', 'fortran_order': False, 'shape': (1)}", "cannot be understood"},
		{"{'descr': '<f4', 'fortran_order': False, 'shape': (-1,)}", "cannot be understood"},
		{"{'descr': '<f4', 'fortran_order': False, 'shape': (1 2,)}", "cannot be understood"},
		{"{'descr': '<f4', 'fortran_order': False, 'shape': (,)}", "cannot be understood"},
		{"{'descr': '<f4' 'fortran_order': False, 'shape': (1,)}", "cannot be understood"},
		{"{'descr': [('x', '<f4')], 'fortran_order': False, 'shape': (1,)}", "cannot be understood"},
		{"{'descr': '', 'fortran_order': False, 'shape': (1,)}", "cannot be understood"},
		{"{'descr': 'f4', 'fortran_order': False, 'shape': (1,)}", `the type "f4" is not one`},
		{"{'descr': '|f4', 'fortran_order': False, 'shape': (1,)}", `the type "|f4" is not one`},
		{"{'descr': '|O', 'fortran_order': False, 'shape': (1,)}", `the type "|O" is not one`},
		{"{'descr': '<c8', 'fortran_order': False, 'shape': (1,)}", `the type "<c8" is not one`},
		{"{'descr': '<f4', 'fortran_order': False, 'shape': (2,)}", "needs 8 bytes, and the file ends after 4"},
		{"{'descr': '|u1', 'fortran_order': False, 'shape': (3,)}", "bytes follow the 3 of the array"},
		{"{'descr': '|u1', 'fortran_order': True, 'shape': (2147483647,)}", "needs 2147483647 bytes, and the file ends after 4"},
		{"{'descr': '|u1', 'fortran_order': True, 'shape': (2147483648,)}", "is too large: 2147483647 elements are the limit"},
		{"{'descr': '<f4', 'fortran_order': False, 'shape': (4611686018427387904, 4)}", "is too large"},
		{"{'descr': '<f4', 'fortran_order': False, 'shape': (0, 4611686018427387904, 4)}", "is too large"},
		{"{'descr': '<f4', 'fortran_order': False, 'shape': (9223372036854775808,)}", "is too large"},
		{"{'descr': '<f4', 'fortran_order': True, 'shape': (" + strings.Repeat("1,", 65) + ")}", "65 axes; 64 is the limit"},
	} {
		_, err := Read(bytes.NewReader(file(1, c.header, 0, 0, 0, 0)))
		requireFormatError(t, err, c.want)
	}
}

func requireFormatError(t *testing.T, err error, want string) {
	t.Helper()
	var format *FormatError
	require.ErrorAs(t, err, &format)
	require.ErrorContains(t, err, "npy: not a readable .npy file: ")
	require.ErrorContains(t, err, want)
}

func TestHostileStart(t *testing.T) {
	for start, want := range map[string]string{
		"":                                     "ends within the header",
		"\x89NUMPY\x01\x00":                    "does not begin as one",
		magic + "\x00\x00":                     "version 0.0 is unknown",
		magic + "\x01\x01":                     "version 1.1 is unknown",
		magic + "\x04\x00":                     "version 4.0 is unknown",
		magic + "\x02\x00\xff\xff\xff\xff{}":   "a header of 4294967295 bytes is announced",
		magic + "\x02\x00\xff\xff\x00\x00{}":   "ends within the header",
		magic + "\x03\x00\x00\x00\x01\x00{}":   "a header of 65536 bytes is announced",
		magic + "\x01\x00\x02\x00{}\x00\x00":   "needs descr",
		magic + "\x01\x00\x02\x00\x00{}\x00{}": "not a dictionary",
	} {
		_, err := Read(strings.NewReader(start))
		requireFormatError(t, err, want)
	}
}

func TestTruncated(t *testing.T) {
	for name, a := range everyType() {
		whole := written(t, a)
		for n := range len(whole) {
			_, err := Read(bytes.NewReader(whole[:n]))
			var format *FormatError
			require.ErrorAs(t, err, &format, "%s: %d bytes", name, n)
		}
		_, err := Read(bytes.NewReader(append(whole, 0)))
		requireFormatError(t, err, "bytes follow")
	}
}

func TestReadPassesErrorsOn(t *testing.T) {
	whole, broken := written(t, &Array{[]int{2}, []float32{1, 2}}), errors.New("broken")
	for n := range len(whole) + 1 {
		_, err := Read(io.MultiReader(bytes.NewReader(whole[:n]), iotest.ErrReader(broken)))
		require.ErrorIs(t, err, broken, "after %d bytes", n)
	}
}

func TestWriteRefuses(t *testing.T) {
	for _, c := range []struct {
		a    Array
		want string
	}{
		{Array{[]int{1}, []int{1}}, "npy: values of type []int cannot be written"},
		{Array{[]int{1}, nil}, "values of type <nil> cannot be written"},
		{Array{[]int{3}, []float32{1, 2}}, "npy: 2 values do not fill the shape [3]"},
		{Array{nil, []float32{1, 2}}, "2 values do not fill the shape []"},
		{Array{[]int{1 << 62, 4}, []float32{}}, "0 values do not fill"},
		{Array{[]int{-1, 0}, []float32{}}, "0 values do not fill"},
		{Array{slices.Repeat([]int{1}, 65), []float32{1}}, "1 values do not fill"},
	} {
		require.ErrorContains(t, Write(io.Discard, &c.a), c.want)
	}
}

func TestFiles(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.npy")
	_, err := ReadFile(path)
	require.ErrorIs(t, err, fs.ErrNotExist)

	x := &Array{[]int{2}, []float32{1, 2}}
	require.NoError(t, WriteFile(path, x))
	require.ErrorContains(t, WriteFile(path, &Array{nil, "text"}), path, "a refused write names the file")
	got, err := ReadFile(path)
	require.NoError(t, err)
	requireEqual(t, x, got, path)

	require.NoError(t, os.WriteFile(path, []byte("hello, world"), 0o666))
	_, err = ReadFile(path)
	require.ErrorContains(t, err, path+": not a readable .npy file: it does not begin as one")
}

// FuzzNpy checks that no file makes the reader panic, and that what it accepts
// is written and read again as it was.
func FuzzNpy(f *testing.F) {
	for _, a := range everyType() {
		f.Add(written(f, a))
	}
	f.Add(file(1, "{'descr': '>f8', 'fortran_order': True, 'shape': (1, 1)}", 1, 2, 3, 4, 5, 6, 7, 8))
	f.Add(file(2, "{'descr': '<f2', 'fortran_order': False, 'shape': (4611686018427387904, 4)}", 1, 2))
	f.Fuzz(func(t *testing.T, data []byte) {
		first, err := Read(bytes.NewReader(data))
		if err != nil {
			return
		}
		file := written(t, first)
		second, err := Read(bytes.NewReader(file))
		require.NoError(t, err)
		require.True(t, slices.Equal(first.Shape, second.Shape))
		require.Equal(t, file, written(t, second)) // not the values: NaN is not NaN
	})
}
