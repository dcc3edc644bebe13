// Package data holds labelled images in memory and hands them out in batches.
//
// It knows nothing of tensors: images are bytes, labels are int32, and what a
// [Loader] yields is what a device uploads.
//
//	train, test := mnist.Sample()
//	loader, err := data.NewLoader(train, data.LoaderOptions{Batch: 64, Shuffle: true, Seed: 1})
//	for batch, err := range loader.Epoch(ctx, 1) { ... }
//
// Where images come from: data/mnist (embedded sample, or the full set),
// data/idx (files as MNIST's), data/folder (a folder of images for each class),
// and data/datasets, which opens any of them by name. data/images turns one
// picture into the bytes that a model was trained on.
package data

import (
	"fmt"
	"math"
)

// Dataset is a labelled set of images of one size, held in memory.
type Dataset struct {
	Height, Width, Channels int

	// Pixels is [N, Height, Width, Channels], one byte each, in one piece.
	Pixels []byte

	// Labels is [N]; each is an index into Classes.
	Labels []int32

	// Classes names the classes.
	Classes []string
}

// Splits is a set in two parts: one to train on, one to test on. Both have the
// same image size and classes.
type Splits struct {
	Train, Test *Dataset

	// Drawn says that both were drawn from a set that was not divided.
	Drawn bool

	// Skipped has an error for each image that could not be read.
	Skipped []error
}

// LabelError tells of a label that names no class.
type LabelError struct {
	Index   int   // the image
	Label   int32 // its label
	Classes int   // the number of classes
}

func (e *LabelError) Error() string {
	return fmt.Sprintf("data: label %d of image %d is out of range: there are %d classes, numbered from 0 to %d",
		e.Label, e.Index, e.Classes, e.Classes-1)
}

// Len is the number of images.
func (d *Dataset) Len() int { return len(d.Labels) }

// ImageSize is the number of bytes of one image: Height*Width*Channels.
func (d *Dataset) ImageSize() int { return d.Height * d.Width * d.Channels }

// Image returns the pixels of image i, [Height, Width, Channels]; they are the
// set's own, not a copy.
func (d *Dataset) Image(i int) []byte {
	size := d.ImageSize()
	return d.Pixels[i*size : (i+1)*size : (i+1)*size]
}

// Check reports what makes the set unusable: no images, fewer than two
// classes, pixels that do not match the size and count, or a label that names
// no class (a [*LabelError]).
func (d *Dataset) Check() error {
	switch {
	case d.Height < 1 || d.Width < 1 || d.Channels < 1, d.Height > math.MaxInt/d.Width/d.Channels:
		return fmt.Errorf("data: images of %dx%dx%d pixels", d.Height, d.Width, d.Channels)
	case d.Len() == 0:
		return fmt.Errorf("data: the set holds no image")
	case len(d.Classes) < 2:
		return fmt.Errorf("data: the set has %d class, telling classes apart takes at least two", len(d.Classes))
	case len(d.Pixels) != d.Len()*d.ImageSize():
		return fmt.Errorf("data: %d bytes of pixels for %d images of %dx%dx%d",
			len(d.Pixels), d.Len(), d.Height, d.Width, d.Channels)
	}
	for i, label := range d.Labels {
		if label < 0 || int(label) >= len(d.Classes) {
			return &LabelError{Index: i, Label: label, Classes: len(d.Classes)}
		}
	}
	return nil
}

// ClassCounts returns the number of images of each class.
func (d *Dataset) ClassCounts() []int {
	counts := make([]int, len(d.Classes))
	for _, label := range d.Labels {
		counts[label]++
	}
	return counts
}

// Subset copies the images at the given indices, in that order.
func (d *Dataset) Subset(indices []int) *Dataset {
	sub := *d
	sub.Pixels = make([]byte, 0, len(indices)*d.ImageSize())
	sub.Labels = make([]int32, 0, len(indices))
	for _, i := range indices {
		sub.Pixels = append(sub.Pixels, d.Image(i)...)
		sub.Labels = append(sub.Labels, d.Labels[i])
	}
	return &sub
}

// Split divides the set in two, stratified: fraction of each class goes to the
// first part and the rest to the second (see [Stratify]). Both keep the order
// of the images.
func (d *Dataset) Split(fraction float64, seed uint64) (first, second *Dataset) {
	in, out := Stratify(d.Labels, fraction, seed)
	return d.Subset(in), d.Subset(out)
}

// ChannelStats returns the mean and the standard deviation of each channel
// over the whole set, with pixels scaled from 0..255 to 0..1.
func (d *Dataset) ChannelStats() (mean, std []float32) {
	sums := make([]uint64, d.Channels)
	squares := make([]uint64, d.Channels)
	for i := 0; i < len(d.Pixels); i += d.Channels {
		for c, v := range d.Pixels[i : i+d.Channels] {
			sums[c] += uint64(v)
			squares[c] += uint64(v) * uint64(v)
		}
	}
	n := float64(len(d.Pixels) / d.Channels)
	for c := range sums {
		m := float64(sums[c]) / n
		mean = append(mean, float32(m/255))
		std = append(std, float32(math.Sqrt(float64(squares[c])/n-m*m)/255))
	}
	return mean, std
}
