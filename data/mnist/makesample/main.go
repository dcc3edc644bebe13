// Makesample draws the sample of MNIST that package mnist embeds: a tenth of
// the training set and a tenth of the test set, each class keeping its share,
// by a fixed seed. Run it through go generate, with the folder of MNIST's four
// files in the environment:
//
//	MNIST=DIR go generate ./data/mnist
package main

import (
	"compress/gzip"
	"flag"
	"fmt"
	"io"
	"os"

	"example.org/chainrule/data"
	"example.org/chainrule/data/idx"
	"example.org/chainrule/internal/atomicfile"
)

const (
	fraction = 0.1
	seed     = 1
)

func main() {
	from := flag.String("from", "", "the folder that holds MNIST's four files")
	to := flag.String("to", "sample.idx.gz", "the file to write")
	flag.Parse()
	if err := run(*from, *to); err != nil {
		fmt.Fprintln(os.Stderr, "makesample:", err)
		os.Exit(1)
	}
}

// run draws the sample and writes its file, whole or not at all.
func run(from, to string) error {
	train, test, err := draw(from)
	if err != nil {
		return err
	}
	return atomicfile.Write(to, func(w io.Writer) error { return write(w, train, test) })
}

// draw takes the fraction of each part; the parts are MNIST's, so no image is
// in both. The images keep their order.
func draw(from string) (train, test *data.Dataset, err error) {
	fullTrain, fullTest, err := idx.OpenFolder(from)
	if err != nil {
		return nil, nil, err
	}
	train, _ = fullTrain.Split(fraction, seed)
	test, _ = fullTest.Split(fraction, seed)
	return train, test, nil
}

// write compresses the four tables: images and labels of each part.
func write(w io.Writer, parts ...*data.Dataset) error {
	compressed, err := gzip.NewWriterLevel(w, gzip.BestCompression)
	if err != nil {
		return err
	}
	for _, part := range parts {
		images := idx.Images{Count: part.Len(), Height: part.Height, Width: part.Width, Pixels: part.Pixels}
		if err := images.Encode(compressed); err != nil {
			return err
		}
		labels := make([]byte, part.Len())
		for i, label := range part.Labels {
			labels[i] = byte(label)
		}
		if err := idx.EncodeLabels(compressed, labels); err != nil {
			return err
		}
	}
	return compressed.Close()
}
