package images

import (
	"image"
	"image/color"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestPixelsKeepsGray(t *testing.T) {
	picture := &image.Gray{Pix: []byte{0, 1, 127, 128, 254, 255}, Stride: 3, Rect: image.Rect(0, 0, 3, 2)}
	gray, err := Pixels(picture, 2, 3, 1)
	require.NoError(t, err)
	require.Equal(t, picture.Pix, gray)

	rgb, err := Pixels(picture, 2, 3, 3)
	require.NoError(t, err)
	require.True(t, IsGray(rgb))
	require.Equal(t, []byte{1, 1, 1}, rgb[3:6])

	enlarged, err := Pixels(picture, 7, 11, 3)
	require.NoError(t, err)
	require.True(t, IsGray(enlarged), "resizing keeps grey grey")
}

func TestPixelsOfColours(t *testing.T) {
	picture := uniform(2, 1, color.RGBA{255, 0, 0, 255})
	rgb, err := Pixels(picture, 1, 2, 3)
	require.NoError(t, err)
	require.Equal(t, []byte{255, 0, 0, 255, 0, 0}, rgb)
	require.False(t, IsGray(rgb))
	gray, err := Pixels(picture, 1, 2, 1)
	require.NoError(t, err)
	luma := color.GrayModel.Convert(color.RGBA{255, 0, 0, 255}).(color.Gray).Y
	require.Equal(t, []byte{luma, luma}, gray)
}

func TestRGBToGrayIsGrayModel(t *testing.T) {
	for i := range 1000 {
		c := color.RGBA{byte(i * 7), byte(i * 13), byte(i * 29), 255}
		want := color.GrayModel.Convert(c).(color.Gray).Y
		require.InDelta(t, want, RGBToGray([]byte{c.R, c.G, c.B})[0], 1) // of 8 bits; the model has 16
		require.Equal(t, byte(i), RGBToGray([]byte{byte(i), byte(i), byte(i)})[0])
	}
}

func TestPixelsLaysTransparencyOnWhite(t *testing.T) {
	picture := image.NewNRGBA(image.Rect(0, 0, 2, 1))
	picture.SetNRGBA(0, 0, color.NRGBA{0, 0, 0, 0})
	picture.SetNRGBA(1, 0, color.NRGBA{0, 0, 0, 128})
	for _, width := range []int{2, 4} { // copied, resized
		gray, err := Pixels(picture, 1, width, 1)
		require.NoError(t, err)
		require.Equal(t, byte(255), gray[0])
		require.InDelta(t, 127, gray[width-1], 1)
	}
}

func TestPixelsOfPalette(t *testing.T) {
	picture := image.NewPaletted(image.Rect(0, 0, 2, 1), color.Palette{color.White, color.RGBA{10, 20, 30, 255}})
	picture.Pix[1] = 1
	rgb, err := Pixels(picture, 1, 2, 3)
	require.NoError(t, err)
	require.Equal(t, []byte{255, 255, 255, 10, 20, 30}, rgb)
}

// Shrinking takes the mean of what it covers, so fine stripes turn grey rather
// than into a pattern.
func TestPixelsShrinksWithoutAliasing(t *testing.T) {
	stripes := image.NewGray(image.Rect(0, 0, 100, 100))
	for i := range stripes.Pix {
		stripes.Pix[i] = byte(i % 2 * 255)
	}
	gray, err := Pixels(stripes, 10, 10, 1)
	require.NoError(t, err)
	for _, v := range gray {
		require.InDelta(t, 127.5, v, 5)
	}
}

func TestPixelsOfPart(t *testing.T) {
	picture := uniform(4, 4, color.Black)
	picture.Set(2, 2, color.White)
	gray, err := Pixels(picture.SubImage(image.Rect(2, 2, 4, 3)), 1, 2, 1)
	require.NoError(t, err)
	require.Equal(t, []byte{255, 0}, gray)
}

func TestPixelsRefuses(t *testing.T) {
	for _, size := range [][3]int{{0, 1, 1}, {1, -1, 1}, {1, 1, 2}, {1, 1, 0}, {1 << 40, 1 << 40, 1}} {
		_, err := Pixels(image.White, size[0], size[1], size[2])
		require.ErrorContains(t, err, "images: cannot make a picture of")
	}
}
