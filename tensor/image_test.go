package tensor_test

import (
	"image"
	"image/color"
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/chainrule/device"
	"example.org/chainrule/tensor"
)

// picture sets the pixels of a 3 by 2 image with offset bounds and returns the
// right two columns, so that stride and offset both matter.
func picture[M interface {
	Set(x, y int, c color.Color)
	SubImage(image.Rectangle) image.Image
}](make func(image.Rectangle) M, pixels ...color.Color) image.Image {
	m := make(image.Rect(10, 20, 13, 22))
	for i, c := range pixels {
		m.Set(11+i%2, 20+i/2, c)
	}
	return m.SubImage(image.Rect(11, 20, 13, 22))
}

// bare hides every method but those of image.Image.
type bare struct{ image.Image }

func TestFromImage(t *testing.T) {
	red, green, clear := color.NRGBA{200, 1, 2, 255}, color.NRGBA{3, 100, 4, 255}, color.NRGBA{50, 60, 70, 51}
	paletted := func(r image.Rectangle) *image.Paletted {
		return image.NewPaletted(r, color.Palette{color.Black, red, green, color.NRGBA{}})
	}
	opaque := []uint8{200, 1, 2, 3, 100, 4, 3, 100, 4, 200, 1, 2}
	seeThrough := []uint8{200, 1, 2, 255, 50, 60, 70, 51, 3, 100, 4, 255, 200, 1, 2, 255}
	for name, c := range map[string]struct {
		img      image.Image
		channels int
		want     []uint8
	}{
		"Gray":             {picture(image.NewGray, color.Gray{1}, color.Gray{2}, color.Gray{3}, color.Gray{4}), 1, []uint8{1, 2, 3, 4}},
		"Gray16":           {picture(image.NewGray16, color.Gray16{0x01FF}, color.Gray16{0x0200}, color.Gray16{0x03FF}, color.Gray16{0x0400}), 1, []uint8{1, 2, 3, 4}},
		"NRGBA":            {picture(image.NewNRGBA, red, green, green, red), 3, opaque},
		"RGBA":             {picture(image.NewRGBA, red, green, green, red), 3, opaque},
		"NRGBA64":          {picture(image.NewNRGBA64, red, green, green, red), 3, opaque},
		"Paletted":         {picture(paletted, red, green, green, red), 3, opaque},
		"any":              {bare{picture(image.NewRGBA, red, green, green, red)}, 3, opaque},
		"NRGBA, clear":     {picture(image.NewNRGBA, red, clear, green, red), 4, seeThrough},
		"RGBA, clear":      {picture(image.NewRGBA, red, clear, green, red), 4, seeThrough},
		"any, clear":       {bare{picture(image.NewNRGBA, red, clear, green, red)}, 4, seeThrough},
		"Paletted, clear":  {picture(paletted, red, color.NRGBA{}, green, red), 4, []uint8{200, 1, 2, 255, 0, 0, 0, 0, 3, 100, 4, 255, 200, 1, 2, 255}},
		"YCbCr, half grey": {image.NewYCbCr(image.Rect(5, 5, 7, 7), image.YCbCrSubsampleRatio420), 3, []uint8{0, 135, 0, 0, 135, 0, 0, 135, 0, 0, 135, 0}},
	} {
		t.Run(name, func(t *testing.T) {
			k := open(t)
			x := k.made(tensor.FromImage(k.dev, c.img))
			require.Equal(t, []int{2, 2, c.channels}, x.Shape())
			got, err := x.Uint8s()
			require.NoError(t, err)
			require.Equal(t, c.want, got)
		})
	}
}

func TestFromEmptyImage(t *testing.T) {
	k := open(t)
	require.Equal(t, []int{0, 0, 1}, k.made(tensor.FromImage(k.dev, &image.Gray{})).Shape())
	require.Equal(t, []int{0, 0, 3}, k.made(tensor.FromImage(k.dev, &image.RGBA{})).Shape())
}

func TestImage(t *testing.T) {
	k := open(t)
	grey, err := k.u8([]uint8{1, 2}, 1, 2, 1).Image()
	require.NoError(t, err)
	require.Equal(t, &image.Gray{Pix: []uint8{1, 2}, Stride: 2, Rect: image.Rect(0, 0, 2, 1)}, grey)
	colour, err := k.u8([]uint8{1, 2, 3, 4, 5, 6}, 2, 1, 3).Image()
	require.NoError(t, err)
	require.Equal(t, color.NRGBA{4, 5, 6, 255}, colour.At(0, 1))
	clear, err := k.u8([]uint8{1, 2, 3, 4}, 1, 1, 4).Image()
	require.NoError(t, err)
	require.Equal(t, color.NRGBA{1, 2, 3, 4}, clear.At(0, 0))
	none, err := k.empty(device.Uint8, 0, 0, 3).Image()
	require.NoError(t, err)
	require.True(t, none.Bounds().Empty())
}

func TestImageErrors(t *testing.T) {
	k := open(t)
	const want = " does not fit: want uint8 [height, width, 1, 3 or 4 channels], it is "
	k.fails(failing(k.f32(ramp(1), 1, 1, 1).Image()), "Image: [1 1 1]"+want+"float32")
	k.fails(failing(k.u8([]uint8{1, 2}, 1, 2).Image()), "Image: [1 2]"+want+"uint8")
	k.fails(failing(k.u8([]uint8{1, 2}, 1, 1, 2).Image()), "Image: [1 1 2]"+want+"uint8")
	k.fails(failing(tensor.FromImage(k.dev, image.NewUniform(color.Black))), "New: [2000000000 2000000000 4] does not fit: a tensor holds at most 2147483647 elements")
}
