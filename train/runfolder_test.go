package train_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/chainrule/train"
)

func TestNewRunFolderTakesTheNextFreeName(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, want := range []string{"lenet-1", "lenet-2", "lenet-3"} {
		dir, err := train.NewRunFolder("", "lenet")
		require.NoError(t, err)
		require.Equal(t, filepath.Join("runs", want), dir)
		require.DirExists(t, dir)
	}
	require.NoError(t, os.Remove(filepath.Join("runs", "lenet-2")))
	dir, err := train.NewRunFolder("", "lenet")
	require.NoError(t, err)
	require.Equal(t, filepath.Join("runs", "lenet-2"), dir)
}

func TestNewRunFolderWithAName(t *testing.T) {
	root := t.TempDir()
	for _, name := range []string{"a", "deep/er/b", "c/"} {
		dir, err := train.NewRunFolder(root+"/"+name, "lenet")
		require.NoError(t, err)
		require.Equal(t, filepath.Join(root, name), dir)
		require.DirExists(t, dir)
	}
	_, err := train.NewRunFolder(root+"/a", "lenet")
	require.ErrorIs(t, err, fs.ErrExist)
	require.EqualError(t, err, "train: run folder "+filepath.Join(root, "a")+
		": file already exists, and a run is never overwritten: choose another folder or remove that one")
}

func TestNewRunFolderWhereNoneCanBe(t *testing.T) {
	root := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(root, "file"), nil, 0o600))
	_, err := train.NewRunFolder(filepath.Join(root, "file", "run"), "lenet")
	require.ErrorContains(t, err, "train: cannot make the run folder: ")

	t.Chdir(root)
	require.NoError(t, os.WriteFile("runs", nil, 0o600))
	_, err = train.NewRunFolder("", "lenet")
	require.ErrorContains(t, err, "train: cannot make the run folder: ")
}
