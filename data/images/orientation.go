package images

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/color"
)

// orientation is how a camera was held, in the numbers of Exif (tag 0x0112):
// 1 is upright, 2 to 8 are the other turns and reflections.
type orientation uint16

const (
	jpegStart       = 0xffd8
	jpegApp1        = 0xffe1
	jpegScan        = 0xffda
	orientationTag  = 0x0112
	exifEntryLength = 12
)

// readOrientation finds the orientation in the first bytes of a JPEG file; for
// anything else, and for a header it cannot follow, it answers 1.
func readOrientation(header []byte) orientation {
	if !isJPEG(header) {
		return 1
	}
	for rest := header[2:]; len(rest) >= 4; {
		marker := binary.BigEndian.Uint16(rest)
		length := int(binary.BigEndian.Uint16(rest[2:])) // counts itself, not the marker
		if marker < 0xff00 || marker == jpegScan || length < 2 || 2+length > len(rest) {
			return 1
		}
		if tiff, isExif := bytes.CutPrefix(rest[4:2+length], []byte("Exif\x00\x00")); isExif && marker == jpegApp1 {
			return tiffOrientation(tiff)
		}
		rest = rest[2+length:]
	}
	return 1
}

// isJPEG tells the format by a file's first bytes.
func isJPEG(header []byte) bool {
	return len(header) >= 2 && binary.BigEndian.Uint16(header) == jpegStart
}

// tiffOrientation reads the tag from the first directory of a TIFF header
// (TIFF 6.0, section 2).
func tiffOrientation(tiff []byte) orientation {
	var order binary.ByteOrder = binary.LittleEndian
	switch {
	case len(tiff) < 8:
		return 1
	case tiff[0] == 'M':
		order = binary.BigEndian
	}
	start := uint64(order.Uint32(tiff[4:]))
	if start+2 > uint64(len(tiff)) {
		return 1
	}
	entries := tiff[start+2:]
	for range order.Uint16(tiff[start:]) {
		if len(entries) < exifEntryLength {
			return 1
		}
		if order.Uint16(entries) == orientationTag {
			return orientation(order.Uint16(entries[8:])).orUpright()
		}
		entries = entries[exifEntryLength:]
	}
	return 1
}

// orUpright replaces a number that means nothing.
func (o orientation) orUpright() orientation {
	if o < 1 || o > 8 {
		return 1
	}
	return o
}

// flipsX, flipsY and transposes say how a pixel of the upright picture is found
// in the stored one: by reflecting x, reflecting y, then exchanging the two.
func (o orientation) flipsX() bool     { return o == 2 || o == 3 || o == 6 || o == 7 }
func (o orientation) flipsY() bool     { return o == 3 || o == 4 || o == 7 || o == 8 }
func (o orientation) transposes() bool { return o >= 5 }

// upright returns the picture as it was seen; it reads the stored one, without
// a copy.
func upright(stored image.Image, o orientation) image.Image {
	pixels, ok := stored.(image.RGBA64Image)
	if o == 1 || !ok {
		return stored
	}
	return turned{pixels, o}
}

// turned is a stored picture seen through its orientation.
type turned struct {
	stored image.RGBA64Image
	orientation
}

func (t turned) ColorModel() color.Model { return t.stored.ColorModel() }

func (t turned) Bounds() image.Rectangle {
	size := t.stored.Bounds().Size()
	if t.transposes() {
		size.X, size.Y = size.Y, size.X
	}
	return image.Rectangle{Max: size}
}

func (t turned) At(x, y int) color.Color {
	p := t.storedAt(x, y)
	return t.stored.At(p.X, p.Y)
}

func (t turned) RGBA64At(x, y int) color.RGBA64 {
	p := t.storedAt(x, y)
	return t.stored.RGBA64At(p.X, p.Y)
}

// storedAt is the place in the stored picture of a pixel of the upright one.
func (t turned) storedAt(x, y int) image.Point {
	size := t.Bounds().Size()
	if t.flipsX() {
		x = size.X - 1 - x
	}
	if t.flipsY() {
		y = size.Y - 1 - y
	}
	if t.transposes() {
		x, y = y, x
	}
	return image.Pt(x, y).Add(t.stored.Bounds().Min)
}
