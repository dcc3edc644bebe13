// Package regular opens files that have an end.
package regular

import (
	"fmt"
	"os"
)

// Open opens the ordinary file at path, or the one that a link there leads to. A
// folder, a pipe (opening which may wait for ever) and a device are errors.
func Open(path string) (*os.File, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is not an ordinary file", path)
	}
	return os.Open(path)
}
