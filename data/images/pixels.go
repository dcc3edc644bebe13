package images

import (
	"fmt"
	"image"

	"golang.org/x/image/draw"
)

// maxCanvas is the largest picture made: 16384x16384.
const maxCanvas = 1 << 28

// Pixels resizes a picture and returns its bytes, [height, width, channels],
// with 1 channel (grey: ITU-R BT.601 luma) or 3 (red, green, blue).
//
// The picture is stretched to the size wanted, its proportions are not kept.
// The filter is the triangle (bilinear, widened when shrinking), as in Pillow
// and torchvision. What is transparent lies on white. Errors: a size below 1
// or of more than 2²⁸ pixels, another number of channels.
func Pixels(picture image.Image, height, width, channels int) ([]byte, error) {
	if height < 1 || width < 1 || height > maxCanvas/width || channels != 1 && channels != 3 {
		return nil, fmt.Errorf("images: cannot make a picture of %dx%dx%d (height, width, and 1 or 3 channels; at most %d pixels)",
			height, width, channels, maxCanvas)
	}
	rgb := dropAlpha(resize(picture, height, width))
	if channels == 1 {
		return RGBToGray(rgb), nil
	}
	return rgb, nil
}

// resize draws the picture on white, at the size wanted.
func resize(picture image.Image, height, width int) *image.RGBA {
	canvas := image.NewRGBA(image.Rect(0, 0, width, height))
	draw.Draw(canvas, canvas.Bounds(), image.White, image.Point{}, draw.Src)
	if bounds := picture.Bounds(); bounds.Size() == canvas.Bounds().Size() {
		draw.Draw(canvas, canvas.Bounds(), picture, bounds.Min, draw.Over)
	} else {
		draw.BiLinear.Scale(canvas, canvas.Bounds(), picture, bounds, draw.Over, nil)
	}
	return canvas
}

// dropAlpha takes red, green and blue of an opaque picture.
func dropAlpha(picture *image.RGBA) []byte {
	rgb := make([]byte, 0, len(picture.Pix)/4*3)
	for i := 0; i < len(picture.Pix); i += 4 {
		rgb = append(rgb, picture.Pix[i:i+3]...)
	}
	return rgb
}

// IsGray tells whether red, green and blue are equal in every pixel.
func IsGray(rgb []byte) bool {
	for i := 0; i+2 < len(rgb); i += 3 {
		if rgb[i] != rgb[i+1] || rgb[i] != rgb[i+2] {
			return false
		}
	}
	return true
}

// RGBToGray returns the luma of each pixel, with the weights of
// [image/color.GrayModel]; a grey pixel keeps its value.
func RGBToGray(rgb []byte) []byte {
	gray := make([]byte, 0, len(rgb)/3)
	for i := 0; i+2 < len(rgb); i += 3 {
		r, g, b := uint32(rgb[i]), uint32(rgb[i+1]), uint32(rgb[i+2])
		gray = append(gray, byte((19595*r+38470*g+7471*b+1<<15)>>16))
	}
	return gray
}
