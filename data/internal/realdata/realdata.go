// Package realdata finds the data sets that tests read when they are there.
package realdata

import (
	"os"
	"path/filepath"
	"testing"
)

// Path returns the path of a file or folder of real data and skips the test
// where there is none. It looks in CHAINRULE_DATA, or in shared/data beside
// the repository.
func Path(t *testing.T, name string) string {
	t.Helper()
	root := os.Getenv("CHAINRULE_DATA")
	if root == "" {
		root = filepath.Join(filepath.Dir(repository(t)), "shared", "data")
	}
	path := filepath.Join(root, filepath.FromSlash(name))
	if _, err := os.Stat(path); err != nil {
		t.Skipf("no real data here: set CHAINRULE_DATA to a folder that holds %s", name)
	}
	return path
}

// repository is the folder of go.mod, above the package under test.
func repository(t *testing.T) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for ; dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
	}
	t.Fatal("no go.mod above the working folder")
	return ""
}
