package train

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
)

// NewRunFolder makes the folder of a run: dir, which must not exist, or where
// dir is empty the next free runs/NAME-1, runs/NAME-2, ...
func NewRunFolder(dir, name string) (string, error) {
	if dir != "" {
		if err := os.MkdirAll(filepath.Dir(dir), 0o777); err != nil {
			return "", fmt.Errorf("train: cannot make the run folder: %w", err)
		}
		return dir, makeFolder(dir)
	}
	if err := os.MkdirAll("runs", 0o777); err != nil {
		return "", fmt.Errorf("train: cannot make the run folder: %w", err)
	}
	for i := 1; ; i++ {
		dir := filepath.Join("runs", name+"-"+strconv.Itoa(i))
		if err := makeFolder(dir); !errors.Is(err, fs.ErrExist) {
			return dir, err
		}
	}
}

func makeFolder(dir string) error {
	err := os.Mkdir(dir, 0o777)
	switch {
	case errors.Is(err, fs.ErrExist):
		return fmt.Errorf("train: the run folder %s is there already and is never overwritten: choose another or remove it (%w)", dir, fs.ErrExist)
	case err != nil:
		return fmt.Errorf("train: cannot make the run folder: %w", err)
	}
	return nil
}
