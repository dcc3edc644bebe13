package safetensors

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// everyDType returns finite arrays of each DType and of several shapes, in the
// order in which a file has them.
func everyDType() []Array {
	return []Array{
		From("u64", []uint64{0, 1 << 52}, 2),
		From("i64", []int64{-1 << 52, 1, 2, 3}, 2, 2),
		From("f64", []float64{math.Pi, -1e300}, 2, 1),
		From("f32", []float32{1.5, -2.25, 1 << 100}, 3),
		From("scalar", []float32{7}),
		From("u32", []uint32{1 << 31}, 1),
		From("i32", []int32{-1 << 31, 5}, 1, 2),
		{"bf16", BF16, []int{2}, []byte{0x80, 0x3f, 0x00, 0xc0}},
		{"f16", F16, []int{2}, []byte{0x00, 0x3c, 0x00, 0xc0}},
		From("u16", []uint16{65535, 0}, 2),
		From("i16", []int16{-32768, 1}, 2),
		From("i8", []int8{-128, 127, 3}, 3),
		From("u8", []uint8{255, 0, 3}, 3),
		From("bool", []bool{true, false, true}, 3),
		From("empty", []bool{}, 3, 0),
	}
}

// written returns the file that Write makes.
func written(t testing.TB, metadata map[string]string, arrays ...Array) []byte {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, Write(&b, metadata, arrays...))
	return b.Bytes()
}

func parse(file []byte) (*File, error) { return Read(bytes.NewReader(file), int64(len(file))) }

// requireArrays checks that f has just those arrays, in that order.
func requireArrays(t *testing.T, f *File, want []Array) {
	t.Helper()
	var got []Array
	for a, err := range f.All() {
		require.NoError(t, err)
		got = append(got, a)
	}
	require.Len(t, got, len(want))
	for i, a := range want {
		require.Equal(t, a.Name, got[i].Name)
		require.Equal(t, a.DType, got[i].DType, a.Name)
		require.True(t, slices.Equal(a.Shape, got[i].Shape), "%s: %v is not %v", a.Name, got[i].Shape, a.Shape)
		require.True(t, bytes.Equal(a.Data, got[i].Data), a.Name)
	}
}

func TestRoundTrip(t *testing.T) {
	arrays := everyDType()
	metadata := map[string]string{"b": "2", "a": "<1>"}
	file := written(t, metadata, arrays...)
	f, err := parse(file)
	require.NoError(t, err)
	require.Equal(t, metadata, f.Metadata())
	require.Equal(t, "u64", f.Names()[0])
	requireArrays(t, f, arrays)

	slices.Reverse(arrays)
	require.Equal(t, file, written(t, metadata, arrays...), "the order given changes the bytes")
}

func TestFloatBitsSurvive(t *testing.T) {
	values := []float32{
		math.Float32frombits(0x7fc12345), math.Float32frombits(0xffc00001), // NaN payloads
		float32(math.Inf(1)), float32(math.Inf(-1)), float32(math.Copysign(0, -1)), math.SmallestNonzeroFloat32,
	}
	f, err := parse(written(t, nil, From("x", values, len(values))))
	require.NoError(t, err)
	a, err := f.Array("x")
	require.NoError(t, err)
	got, err := a.Float32s()
	require.NoError(t, err)
	for i := range values {
		require.Equal(t, math.Float32bits(values[i]), math.Float32bits(got[i]))
	}
}

func TestConversions(t *testing.T) {
	f, err := parse(written(t, nil, everyDType()...))
	require.NoError(t, err)
	array := func(name string) Array {
		a, err := f.Array(name)
		require.NoError(t, err)
		return a
	}
	for _, name := range []string{"f16", "bf16"} {
		got, err := array(name).Float32s()
		require.NoError(t, err)
		require.Equal(t, []float32{1, -2}, got)
	}
	doubles, err := array("f32").Float64s()
	require.NoError(t, err)
	require.Equal(t, []float64{1.5, -2.25, 1 << 100}, doubles)
	longs, err := array("i32").Int64s()
	require.NoError(t, err)
	require.Equal(t, []int64{-1 << 31, 5}, longs)
	ints, err := array("bool").Int32s()
	require.NoError(t, err)
	require.Equal(t, []int32{1, 0, 1}, ints)

	_, err = array("f64").Float32s()
	require.EqualError(t, err, `safetensors: "f64" (F64): element 1 is -1e+300, which float32 cannot hold`)
	_, err = array("i64").Int32s()
	require.ErrorContains(t, err, "element 0 is -4503599627370496, which int32 cannot hold")
	_, err = Array{Name: "x", DType: F32, Shape: []int{2}, Data: make([]byte, 7)}.Float32s()
	require.EqualError(t, err, `safetensors: "x" has 7 bytes, which do not fill F32[2]`)
	_, err = Array{Name: "x", DType: 99}.Float32s()
	require.EqualError(t, err, `safetensors: "x" has the unknown dtype DType(99)`)
}

// file puts the length before a header, and data after it.
func file(header string, data ...byte) []byte {
	b := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	return append(append(b, header...), data...)
}

func TestHandMadeFile(t *testing.T) {
	f, err := parse(file(`{"b":{"data_offsets":[2,6],"shape":[1],"dtype":"F32"},
		"__metadata__" : {}, "a":{"dtype":"U8","shape":[2,1],"data_offsets":[0,2]}}   `, 8, 9, 0, 0, 0x80, 0x3f))
	require.NoError(t, err)
	requireArrays(t, f, []Array{From("a", []uint8{8, 9}, 2, 1), From("b", []float32{1}, 1)})
	require.NoError(t, f.Close())

	info, ok := f.Info("b")
	require.True(t, ok)
	require.Equal(t, Array{Name: "b", DType: F32, Shape: []int{1}}, info)
	_, err = f.Array("c")
	require.ErrorIs(t, err, ErrNotFound)
	require.EqualError(t, err, `safetensors: no such array: "c" (there are 2)`)
}

func TestNoArrays(t *testing.T) {
	f, err := parse(file("{}"))
	require.NoError(t, err)
	require.Empty(t, f.Names())
	require.Empty(t, f.Metadata())
}

func TestWrittenBytes(t *testing.T) {
	got := written(t, map[string]string{"k": "v"}, From("x", []uint8{1, 2}, 2), From("w", []float32{1}))
	header := `{"__metadata__":{"k":"v"},` +
		`"w":{"dtype":"F32","shape":[],"data_offsets":[0,4]},` +
		`"x":{"dtype":"U8","shape":[2],"data_offsets":[4,6]}}`
	header += strings.Repeat(" ", 8-len(header)%8)
	require.Equal(t, file(header, 0, 0, 0x80, 0x3f, 1, 2), got)
}

var hostileHeaders = []struct{ header, want string }{
	{``, "not a JSON object"},
	{` {}`, "not a JSON object"},
	{"{\"\xff\":1}", "not a JSON object in UTF-8"},
	{`[]`, "not a JSON object"},
	{`{`, "in the header"},
	{`{}{}`, "something follows"},
	{`{"a":1}`, `not a valid safetensors file: array "a": in the header: 1 stands where { belongs`},
	{`{"a":null}`, "stands where { belongs"},
	{`{"a":{}}`, `array "a" needs dtype, shape and two data_offsets`},
	{`{"a":{"dtype":"U8","shape":[4]}}`, "needs dtype"},
	{`{"a":{"dtype":"U8","shape":[4],"data_offsets":[0]}}`, "two data_offsets"},
	{`{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4,4]}}`, "two data_offsets"},
	{`{"a":{"dtype":"F8_E4M3","shape":[4],"data_offsets":[0,4]}}`, `dtype "F8_E4M3" is not one`},
	{`{"a":{"dtype":4,"shape":[4],"data_offsets":[0,4]}}`, "4 stands where a string belongs"},
	{`{"a":{"Dtype":"U8","shape":[4],"data_offsets":[0,4]}}`, `unknown key "Dtype"`},
	{`{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4],"more":0}}`, `unknown key "more"`},
	{`{"a":{"dtype":"U8","dtype":"U8","shape":[4],"data_offsets":[0,4]}}`, `"dtype" stands there twice`},
	{`{"a":{"dtype":"U8","shape":null,"data_offsets":[0,4]}}`, "stands where [ belongs"},
	{`{"a":{"dtype":"U8","shape":[null],"data_offsets":[0,4]}}`, "stands where an integer"},
	{`{"a":{"dtype":"U8","shape":["4"],"data_offsets":[0,4]}}`, "4 stands where an integer"},
	{`{"a":{"dtype":"U8","shape":[-4],"data_offsets":[0,4]}}`, "-4 stands where an integer"},
	{`{"a":{"dtype":"U8","shape":[4.0],"data_offsets":[0,4]}}`, "4.0 stands where an integer"},
	{`{"a":{"dtype":"U8","shape":[9223372036854775808],"data_offsets":[0,4]}}`, "stands where an integer"},
	{`{"a":{"dtype":"U8","shape":[[4]],"data_offsets":[0,4]}}`, "[ stands where an integer"},
	{`{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"a":{"dtype":"U8","shape":[0],"data_offsets":[4,4]}}`, `"a" stands there twice`},
	{`{"a":{"dtype":"U8","shape":[4,],"data_offsets":[0,4]}}`, "in the header"},
	{`{"a":{"dtype":"U8","shape":[2 2],"data_offsets":[0,4]}}`, "in the header"},
	{`{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4],}}`, "in the header"},
	{`{"a":{"dtype":"U8" "shape":[4],"data_offsets":[0,4]}}`, "in the header"},
	{`{1:{"dtype":"U8","shape":[4],"data_offsets":[0,4]}}`, "in the header"},
	{`{"__metadata__":null}`, "<nil> stands where { belongs"},
	{`{"__metadata__":{"k":1},"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}}`, "1 stands where a string"},
	{`{"__metadata__":{"k":"1","k":"2"}}`, `"k" stands there twice`},
	// Spans.
	{`{"a":{"dtype":"U8","shape":[3],"data_offsets":[0,4]}}`, "U8[3], which does not fill bytes 0 to 4"},
	{`{"a":{"dtype":"F64","shape":[4],"data_offsets":[0,4]}}`, "F64[4], which does not fill"},
	{`{"a":{"dtype":"U8","shape":[4611686018427387904,4],"data_offsets":[0,4]}}`, "does not fill"},
	{`{"a":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,0]}}`, "does not fill"},
	{`{"a":{"dtype":"U8","shape":[5],"data_offsets":[0,5]}}`, "the arrays take 5 bytes, and the file has 4"},
	{`{"a":{"dtype":"U8","shape":[3],"data_offsets":[0,3]}}`, "the arrays take 3 bytes, and the file has 4"},
	{`{"a":{"dtype":"U8","shape":[3],"data_offsets":[1,4]}}`, "begins at byte 1 of the data, not at 0"},
	{`{"a":{"dtype":"U8","shape":[0],"data_offsets":[4,0]}}`, "begins at byte 4"},
	{`{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"U8","shape":[3],"data_offsets":[1,4]}}`, `"b" begins at byte 1 of the data, not at 2`},
	{`{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"b":{"dtype":"U8","shape":[2],"data_offsets":[2,4]}}`, `"b" begins at byte 2 of the data, not at 1`},
	{`{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"b":{"dtype":"U8","shape":[1],"data_offsets":[4,3]}}`, `"b" is U8[1], which does not fill bytes 4 to 3`},
}

func TestHostileHeaders(t *testing.T) {
	for _, c := range hostileHeaders {
		_, err := parse(file(c.header, 0, 0, 0, 0))
		require.ErrorContains(t, err, c.want, c.header)
		var format *FormatError
		require.ErrorAs(t, err, &format, c.header)
	}
}

func TestHostileLength(t *testing.T) {
	for _, length := range []uint64{3, 1 << 20, maxHeader, maxHeader + 1, 1 << 40, 1 << 63, math.MaxUint64} {
		b := append(binary.LittleEndian.AppendUint64(nil, length), "{}"...)
		allocated := testing.AllocsPerRun(1, func() {
			_, err := parse(b)
			require.ErrorContains(t, err, "there are 2 bytes")
		})
		require.Less(t, allocated, 100.0)
	}
}

func TestTruncated(t *testing.T) {
	whole := written(t, map[string]string{"k": "v"}, everyDType()...)
	for n := range len(whole) {
		_, err := parse(whole[:n])
		var format *FormatError
		require.ErrorAs(t, err, &format, "%d bytes", n)
	}
	_, err := parse(append(whole, 0))
	require.ErrorContains(t, err, "the file has")
}

func TestFileShorterThanItsSize(t *testing.T) {
	whole := written(t, nil, From("x", []float32{1, 2}, 2))
	_, err := Read(bytes.NewReader(whole[:4]), int64(len(whole)))
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	_, err = Read(bytes.NewReader(whole[:12]), int64(len(whole)))
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)

	f, err := Read(bytes.NewReader(whole[:len(whole)-1]), int64(len(whole)))
	require.NoError(t, err)
	for _, err := range f.All() {
		require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	}
}

func TestWriteRefuses(t *testing.T) {
	x := From("x", []float32{1, 2}, 2)
	for _, c := range []struct {
		metadata map[string]string
		arrays   []Array
		want     string
	}{
		{nil, []Array{x, x}, `safetensors: the name "x" is taken`},
		{nil, []Array{From("__metadata__", []bool{true})}, `the name "__metadata__" is taken`},
		{nil, []Array{From("\xff", []bool{true})}, `the name "\xff" is not UTF-8`},
		{nil, []Array{From("x", []float32{1, 2})}, `"x" has 8 bytes, which do not fill F32[]`},
		{nil, []Array{From("x", []float32{1, 2}, 3)}, `do not fill F32[3]`},
		{nil, []Array{From("x", []float32{}, 1<<62, 4)}, `do not fill F32`},
		{nil, []Array{From("x", []float32{}, -1, 0)}, `do not fill F32[-1 0]`},
		{nil, []Array{{Name: "x", Shape: []int{0}}}, `"x" has the unknown dtype DType(0)`},
		{map[string]string{"k": "\xff"}, []Array{x}, `metadata "k": "\xff" is not UTF-8`},
	} {
		require.ErrorContains(t, Write(io.Discard, c.metadata, c.arrays...), c.want)
	}
}

// A limited writer takes n bytes, like a disk that is nearly full.
type limited struct{ n int }

var errFull = errors.New("full")

func (l *limited) Write(b []byte) (int, error) {
	l.n -= len(b)
	if l.n < 0 {
		return 0, errFull
	}
	return len(b), nil
}

func TestWriteReportsFullDisk(t *testing.T) {
	x := From("x", []float32{1, 2}, 2)
	for _, n := range []int{0, 8, len(written(t, nil, x)) - 1} {
		require.ErrorIs(t, Write(&limited{n}, nil, x), errFull)
	}
}

func TestFiles(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.safetensors")
	_, err := Open(path)
	require.ErrorIs(t, err, fs.ErrNotExist)

	x := From("x", []float32{1, 2}, 2)
	require.NoError(t, WriteFile(path, nil, x))
	require.ErrorContains(t, WriteFile(path, nil, x, x), path, "a refused write names the file")
	f, err := Open(path)
	require.NoError(t, err)
	requireArrays(t, f, []Array{x})
	require.NoError(t, f.Close())

	require.NoError(t, os.WriteFile(path, []byte("hello, world"), 0o666))
	_, err = Open(path)
	require.ErrorContains(t, err, path+": not a valid safetensors file: a header of")
}

// FuzzRead checks that no file makes the reader panic, and that what it accepts
// is written and read again as it was.
func FuzzRead(f *testing.F) {
	f.Add(written(f, map[string]string{"k": "v"}, everyDType()...))
	f.Add(file(`{"a":{"dtype":"U8","shape":[4611686018427387904,4],"data_offsets":[0,4]}}`, 0, 0, 0, 0))
	f.Add(file(`{"a":{"dtype":"F16","shape":[0],"data_offsets":[0,0]},"b":{"dtype":"BF16","shape":[],"data_offsets":[0,2]}}`, 1, 2))
	f.Fuzz(func(t *testing.T, data []byte) {
		first, err := parse(data)
		if err != nil {
			return
		}
		var arrays []Array
		for a, err := range first.All() {
			require.NoError(t, err)
			_, err = a.Float64s()
			require.NoError(t, err)
			arrays = append(arrays, a)
		}
		second, err := parse(written(t, first.Metadata(), arrays...))
		require.NoError(t, err)
		require.Equal(t, first.Metadata(), second.Metadata())
		require.Len(t, second.Names(), len(arrays))
		for _, a := range arrays {
			again, err := second.Array(a.Name)
			require.NoError(t, err)
			require.Equal(t, a, again)
		}
	})
}

// TestHostileSizes: neither a size that is not the file's nor a file with a hole
// makes Array take memory for what no tensor can hold.
func TestHostileSizes(t *testing.T) {
	for header, want := range map[string]string{
		`{"a":{"dtype":"U8","shape":[1073741824],"data_offsets":[0,1073741824]}}`:                    "unexpected EOF",
		`{"a":{"dtype":"F32","shape":[1099511627776],"data_offsets":[0,4398046511104]}}`:             "more than the 2147483647 elements that are read",
		`{"a":{"dtype":"F32","shape":[1152921504606846976],"data_offsets":[0,4611686018427387904]}}`: "more than the 2147483647 elements that are read",
	} {
		content := file(header)
		h, err := parseHeader([]byte(header))
		require.NoError(t, err)
		f, err := Read(bytes.NewReader(content), int64(len(content)+h.spans[0].end))
		require.NoError(t, err)
		_, err = f.Array("a")
		require.ErrorContains(t, err, want)
	}
}

func TestErrorsAreShort(t *testing.T) {
	long := strings.Repeat(`x\n`, 1<<16)
	for _, header := range []string{
		`{"` + long + `":{}}`,
		`{"a":{"` + long + `":1}}`,
		`{"a":{"dtype":"` + long + `"}}`,
		`{"a":{"shape":["` + long + `"]}}`,
		`{"a":{"shape":[` + strings.Repeat("1,", 1<<16) + `1]}}`,
	} {
		_, err := parse(file(header))
		require.Error(t, err)
		require.Less(t, len(err.Error()), 500)
		require.NotContains(t, err.Error(), "\n")
	}
}
