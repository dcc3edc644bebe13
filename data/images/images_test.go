package images

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/color/palette"
	"image/draw"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/image/bmp"
)

// uniform is a picture of one colour.
func uniform(width, height int, c color.Color) *image.RGBA {
	picture := image.NewRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			picture.Set(x, y, c)
		}
	}
	return picture
}

func encoded(t testing.TB, encode func(io.Writer, image.Image) error, picture image.Image) []byte {
	t.Helper()
	var buffer bytes.Buffer
	require.NoError(t, encode(&buffer, picture))
	return buffer.Bytes()
}

func encodeJPEG(w io.Writer, m image.Image) error {
	return jpeg.Encode(w, m, &jpeg.Options{Quality: 100})
}

func encodeGIF(w io.Writer, m image.Image) error {
	paletted := image.NewPaletted(m.Bounds(), palette.WebSafe) // colours in steps of 51
	draw.Draw(paletted, m.Bounds(), m, m.Bounds().Min, draw.Src)
	return gif.Encode(w, paletted, nil)
}

// encodeWebP writes a lossless WebP of one colour, that of the first pixel. Go
// has no encoder; a picture in which every prefix code has one symbol takes no
// bits but those of its header (RFC 9649, section 3).
func encodeWebP(w io.Writer, m image.Image) error {
	c := color.NRGBAModel.Convert(m.At(0, 0)).(color.NRGBA)
	var bits uint64 // holds the 47 bits of the header, then each code in turn
	var count int
	var body []byte
	put := func(value uint64, n int) {
		bits |= value << count
		for count += n; count >= 8; count -= 8 {
			body = append(body, byte(bits))
			bits >>= 8
		}
	}
	put(0x2f, 8)
	put(uint64(m.Bounds().Dx()-1), 14)
	put(uint64(m.Bounds().Dy()-1), 14)
	put(1, 1)                                               // alpha is used
	put(0, 3)                                               // version
	put(0, 1)                                               // no transform
	put(0, 1)                                               // no colour cache
	put(0, 1)                                               // one set of codes
	for _, symbol := range []uint8{c.G, c.R, c.B, c.A, 0} { // the last for distances
		put(1, 1) // a simple code
		put(0, 1) // of one symbol
		put(1, 1) // of 8 bits
		put(uint64(symbol), 8)
	}
	put(0, 7)
	body = append(body, make([]byte, len(body)%2)...)
	file := append([]byte("RIFF"), binary.LittleEndian.AppendUint32(nil, uint32(12+len(body)))...)
	file = append(file, "WEBPVP8L"...)
	file = binary.LittleEndian.AppendUint32(file, uint32(len(body)))
	_, err := w.Write(append(file, body...))
	return err
}

var formats = map[string]func(io.Writer, image.Image) error{
	".jpg": encodeJPEG, ".png": png.Encode, ".gif": encodeGIF, ".webp": encodeWebP, ".bmp": bmp.Encode,
}

func TestDecodeFormats(t *testing.T) {
	for name, encode := range formats {
		content := encoded(t, encode, uniform(5, 3, color.RGBA{204, 102, 51, 255}))
		size, err := DecodeSize(bytes.NewReader(content))
		require.NoError(t, err, name)
		require.Equal(t, image.Pt(5, 3), size, name)

		picture, err := Decode(bytes.NewReader(content))
		require.NoError(t, err, name)
		pixels, err := Pixels(picture, 3, 5, 3)
		require.NoError(t, err)
		tolerance := map[string]float64{".jpg": 2}[name] // YCbCr rounds colours, the others are exact
		for i, v := range pixels {
			require.InDelta(t, []float64{204, 102, 51}[i%3], v, tolerance, name)
		}
	}
}

func TestIsName(t *testing.T) {
	for _, name := range []string{"a.jpg", "a.JPEG", "b/a.Png", "a.gif", "a.WEBP", "a.bmp"} {
		require.True(t, IsName(name), name)
	}
	for _, name := range []string{"a.txt", "jpg", "a.jpg.zip", "a.tiff", ""} {
		require.False(t, IsName(name), name)
	}
}

func TestRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "wrong-ending.jpg")
	require.NoError(t, os.WriteFile(path, encoded(t, png.Encode, uniform(4, 2, color.White)), 0o600))
	picture, err := Read(path)
	require.NoError(t, err)
	require.Equal(t, image.Pt(4, 2), picture.Bounds().Size())

	require.NoError(t, os.WriteFile(path, []byte("hello"), 0o600))
	_, err = Read(path)
	require.EqualError(t, err, path+": images: not a JPEG, PNG, GIF, WebP or BMP picture")
	require.ErrorIs(t, err, ErrFormat)
	_, err = Read(path + ".none")
	require.ErrorIs(t, err, os.ErrNotExist)
}

func TestDecodeTruncated(t *testing.T) {
	for name, encode := range formats {
		content := encoded(t, encode, uniform(50, 30, color.RGBA{204, 102, 51, 255}))
		for _, length := range []int{0, 1, 12, len(content) / 2} {
			_, err := Decode(bytes.NewReader(content[:length]))
			require.Error(t, err, "%s cut to %d bytes", name, length)
		}
	}
}

// hugePNG claims a size that its content does not have.
func hugePNG(t testing.TB, width, height uint32) []byte {
	content := encoded(t, png.Encode, uniform(1, 1, color.White))
	binary.BigEndian.PutUint32(content[16:], width)
	binary.BigEndian.PutUint32(content[20:], height)
	binary.BigEndian.PutUint32(content[29:], crc32.ChecksumIEEE(content[12:29]))
	return content
}

func TestDecodeRefusesHugePictures(t *testing.T) {
	_, err := Decode(bytes.NewReader(hugePNG(t, 30000, 20000)))
	var size *SizeError
	require.ErrorAs(t, err, &size)
	require.EqualError(t, err, "images: the picture has 30000x20000 pixels, at most 67108864 are read")
	_, err = DecodeSize(bytes.NewReader([]byte("GIF89a\xff\xff\xff\xff\x00\x00\x00")))
	require.ErrorAs(t, err, &size)
}

func FuzzDecode(f *testing.F) {
	for _, encode := range formats {
		f.Add(encoded(f, encode, uniform(5, 3, color.RGBA{204, 102, 51, 255})))
	}
	f.Add(withOrientation(encoded(f, encodeJPEG, uniform(5, 3, color.White)), binary.BigEndian, 6))
	f.Add(hugePNG(f, 1<<31-1, 1<<31-1))
	f.Fuzz(func(t *testing.T, content []byte) {
		size, err := DecodeSize(bytes.NewReader(content))
		if err != nil || size.X*size.Y > 1<<20 { // larger ones are slow to fuzz
			return
		}
		picture, err := Decode(bytes.NewReader(content))
		if err != nil {
			return
		}
		pixels, err := Pixels(picture, 8, 8, 3)
		require.NoError(t, err)
		require.Len(t, pixels, 8*8*3)
	})
}
