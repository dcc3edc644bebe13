// Package images turns pictures into the bytes that a model sees: it decodes
// JPEG, PNG, GIF, WebP and BMP ([Read]), resizes ([Pixels]), and prepares a
// photographed digit the way MNIST's were made ([Digit]).
package images

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"image"
	"io"
	"os"
	"path"
	"strings"

	_ "image/gif" // the formats that image.Decode knows
	_ "image/jpeg"
	_ "image/png"

	_ "golang.org/x/image/bmp"
	_ "golang.org/x/image/webp"
)

const (
	// MaxPixels is the largest picture decoded: 64 Mi pixels (8192x8192).
	MaxPixels = 1 << 26

	// maxHeader is how far into a file its size is looked for.
	maxHeader = 1 << 24
)

// ErrFormat is returned for content that is none of the formats, or whose first
// bytes are missing.
var ErrFormat = errors.New("images: not a JPEG, PNG, GIF, WebP or BMP picture")

// SizeError tells of a picture of more than [MaxPixels].
type SizeError struct {
	Width, Height int
}

func (e *SizeError) Error() string {
	return fmt.Sprintf("images: the picture has %dx%d pixels, at most %d are read", e.Width, e.Height, MaxPixels)
}

// IsName tells whether a file's name ends as a picture's does: .jpg, .jpeg,
// .png, .gif, .webp or .bmp, in either case.
func IsName(name string) bool {
	switch strings.ToLower(path.Ext(name)) {
	case ".jpg", ".jpeg", ".png", ".gif", ".webp", ".bmp":
		return true
	}
	return false
}

// Read decodes the picture in a file, as [Decode] does.
func Read(name string) (image.Image, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("images: %w", err)
	}
	defer file.Close()
	picture, err := Decode(file)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return picture, nil
}

// Decode decodes a picture, whose format is told by its content, and turns it
// upright where its Exif orientation says so. Of a moving picture it returns
// the first frame. Errors: [ErrFormat], damaged content, a [*SizeError].
func Decode(r io.Reader) (image.Image, error) {
	_, header, err := readHeader(r)
	if err != nil {
		return nil, err
	}
	whole := &scanLimit{r: io.MultiReader(bytes.NewReader(header), r), isJPEG: isJPEG(header)}
	picture, _, err := image.Decode(whole)
	if err = cmp.Or(whole.err, err); err != nil {
		return nil, fmt.Errorf("images: %w", err)
	}
	return upright(picture, readOrientation(header)), nil
}

// DecodeSize returns the size that [Decode] would give the picture, reading no
// more than its header. Errors are those of Decode, as far as the header shows
// them.
func DecodeSize(r io.Reader) (image.Point, error) {
	size, header, err := readHeader(r)
	if err != nil {
		return image.Point{}, err
	}
	if readOrientation(header).transposes() {
		size.X, size.Y = size.Y, size.X
	}
	return size, nil
}

// readHeader returns the size of the stored picture and the bytes read for it.
func readHeader(r io.Reader) (size image.Point, header []byte, err error) {
	var read bytes.Buffer
	config, _, err := image.DecodeConfig(io.TeeReader(io.LimitReader(r, maxHeader), &read))
	switch {
	case errors.Is(err, image.ErrFormat):
		return size, nil, ErrFormat
	case err != nil:
		return size, nil, fmt.Errorf("images: %w", err)
	case config.Width < 1 || config.Height < 1:
		return size, nil, errors.New("images: the picture has no pixels")
	case config.Width > MaxPixels/config.Height:
		return size, nil, &SizeError{Width: config.Width, Height: config.Height}
	}
	return image.Pt(config.Width, config.Height), read.Bytes(), nil
}
