package idx

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
)

// two returns a table of two images of 2x3.
func two() Images {
	return Images{Count: 2, Height: 2, Width: 3, Pixels: []byte{0, 1, 2, 3, 4, 5, 250, 251, 252, 253, 254, 255}}
}

func encoded(t testing.TB, encode func(io.Writer) error) []byte {
	t.Helper()
	var buffer bytes.Buffer
	require.NoError(t, encode(&buffer))
	return buffer.Bytes()
}

func encodedImages(t testing.TB) []byte { return encoded(t, two().Encode) }

func encodedLabels(t testing.TB, labels ...byte) []byte {
	return encoded(t, func(w io.Writer) error { return EncodeLabels(w, labels) })
}

// header makes the first bytes of a file: magic number and dimensions.
func header(words ...uint32) []byte {
	var content []byte
	for _, word := range words {
		content = binary.BigEndian.AppendUint32(content, word)
	}
	return content
}

func compressed(t testing.TB, content []byte) []byte {
	return encoded(t, func(w io.Writer) error {
		z := gzip.NewWriter(w)
		if _, err := z.Write(content); err != nil {
			return err
		}
		return z.Close()
	})
}

func write(t testing.TB, dir, name string, content []byte) string {
	t.Helper()
	path := filepath.Join(dir, name)
	require.NoError(t, os.WriteFile(path, content, 0o600))
	return path
}

// The layout is that of the format's description, byte for byte.
func TestEncode(t *testing.T) {
	require.Equal(t, []byte{0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 3, 0, 1, 2, 3, 4, 5, 250, 251, 252, 253, 254, 255},
		encodedImages(t))
	require.Equal(t, []byte{0, 0, 8, 1, 0, 0, 0, 2, 7, 9}, encodedLabels(t, 7, 9))
}

func TestReadPlainAndCompressed(t *testing.T) {
	dir := t.TempDir()
	for name, content := range map[string][]byte{"plain": encodedImages(t), "gz": compressed(t, encodedImages(t))} {
		images, err := ReadImages(write(t, dir, name, content))
		require.NoError(t, err)
		require.Equal(t, two(), images)
	}
	labels, err := ReadLabels(write(t, dir, "labels", compressed(t, encodedLabels(t, 7, 9))))
	require.NoError(t, err)
	require.Equal(t, []byte{7, 9}, labels)
}

func TestReadImagesRefuses(t *testing.T) {
	good := encodedImages(t)
	packed := compressed(t, good)
	damaged := bytes.Clone(packed)
	damaged[len(damaged)-5] ^= 1 // in the checksum
	for name, c := range map[string]struct {
		content []byte
		want    string
	}{
		"empty":            {nil, "the header is cut short"},
		"short header":     {good[:9], "the header is cut short"},
		"short body":       {good[:20], "the file is cut short: the header promises 12 bytes, 4 are there"},
		"no body":          {good[:16], "the file is cut short: the header promises 12 bytes, 0 are there"},
		"left over":        {append(bytes.Clone(good), 0), "bytes are left over after the table that the header promises"},
		"labels":           {encodedLabels(t, 1, 2), "this file holds labels (magic number 0x00000801); images are wanted here, whose number is 0x00000803"},
		"floats":           {header(0xd03, 1, 1, 1), "this is an IDX file of another kind (magic number 0x00000d03: element type 0x0d, 3 dimensions); images are wanted here, whose number is 0x00000803"},
		"a PNG":            {[]byte("\x89PNG\r\n\x1a\n"), "this is not an IDX file (it starts with 0x89504e47); images are wanted here, whose number is 0x00000803"},
		"no images":        {header(0x803, 0, 28, 28), "the header promises a table of size zero ([0 28 28])"},
		"no width":         {header(0x803, 1, 28, 0), "the header promises a table of size zero ([1 28 0])"},
		"too many":         {header(0x803, 1<<30, 1, 2), "the header promises a table of [1073741824 1 2] bytes, more than the 1073741824 read from one file"},
		"overflow":         {header(0x803, 1<<31, 1<<31, 1<<31), "the header promises a table of [2147483648 2147483648 2147483648] bytes, more than the 1073741824 read from one file"},
		"gz header short":  {packed[:5], "the gzip header is cut short"},
		"gz body short":    {packed[:len(packed)-18], "the file is cut short: the header promises"},
		"gz checksum":      {damaged, "the file cannot be read: gzip: invalid checksum"},
		"gz checksum gone": {packed[:len(packed)-4], "the gzip checksum at the end is cut short"},
	} {
		t.Run(name, func(t *testing.T) {
			path := write(t, t.TempDir(), "file", c.content)
			_, err := ReadImages(path)
			require.ErrorContains(t, err, "idx: "+path+": ", "the file is named")
			require.ErrorContains(t, err, c.want)
			var format *FormatError
			require.ErrorAs(t, err, &format)
		})
	}
}

func TestReadMissing(t *testing.T) {
	_, err := ReadLabels(filepath.Join(t.TempDir(), "none"))
	require.ErrorIs(t, err, os.ErrNotExist)
}

// What a file claims, or packs, costs no more memory than what it delivers.
func TestHostileFilesTakeLittleMemory(t *testing.T) {
	const limit = 8 << 20
	claim := append(header(0x803, 1<<20, 32, 32), make([]byte, 100)...) // promises 1 GiB
	bomb := compressed(t, append(encodedImages(t), make([]byte, 64<<20)...))
	for name, content := range map[string][]byte{"claim": claim, "bomb": bomb} {
		path := write(t, t.TempDir(), name, content)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := ReadImages(path)
		runtime.ReadMemStats(&after)
		require.Error(t, err)
		require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(limit), name)
	}
}

// Above the first block, memory grows step by step.
func TestReadLarge(t *testing.T) {
	large := Images{Count: 3, Height: 1000, Width: 1001, Pixels: make([]byte, 3*1000*1001)}
	for i := range large.Pixels {
		large.Pixels[i] = byte(i * 7)
	}
	images, err := DecodeImages(bytes.NewReader(encoded(t, large.Encode)))
	require.NoError(t, err)
	require.Equal(t, large, images)
}

func FuzzIDX(f *testing.F) {
	f.Add(encodedImages(f))
	f.Add(encodedLabels(f, 1, 2, 3))
	f.Add(compressed(f, encodedImages(f)))
	f.Add(encodedImages(f)[:20])
	f.Add(header(0x803, 1<<30, 1<<30, 1<<30))
	f.Fuzz(func(t *testing.T, content []byte) {
		images, err := decodeWhole(bytes.NewReader(content), DecodeImages)
		if err == nil {
			require.Len(t, images.Pixels, images.Count*images.Height*images.Width)
			again, err := DecodeImages(bytes.NewReader(encoded(t, images.Encode)))
			require.NoError(t, err)
			require.Equal(t, images, again)
		}
		labels, err := decodeWhole(bytes.NewReader(content), DecodeLabels)
		if err == nil {
			again, err := DecodeLabels(bytes.NewReader(encodedLabels(t, labels...)))
			require.NoError(t, err)
			require.Equal(t, labels, again)
		}
	})
}
