package tensor

import (
	"image"
	"image/color"
	"image/draw"

	"example.org/chainrule/device"
)

// FromImage returns the pixels of an image as Uint8 [height, width, channels]: 1
// channel for *image.Gray and *image.Gray16 (its upper byte), 4 (red, green, blue,
// and an alpha by which they are not multiplied) where a pixel is transparent, and
// 3 for all others. The error is a *ShapeError for an image too large, a
// *device.MemoryError where there is no room.
func FromImage(dev device.Device, img image.Image) (*Tensor, error) {
	b := img.Bounds()
	if _, err := count([]int{b.Dy(), b.Dx(), 4}); err != nil {
		return nil, err
	}
	switch m := img.(type) {
	case *image.Gray:
		return fromPixels(dev, m.Pix, m.Stride, 1, 1, b)
	case *image.Gray16: // big-endian: the upper byte comes first
		return fromPixels(dev, m.Pix, m.Stride, 2, 1, b)
	}
	m, channels := straight(img), 4
	if opaque(img) {
		channels = 3
	}
	return fromPixels(dev, m.Pix, m.Stride, 4, channels, b)
}

// fromPixels takes the first channels bytes of every size bytes of each row.
func fromPixels(dev device.Device, pix []uint8, stride, size, channels int, b image.Rectangle) (*Tensor, error) {
	h, w := b.Dy(), b.Dx()
	data := make([]uint8, 0, h*w*channels)
	for y := range h {
		for row := pix[y*stride:][:w*size]; len(row) > 0; row = row[size:] {
			data = append(data, row[:channels]...)
		}
	}
	return From(dev, data, h, w, channels)
}

// straight is img with colours not multiplied by alpha.
func straight(img image.Image) *image.NRGBA {
	if m, ok := img.(*image.NRGBA); ok {
		return m
	}
	b := img.Bounds()
	if opaque(img) { // the same as RGBA, for which draw is quick
		m := image.NewRGBA(b)
		draw.Draw(m, b, img, b.Min, draw.Src)
		return &image.NRGBA{Pix: m.Pix, Stride: m.Stride, Rect: b}
	}
	m := image.NewNRGBA(b)
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			m.Set(x, y, img.At(x, y))
		}
	}
	return m
}

// opaque reports whether no pixel is transparent.
func opaque(img image.Image) bool {
	if m, ok := img.(interface{ Opaque() bool }); ok {
		return m.Opaque()
	}
	b := img.Bounds()
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			if _, _, _, a := img.At(x, y).RGBA(); a != 0xFFFF {
				return false
			}
		}
	}
	return true
}

// Image waits for the device and returns t, Uint8 [height, width, channels], as
// an *image.Gray for 1 channel and an *image.NRGBA for 3 or 4. The error is a
// *ShapeError, or what stands latched on the device.
func (t *Tensor) Image() (image.Image, error) {
	if t.DType() != device.Uint8 || t.Rank() != 3 || t.Dim(2) != 1 && t.Dim(2) != 3 && t.Dim(2) != 4 {
		return nil, misfit("Image", "want uint8 [height, width, 1, 3 or 4 channels], it is "+t.DType().String(), t)
	}
	pix, err := t.Uint8s()
	if err != nil {
		return nil, err
	}
	w, channels := t.Dim(1), t.Dim(2)
	r := image.Rect(0, 0, w, t.Dim(0))
	switch channels {
	case 1:
		return &image.Gray{Pix: pix, Stride: w, Rect: r}, nil
	case 4:
		return &image.NRGBA{Pix: pix, Stride: 4 * w, Rect: r}, nil
	}
	m := image.NewNRGBA(r)
	for i := range len(pix) / 3 {
		p := pix[3*i : 3*i+3]
		m.SetNRGBA(i%w, i/w, color.NRGBA{p[0], p[1], p[2], 0xFF})
	}
	return m, nil
}
