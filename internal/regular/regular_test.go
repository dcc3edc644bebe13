package regular

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestOpen(t *testing.T) {
	dir := t.TempDir()
	_, err := Open(dir)
	require.EqualError(t, err, dir+" is not an ordinary file")
	_, err = Open(os.DevNull)
	require.ErrorContains(t, err, "is not an ordinary file")
	name := filepath.Join(dir, "file")
	_, err = Open(name)
	require.ErrorIs(t, err, fs.ErrNotExist)
	require.NoError(t, os.WriteFile(name, []byte("text"), 0o666))
	file, err := Open(name)
	require.NoError(t, err)
	require.NoError(t, file.Close())
}
