// Package atomicfile replaces a file whole or not at all, so that a full disk
// or a power cut never leaves half a file in place of a good one.
package atomicfile

import (
	"bufio"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
)

// Write makes path hold what write writes. The bytes go to a temporary file in
// the same folder, which takes path's name once they are on the disk. After an
// error path is as it was, and the temporary file is gone.
func Write(path string, write func(io.Writer) error) error {
	dir := filepath.Dir(path)
	temp := filepath.Join(dir, fmt.Sprintf(".%016x.tmp", rand.Uint64()))
	if err := create(temp, write); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	if err := os.Rename(temp, path); err != nil {
		os.Remove(temp)
		return fmt.Errorf("write %s: %w", path, err)
	}
	syncFolder(dir)
	return nil
}

// create makes a new file of what write writes and waits for the disk to have it.
func create(path string, write func(io.Writer) error) (err error) {
	// Not os.CreateTemp, whose files only their owner may read.
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return err
	}
	defer func() {
		if closing := file.Close(); err == nil {
			err = closing
		}
		if err != nil {
			os.Remove(path)
		}
	}()
	buffered := bufio.NewWriterSize(file, 1<<16)
	if err := write(buffered); err != nil {
		return err
	}
	if err := buffered.Flush(); err != nil {
		return err
	}
	return file.Sync()
}

// syncFolder makes a rename in dir last through a power cut, where the system has
// a call for that. Where it has none the rename stands all the same.
func syncFolder(dir string) {
	if folder, err := os.Open(dir); err == nil {
		folder.Sync()
		folder.Close()
	}
}
