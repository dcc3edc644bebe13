package atomicfile

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// text returns a writer of s.
func text(s string) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := io.WriteString(w, s)
		return err
	}
}

func TestWriteReplaces(t *testing.T) {
	path := filepath.Join(t.TempDir(), "weights")
	require.NoError(t, Write(path, text("first, and longer")))
	require.NoError(t, Write(path, text("second")))

	got, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, "second", string(got))
	requireOnly(t, path)
}

func TestWriteThatFailsChangesNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "weights")
	require.NoError(t, Write(path, text("good")))
	broken := errors.New("broken")
	err := Write(path, func(w io.Writer) error {
		require.NoError(t, text("half of the")(w))
		return broken
	})
	require.ErrorIs(t, err, broken)
	require.ErrorContains(t, err, path)

	got, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, "good", string(got))
	requireOnly(t, path)
}

func TestWriteToNoFolder(t *testing.T) {
	err := Write(filepath.Join(t.TempDir(), "missing", "weights"), text("x"))
	require.ErrorIs(t, err, fs.ErrNotExist)
}

func TestWriteOverFolder(t *testing.T) {
	path := filepath.Join(t.TempDir(), "weights")
	require.NoError(t, os.Mkdir(path, 0o777))
	require.Error(t, Write(path, text("x")))
	requireOnly(t, path)
}

// requireOnly checks that path is alone in its folder: no temporary file stays.
func requireOnly(t *testing.T, path string) {
	t.Helper()
	entries, err := os.ReadDir(filepath.Dir(path))
	require.NoError(t, err)
	require.Len(t, entries, 1)
	require.Equal(t, filepath.Base(path), entries[0].Name())
}
