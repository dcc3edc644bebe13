package folder

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"testing/fstest"

	"example.org/chainrule/data"
	"example.org/chainrule/data/images"
	"example.org/chainrule/data/internal/realdata"

	"github.com/stretchr/testify/require"
	"golang.org/x/image/bmp"
)

// fill is a picture of one colour, as the file of a format.
func fill(t *testing.T, encode func(io.Writer, image.Image) error, width, height int, c color.Color) *fstest.MapFile {
	t.Helper()
	picture := image.NewRGBA(image.Rect(0, 0, width, height))
	for i := range width * height {
		picture.Set(i%width, i/width, c)
	}
	var content bytes.Buffer
	require.NoError(t, encode(&content, picture))
	return &fstest.MapFile{Data: content.Bytes()}
}

func gray(t *testing.T, value byte) *fstest.MapFile {
	return fill(t, png.Encode, 4, 3, color.Gray{Y: value})
}

// pets has ten pictures of each of two classes: cats are 1 to 10, dogs 101 to
// 110.
func pets(t *testing.T) fstest.MapFS {
	files := fstest.MapFS{}
	for i := range byte(10) {
		files[fmt.Sprintf("cat/%d.png", i)] = gray(t, i+1)
		files[fmt.Sprintf("dog/%d.png", i)] = gray(t, i+101)
	}
	return files
}

// divided has two pictures of each class to train on and one to test on.
func divided(t *testing.T, train, test string) fstest.MapFS {
	files := fstest.MapFS{}
	for label, class := range []string{"cat", "dog"} {
		files[train+"/"+class+"/a.png"] = gray(t, byte(10+label))
		files[train+"/"+class+"/b.png"] = gray(t, byte(20+label))
		files[test+"/"+class+"/a.png"] = gray(t, byte(30+label))
	}
	return files
}

func open(t *testing.T, fsys fs.FS, options Options) *data.Splits {
	t.Helper()
	set, err := OpenFS(t.Context(), fsys, "pets", options)
	require.NoError(t, err)
	require.NoError(t, set.Train.Check())
	require.NoError(t, set.Test.Check())
	return set
}

func TestOpenDividesEachClass(t *testing.T) {
	set := open(t, pets(t), Options{Seed: 1})
	require.Equal(t, []string{"cat", "dog"}, set.Train.Classes)
	require.Equal(t, []int{8, 8}, set.Train.ClassCounts())
	require.Equal(t, []int{2, 2}, set.Test.ClassCounts())

	seen := map[byte]bool{}
	for _, part := range []*data.Dataset{set.Train, set.Test} {
		for i, label := range part.Labels {
			value := part.Image(i)[0]
			require.Equal(t, value > 100, label == 1, "a picture keeps its label")
			seen[value] = true
		}
	}
	require.Len(t, seen, 20, "every picture is in one part")
}

func TestOpenIsDeterministic(t *testing.T) {
	files := pets(t)
	want := open(t, files, Options{Seed: 1})
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	require.Equal(t, want, open(t, files, Options{Seed: 1}))
	require.NotEqual(t, want, open(t, files, Options{Seed: 2}))
}

func TestOpenDivided(t *testing.T) {
	for _, names := range [][2]string{{"train", "test"}, {"Train", "VAL"}, {"train", "valid"}, {"train", "validation"}} {
		set := open(t, divided(t, names[0], names[1]), Options{})
		require.Equal(t, []int32{0, 0, 1, 1}, set.Train.Labels)
		require.Equal(t, []int32{0, 1}, set.Test.Labels)
		require.Equal(t, byte(20), set.Train.Image(1)[0])
		require.Equal(t, byte(31), set.Test.Image(1)[0])
	}
	both := divided(t, "train", "val")
	for name, file := range divided(t, "train", "test") {
		both[name] = file
	}
	both["test/cat/a.png"] = gray(t, 77)
	require.Equal(t, byte(77), open(t, both, Options{}).Test.Image(0)[0], "test comes before val")
}

// A folder train alone is a set to divide, unless it's a class among others.
func TestOpenTrainAlone(t *testing.T) {
	alone := fstest.MapFS{}
	for name, file := range pets(t) {
		alone["train/"+name] = file
	}
	require.Equal(t, []string{"cat", "dog"}, open(t, alone, Options{}).Train.Classes)

	vehicles := fstest.MapFS{}
	for i, class := range []string{"bus", "train"} {
		vehicles[class+"/a.png"], vehicles[class+"/b.png"] = gray(t, byte(i)), gray(t, byte(i))
	}
	require.Equal(t, []string{"bus", "train"}, open(t, vehicles, Options{}).Train.Classes)
}

func TestOpenFormatsAndNames(t *testing.T) {
	files := pets(t)
	encodeJPEG := func(w io.Writer, m image.Image) error { return jpeg.Encode(w, m, nil) }
	encodeGIF := func(w io.Writer, m image.Image) error { return gif.Encode(w, m, nil) }
	files["cat/more/within/x.JPG"] = fill(t, encodeJPEG, 4, 3, color.Black)
	files["cat/y.Gif"] = fill(t, encodeGIF, 4, 3, color.Black)
	files["dog/z.bmp"] = fill(t, bmp.Encode, 4, 3, color.Black)
	files["dog/png-in-truth.webp"] = gray(t, 0)
	files["dog/.hidden.png"] = &fstest.MapFile{Data: []byte("not read")}
	files["dog/notes.txt"] = &fstest.MapFile{Data: []byte("not read")}
	files[".git/x.png"] = &fstest.MapFile{Data: []byte("not read")}
	files["__MACOSX/x.png"] = &fstest.MapFile{Data: []byte("not read")}
	files["labels.csv"] = &fstest.MapFile{Data: []byte("not read")}
	set := open(t, files, Options{Strict: true})
	require.Equal(t, []string{"cat", "dog"}, set.Train.Classes)
	require.Equal(t, 24, set.Train.Len()+set.Test.Len())
}

func TestOpenKeepsGrayGray(t *testing.T) {
	files := pets(t)
	require.Equal(t, 1, open(t, files, Options{}).Train.Channels)
	require.Equal(t, 3, open(t, files, Options{Channels: 3}).Train.Channels)

	files["dog/red.png"] = fill(t, png.Encode, 4, 3, color.RGBA{255, 0, 0, 255})
	set := open(t, files, Options{})
	require.Equal(t, 3, set.Train.Channels)
	require.Equal(t, 3, set.Test.Channels)
	require.Equal(t, 1, open(t, files, Options{Channels: 1}).Train.Channels)
}

func TestOpenChoosesTheSize(t *testing.T) {
	size := func(files fstest.MapFS, options Options) [2]int {
		set := open(t, files, options)
		return [2]int{set.Test.Height, set.Test.Width}
	}
	files := pets(t)
	require.Equal(t, [2]int{3, 4}, size(files, Options{}), "the size they all have")
	require.Equal(t, [2]int{5, 7}, size(files, Options{Height: 5, Width: 7}))
	files["dog/other.png"] = fill(t, png.Encode, 3, 4, color.Black)
	require.Equal(t, [2]int{64, 64}, size(files, Options{}), "several sizes")

	large := fstest.MapFS{}
	for _, name := range []string{"a/1.png", "a/2.png", "b/1.png", "b/2.png"} {
		large[name] = fill(t, png.Encode, 257, 10, color.Black)
	}
	require.Equal(t, [2]int{64, 64}, size(large, Options{}), "one size, but a large one")
}

func TestOpenSkipsWhatCannotBeDecoded(t *testing.T) {
	files := pets(t)
	files["cat/3.png"] = &fstest.MapFile{Data: []byte("no picture")}
	files["dog/empty.jpg"] = &fstest.MapFile{}
	set := open(t, files, Options{})
	require.Equal(t, 19, set.Train.Len()+set.Test.Len())
	require.Len(t, set.Skipped, 2)
	text := errors.Join(set.Skipped...).Error()
	require.Contains(t, text, "pets/cat/3.png: images: not a JPEG, PNG, GIF, WebP or BMP picture")
	require.Contains(t, text, "pets/dog/empty.jpg: images: not a JPEG, PNG, GIF, WebP or BMP picture")
	for _, part := range []*data.Dataset{set.Train, set.Test} {
		for i, label := range part.Labels {
			require.Equal(t, part.Image(i)[0] > 100, label == 1, "labels move with their pictures")
			require.NotEqual(t, byte(4), part.Image(i)[0])
		}
	}

	_, err := OpenFS(t.Context(), files, "pets", Options{Strict: true})
	var failed *ImageError
	require.ErrorAs(t, err, &failed)
	require.ErrorContains(t, err, "folder: pets/")
}

func TestOpenRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		spoil   func(fstest.MapFS)
		options Options
		want    string
	}{
		"no class": {func(f fstest.MapFS) { clear(f); f["a.png"] = gray(t, 1) }, Options{},
			"folder: pets holds no folder: the pictures of each class belong in a folder of its own"},
		"one class": {func(f fstest.MapFS) { clear(f); f["cat/a.png"] = gray(t, 1) }, Options{},
			"folder: pets holds one class only (cat): telling classes apart takes at least two folders"},
		"empty class": {func(f fstest.MapFS) { f["eel/notes.txt"] = &fstest.MapFile{} }, Options{},
			`folder: pets: class "eel" has no usable picture to train on`},
		"class of one": {func(f fstest.MapFS) { f["eel/a.png"] = gray(t, 1) }, Options{},
			`folder: pets: class "eel" has no usable picture to test on`},
		"class of junk": {func(f fstest.MapFS) { f["eel/a.png"], f["eel/b.png"] = &fstest.MapFile{}, &fstest.MapFile{} }, Options{},
			`folder: pets: class "eel" has no usable picture to train on (1 could not be decoded, the first: pets/eel/`},
		"other classes": {func(f fstest.MapFS) {
			clear(f)
			for name, file := range divided(t, "train", "test") {
				f[name] = file
			}
			f["test/eel/a.png"] = gray(t, 1)
		}, Options{}, `folder: pets: class "eel" is not in both train and test`},
		"half a size": {func(fstest.MapFS) {}, Options{Height: 5},
			"folder: a size of 5x0: height and width are both from 1 to 16384, or both 0"},
		"channels": {func(fstest.MapFS) {}, Options{Channels: 2},
			"folder: 2 channels: it is 1 (grey), 3 (colour), or 0 to choose"},
		"memory": {func(fstest.MapFS) {}, Options{Height: 16384, Width: 16384},
			"folder: pets: 20 pictures of 16384x16384x3 are more than the 4 GiB that a set may take: choose a smaller size"},
	} {
		t.Run(name, func(t *testing.T) {
			files := pets(t)
			c.spoil(files)
			_, err := OpenFS(t.Context(), files, "pets", c.options)
			require.ErrorContains(t, err, c.want)
		})
	}
}

func TestOpenRefusesPaths(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "none")
	_, err := Open(t.Context(), missing, Options{})
	require.EqualError(t, err, "folder: "+missing+": file does not exist: name a folder that holds one folder of pictures for each class")
	require.ErrorIs(t, err, fs.ErrNotExist)

	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	_, err = Open(t.Context(), file, Options{})
	require.EqualError(t, err, "folder: "+file+" is a file, not a folder")
}

func TestOpenCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := OpenFS(ctx, pets(t), "pets", Options{})
	require.ErrorIs(t, err, context.Canceled)
}

// A picture's size is checked before its pixels are decoded.
func TestOpenHugePicture(t *testing.T) {
	files := pets(t)
	files["cat/huge.gif"] = &fstest.MapFile{Data: []byte("GIF89a\xff\xff\xff\xff\x00\x00\x00")}
	set := open(t, files, Options{})
	require.Len(t, set.Skipped, 1)
	var size *images.SizeError
	require.ErrorAs(t, set.Skipped[0], &size)
}

func TestOpenLinks(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.CopyFS(dir, pets(t)))
	elsewhere := t.TempDir()
	require.NoError(t, os.CopyFS(elsewhere, pets(t)))
	for name, target := range map[string]string{
		"eel":          filepath.Join(elsewhere, "dog"), // a class kept elsewhere
		"again":        dir,                             // the folder itself
		"cat/loop":     dir,                             // the folder above
		"cat/link.png": filepath.Join(elsewhere, "dog", "1.png"),
		"cat/dead.png": filepath.Join(elsewhere, "none.png"),
		"cat/dir.png":  elsewhere,
	} {
		if err := os.Symlink(target, filepath.Join(dir, filepath.FromSlash(name))); err != nil {
			t.Skipf("no symbolic links here: %v", err)
		}
	}
	set, err := Open(t.Context(), dir, Options{Strict: true})
	require.NoError(t, err)
	require.Equal(t, []string{"cat", "dog", "eel"}, set.Train.Classes)
	require.Equal(t, 31, set.Train.Len()+set.Test.Len())
}

func TestRealCIFAR10(t *testing.T) {
	archive, err := zip.OpenReader(realdata.Path(t, "cifar10/cifar10-test.zip"))
	require.NoError(t, err)
	defer archive.Close()
	root, err := fs.Sub(archive, "test")
	require.NoError(t, err)
	set := open(t, root, Options{Strict: true})
	require.Equal(t, [3]int{32, 32, 3}, [3]int{set.Train.Height, set.Train.Width, set.Train.Channels})
	for class := range 10 {
		require.Equal(t, 800, set.Train.ClassCounts()[class])
		require.Equal(t, 200, set.Test.ClassCounts()[class])
	}
	require.Equal(t, "airplane", set.Train.Classes[0])
}

// pipeFS has a pipe, opening which would wait for ever.
type pipeFS struct {
	*testing.T
	fstest.MapFS
}

func (f pipeFS) Open(name string) (fs.File, error) {
	require.NotEqual(f, "cat/pipe.png", name, "the pipe is opened")
	return f.MapFS.Open(name)
}

func TestOpenPassesOverPipes(t *testing.T) {
	fsys := pets(t)
	fsys["cat/pipe.png"] = &fstest.MapFile{Mode: fs.ModeNamedPipe}
	open(t, pipeFS{t, fsys}, Options{})
}
