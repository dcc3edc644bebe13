package images

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/color"
	"testing"

	"github.com/stretchr/testify/require"
)

// withOrientation puts an Exif segment after the first two bytes of a JPEG.
func withOrientation(content []byte, order binary.AppendByteOrder, o uint16) []byte {
	tiff := []byte("II*\x00")
	if order == binary.BigEndian {
		tiff = []byte("MM\x00*")
	}
	tiff = order.AppendUint32(tiff, 8) // the directory follows
	tiff = order.AppendUint16(tiff, 2) // and has two entries
	for _, entry := range [][2]uint16{{0x010f, 99}, {orientationTag, o}} {
		tiff = order.AppendUint16(tiff, entry[0])
		tiff = order.AppendUint16(tiff, 3) // a short
		tiff = order.AppendUint32(tiff, 1) // one of them
		tiff = order.AppendUint16(tiff, entry[1])
		tiff = order.AppendUint16(tiff, 0)
	}
	segment := append([]byte("Exif\x00\x00"), tiff...)
	app1 := binary.BigEndian.AppendUint16([]byte{0xff, 0xe1}, uint16(2+len(segment)))
	return bytes.Join([][]byte{content[:2], app1, segment, content[2:]}, nil)
}

// Each stored picture is what a camera turned so writes of the scene "1 2 / 3 4
// / 5 6" (rows), as the pictures of Exif 2.32, section 4.6.4, show it.
func TestOrientation(t *testing.T) {
	stored := [][][]byte{
		1: {{1, 2}, {3, 4}, {5, 6}},
		2: {{2, 1}, {4, 3}, {6, 5}},
		3: {{6, 5}, {4, 3}, {2, 1}},
		4: {{5, 6}, {3, 4}, {1, 2}},
		5: {{1, 3, 5}, {2, 4, 6}},
		6: {{2, 4, 6}, {1, 3, 5}},
		7: {{6, 4, 2}, {5, 3, 1}},
		8: {{5, 3, 1}, {6, 4, 2}},
	}
	for o := 1; o <= 8; o++ {
		// 8x8 blocks, which JPEG at full quality keeps.
		picture := image.NewGray(image.Rect(0, 0, 8*len(stored[o][0]), 8*len(stored[o])))
		for i := range picture.Pix {
			x, y := i%picture.Stride/8, i/picture.Stride/8
			picture.Pix[i] = 40 * stored[o][y][x]
		}
		for _, order := range []binary.AppendByteOrder{binary.BigEndian, binary.LittleEndian} {
			content := withOrientation(encoded(t, encodeJPEG, picture), order, uint16(o))
			size, err := DecodeSize(bytes.NewReader(content))
			require.NoError(t, err)
			require.Equal(t, image.Pt(16, 24), size)
			seen, err := Decode(bytes.NewReader(content))
			require.NoError(t, err)
			pixels, err := Pixels(seen, 24, 16, 1)
			require.NoError(t, err)
			for i := range 6 {
				require.InDelta(t, 40*(i+1), pixels[(4+i/2*8)*16+4+i%2*8], 2, "orientation %d", o)
			}
		}
	}
}

func TestTurnedAgreesWithItself(t *testing.T) {
	picture := uniform(3, 2, color.White)
	picture.Set(1, 0, color.RGBA{1, 2, 3, 255})
	seen := upright(picture, 6)
	require.Equal(t, image.Rect(0, 0, 2, 3), seen.Bounds())
	require.Equal(t, color.RGBA{1, 2, 3, 255}, seen.At(1, 1))
	require.Equal(t, color.RGBAModel, seen.ColorModel())
}

func TestOrientationOfDamagedHeaders(t *testing.T) {
	whole := withOrientation([]byte{0xff, 0xd8, 0xff, 0xda}, binary.BigEndian, 6)
	require.Equal(t, orientation(6), readOrientation(whole))
	for length := range len(whole) - 4 - 4 { // up to the value itself
		require.Equal(t, orientation(1), readOrientation(whole[:length]), "cut to %d bytes", length)
	}
	require.Equal(t, orientation(1), readOrientation(withOrientation([]byte{0xff, 0xd8}, binary.BigEndian, 9)))
	farAway := bytes.Clone(whole)
	binary.BigEndian.PutUint32(farAway[16:], 1<<32-1) // where the directory is said to be
	require.Equal(t, orientation(1), readOrientation(farAway))
}
