package train

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
)

// NewRunFolder makes the folder of a run and returns its path: dir, or where
// that is empty the first of runs/NAME-1, runs/NAME-2, ... that is free. The
// error is an fs.ErrExist where dir is there already, whatever it holds.
func NewRunFolder(dir, name string) (string, error) {
	if dir != "" {
		dir = filepath.Clean(dir)
		return dir, makeFolder(dir)
	}
	for i := 1; ; i++ {
		dir := filepath.Join("runs", name+"-"+strconv.Itoa(i))
		if err := makeFolder(dir); !errors.Is(err, fs.ErrExist) {
			return dir, err
		}
	}
}

// makeFolder makes a folder that must be new, in folders that need not be.
func makeFolder(dir string) error {
	err := os.MkdirAll(filepath.Dir(dir), 0o777)
	if err == nil {
		err = os.Mkdir(dir, 0o777)
	}
	switch {
	case errors.Is(err, fs.ErrExist):
		return fmt.Errorf("train: run folder %s: %w, and a run is never overwritten: choose another folder or remove that one", dir, fs.ErrExist)
	case err != nil:
		return fmt.Errorf("train: cannot make the run folder: %w", err)
	}
	return nil
}
