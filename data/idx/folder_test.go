package idx

import (
	"os"
	"path/filepath"
	"testing"

	"example.org/chainrule/data"
	"example.org/chainrule/data/internal/realdata"

	"github.com/stretchr/testify/require"
)

// fill writes a small set under the given names: images and labels to train
// on, images and labels to test on.
func fill(t *testing.T, names [4]string) string {
	t.Helper()
	dir := t.TempDir()
	write(t, dir, names[0], encodedImages(t))
	write(t, dir, names[1], encodedLabels(t, 0, 2))
	write(t, dir, names[2], encodedImages(t))
	write(t, dir, names[3], encodedLabels(t, 1, 1))
	return dir
}

var usual = [4]string{"train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"}

func TestOpenFolderSpellings(t *testing.T) {
	for _, names := range [][4]string{
		usual,
		{"train-images.idx3-ubyte", "train-labels.idx1-ubyte", "t10k-images.idx3-ubyte", "t10k-labels.idx1-ubyte"},
		{"emnist-letters-train-images-idx3-ubyte", "emnist-letters-train-labels-idx1-ubyte",
			"emnist-letters-test-images-idx3-ubyte", "emnist-letters-test-labels-idx1-ubyte"},
		{"train-images-64x64-idx3-ubyte", "train-labels-idx1-ubyte", "test-images-64x64-idx3-ubyte", "test-labels-idx1-ubyte"},
	} {
		dir := fill(t, names)
		require.True(t, IsFolder(dir))
		train, test, err := OpenFolder(dir)
		require.NoError(t, err)
		require.Equal(t, &data.Dataset{Height: 2, Width: 3, Channels: 1, Pixels: two().Pixels,
			Labels: []int32{0, 2}, Classes: []string{"0", "1", "2"}}, train)
		require.Equal(t, []int32{1, 1}, test.Labels)
		require.Equal(t, train.Classes, test.Classes)
	}
}

func TestOpenFolderPrefersPlain(t *testing.T) {
	dir := fill(t, usual)
	write(t, dir, usual[0]+".gz", []byte("not read"))
	_, _, err := OpenFolder(dir)
	require.NoError(t, err)
}

func TestOpenFolderRefuses(t *testing.T) {
	wide := Images{Count: 2, Height: 2, Width: 2, Pixels: make([]byte, 8)}
	for name, c := range map[string]struct {
		spoil func(dir string)
		want  string
	}{
		"missing": {func(dir string) { require.NoError(t, os.Remove(filepath.Join(dir, usual[3]))) },
			"t10k-labels-idx1-ubyte is missing (plain or .gz)"},
		"twice": {func(dir string) { write(t, dir, "train-images.idx3-ubyte", encodedImages(t)) },
			"train-images-idx3-ubyte and train-images.idx3-ubyte stand for the same part of the set: keep one"},
		"count": {func(dir string) { write(t, dir, usual[1], encodedLabels(t, 1, 2, 0)) },
			"train-images-idx3-ubyte holds 2 images, "},
		"size": {func(dir string) { write(t, dir, usual[2], encoded(t, wide.Encode)) },
			"training images are 2x3, test images 2x2"},
		"label": {func(dir string) { write(t, dir, usual[3], encodedLabels(t, 1, 3)) },
			"label 3 of image 1 is out of range: there are 3 classes, numbered from 0 to 2"},
		"one class": {func(dir string) { write(t, dir, usual[1], encodedLabels(t, 0, 0)) },
			"the set has 1 class, telling classes apart takes at least two"},
		"exchanged": {func(dir string) { write(t, dir, usual[1], encodedImages(t)) },
			usual[1] + ": this file holds images (magic number 0x00000803); labels are wanted here"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := fill(t, usual)
			c.spoil(dir)
			_, _, err := OpenFolder(dir)
			require.ErrorContains(t, err, dir)
			require.ErrorContains(t, err, c.want)
		})
	}
}

func TestIsFolder(t *testing.T) {
	require.False(t, IsFolder(t.TempDir()))
	require.False(t, IsFolder(filepath.Join(t.TempDir(), "none")))
}

func TestRealBrainMRI(t *testing.T) {
	train, test, err := OpenFolder(realdata.Path(t, "brain_mri"))
	require.NoError(t, err)
	require.Equal(t, [3]int{64, 64, 1}, [3]int{train.Height, train.Width, train.Channels})
	require.Equal(t, 2450, train.Len())
	require.Equal(t, []int{186, 142, 286}, test.ClassCounts())
}

func TestReadWantsAnOrdinaryFile(t *testing.T) {
	_, err := ReadImages(os.DevNull)
	require.ErrorContains(t, err, "is not an ordinary file")
}

func TestNewDatasetOfNothing(t *testing.T) {
	require.ErrorContains(t, NewDataset(Images{Height: 1, Width: 1}, nil).Check(), "the set holds no image")
}
