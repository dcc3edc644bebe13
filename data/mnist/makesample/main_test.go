package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"example.org/chainrule/data/idx"
	"example.org/chainrule/data/internal/realdata"
	"example.org/chainrule/data/mnist"

	"github.com/stretchr/testify/require"
)

// The embedded sample is what this program makes of MNIST.
func TestSampleIsReproducible(t *testing.T) {
	train, test, err := draw(realdata.Path(t, "mnist"))
	require.NoError(t, err)
	embeddedTrain, embeddedTest := mnist.Sample()
	require.True(t, bytes.Equal(embeddedTrain.Pixels, train.Pixels), "training images differ")
	require.True(t, bytes.Equal(embeddedTest.Pixels, test.Pixels), "test images differ")
	require.Equal(t, embeddedTrain.Labels, train.Labels)
	require.Equal(t, embeddedTest.Labels, test.Labels)
}

// small writes a set of 40 images of two classes, under MNIST's names.
func small(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	images := idx.Images{Count: 40, Height: 1, Width: 1}
	labels := make([]byte, images.Count)
	for i := range labels {
		images.Pixels = append(images.Pixels, byte(i))
		labels[i] = byte(i % 2)
	}
	for _, part := range []string{"train", "t10k"} {
		var imageFile, labelFile bytes.Buffer
		require.NoError(t, images.Encode(&imageFile))
		require.NoError(t, idx.EncodeLabels(&labelFile, labels))
		require.NoError(t, os.WriteFile(filepath.Join(dir, part+"-images-idx3-ubyte"), imageFile.Bytes(), 0o600))
		require.NoError(t, os.WriteFile(filepath.Join(dir, part+"-labels-idx1-ubyte"), labelFile.Bytes(), 0o600))
	}
	return dir
}

func TestRunIsRepeatable(t *testing.T) {
	source, dir := small(t), t.TempDir()
	var files [2][]byte
	for i := range files {
		path := filepath.Join(dir, "sample.idx.gz")
		require.NoError(t, run(source, path))
		content, err := os.ReadFile(path)
		require.NoError(t, err)
		files[i] = content
	}
	require.True(t, bytes.Equal(files[0], files[1]))
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, entries, 1, "no temporary file is left")
}

func TestRunWithoutMNIST(t *testing.T) {
	dir := t.TempDir()
	require.ErrorContains(t, run(dir, filepath.Join(dir, "out")), "train-images-idx3-ubyte is missing")
}
