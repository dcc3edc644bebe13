package driver

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestPlaces(t *testing.T) {
	env := func(name string) string {
		return map[string]string{"LD_LIBRARY_PATH": "/here", "SystemRoot": "/windows"}[name]
	}
	require.Equal(t, []string{filepath.Join("/windows", "System32", "nvcuda.dll")}, places("windows", env))
	require.Empty(t, places("darwin", env))
	linux := places("linux", env)
	require.Equal(t, filepath.Join("/here", "libcuda.so.1"), linux[0])
	require.Contains(t, linux, "/proc/driver/nvidia/version")
}

func TestInstalled(t *testing.T) {
	system := t.TempDir()
	t.Setenv("LD_LIBRARY_PATH", system)
	t.Setenv("SystemRoot", system)
	files := places(runtime.GOOS, os.Getenv)
	if len(files) == 0 {
		require.Empty(t, Installed())
		return
	}
	require.NotEqual(t, files[0], Installed())
	require.NoError(t, os.MkdirAll(filepath.Dir(files[0]), 0o700))
	require.NoError(t, os.WriteFile(files[0], nil, 0o600))
	require.Equal(t, files[0], Installed())
}
