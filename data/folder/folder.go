// Package folder reads a set of pictures kept as a folder for each class:
//
//	DIR/cat/1.jpg  DIR/dog/2.png  ...                 divided 80:20, stratified
//	DIR/train/cat/1.jpg  DIR/test/cat/2.jpg  ...      as it is divided already
//
// Classes are numbered in the order of their names. Pictures (JPEG, PNG, GIF,
// WebP, BMP, told by their name's ending) may lie in folders within a class.
// Hidden files are passed over. A link to a class's folder is followed, links
// to folders within it are not.
package folder

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"example.org/chainrule/data"
	"example.org/chainrule/data/images"
)

const (
	// DefaultSide is the height and width that pictures of several sizes are
	// resized to where [Options] names none.
	DefaultSide = 64

	// MaxNativeSide is the largest side up to which pictures that are all of
	// one size keep it.
	MaxNativeSide = 256

	// MaxBytes is the largest set held in memory: 4 GiB of pixels.
	MaxBytes = 1 << 32

	maxSide       = 1 << 14
	trainFraction = 0.8
)

// Options says how pictures are read.
type Options struct {
	// Height and Width are the size that pictures are resized to, not keeping
	// their proportions. Zero: the size they all have, if it is at most
	// 256x256, or else 64x64.
	Height, Width int

	// Channels is 1 (grey) or 3 (colour). Zero: 1 if every picture is grey, or
	// else 3.
	Channels int

	// Seed draws which pictures are tested on, where the folder isn't divided.
	Seed uint64

	// Strict makes a picture that cannot be decoded an error; without it the
	// picture is left out and reported.
	Strict bool
}

func (o Options) check() error {
	inRange := func(side int) bool { return side >= 1 && side <= maxSide }
	switch {
	case (o.Height != 0 || o.Width != 0) && !(inRange(o.Height) && inRange(o.Width)):
		return fmt.Errorf("folder: a size of %dx%d: height and width are both from 1 to %d, or both 0", o.Height, o.Width, maxSide)
	case o.Channels != 0 && o.Channels != 1 && o.Channels != 3:
		return fmt.Errorf("folder: %d channels: it is 1 (grey), 3 (colour), or 0 to choose", o.Channels)
	}
	return nil
}

// ImageError tells of a picture that cannot be decoded.
type ImageError struct {
	Path string
	Err  error
}

func (e *ImageError) Error() string { return fmt.Sprintf("%s: %v", e.Path, e.Err) }

// Unwrap returns what decoding it returned.
func (e *ImageError) Unwrap() error { return e.Err }

// Open reads the pictures under dir. Where dir has a folder train and one named
// test, val, valid or validation (the first that is there), these are the two
// parts; otherwise each class is divided 80:20.
//
// Errors: options out of range; dir missing or not a folder; fewer than two class folders; a class
// without a usable picture in either part; classes that differ between the
// parts; a set of more than [MaxBytes]; with Strict, an [*ImageError].
func Open(ctx context.Context, dir string, options Options) (*data.Splits, error) {
	info, err := os.Stat(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("folder: %s: %w: name a folder that holds one folder of pictures for each class", dir, fs.ErrNotExist)
	}
	if err != nil {
		return nil, fmt.Errorf("folder: %w", err)
	}
	if !info.IsDir() {
		return nil, fmt.Errorf("folder: %s is a file, not a folder", dir)
	}
	return OpenFS(ctx, os.DirFS(dir), dir, options)
}

// OpenFS is [Open] for a file system, such as a zip file's; name stands for its
// root in errors.
func OpenFS(ctx context.Context, fsys fs.FS, name string, options Options) (*data.Splits, error) {
	if err := options.check(); err != nil {
		return nil, err
	}
	root := tree{fsys, name}
	layout, err := root.layout(options.Seed)
	if err != nil {
		return nil, err
	}
	reader := reader{tree: root, options: options, classes: layout.classes}
	if options.Height == 0 {
		if err := reader.chooseSize(ctx, layout); err != nil {
			return nil, err
		}
	}
	return reader.readBoth(ctx, layout)
}

// readBoth reads the two parts and settles on their channels.
func (r *reader) readBoth(ctx context.Context, l layout) (*data.Splits, error) {
	if err := r.checkMemory(len(l.train) + len(l.test)); err != nil {
		return nil, err
	}
	train, skipped, err := r.read(ctx, l.train, "to train on")
	if err != nil {
		return nil, err
	}
	test, skippedTest, err := r.read(ctx, l.test, "to test on")
	if err != nil {
		return nil, err
	}
	if r.options.Channels == 0 && images.IsGray(train.Pixels) && images.IsGray(test.Pixels) {
		for _, part := range []*data.Dataset{train, test} {
			part.Pixels, part.Channels = images.RGBToGray(part.Pixels), 1
		}
	}
	return &data.Splits{Train: train, Test: test, Drawn: l.drawn, Skipped: append(skipped, skippedTest...)}, nil
}
