// Package datasets opens a set of images by name or by folder.
package datasets

import (
	"context"
	"fmt"
	"os"
	"strings"

	"example.org/chainrule/data"
	"example.org/chainrule/data/folder"
	"example.org/chainrule/data/idx"
	"example.org/chainrule/data/mnist"
	"example.org/chainrule/internal/nearest"
)

// The sets that have a name. A folder of the same name is meant by a path, as
// in ./mnist.
const (
	Sample = "sample" // the embedded tenth of MNIST
	MNIST  = "mnist"  // the whole, fetched with the go command
)

var names = []string{Sample, MNIST}

// UnknownError tells of a name that is neither a set's nor a folder's.
type UnknownError struct {
	Name    string
	Nearest string // the set whose name is most like it; empty where none is
}

func (e *UnknownError) Error() string {
	hint := ""
	if e.Nearest != "" {
		hint = fmt.Sprintf(", did you mean %q?", e.Nearest)
	}
	return fmt.Sprintf("datasets: no set and no folder is named %q%s (sets: %s; or the path of a folder)",
		e.Name, hint, strings.Join(names, ", "))
}

// Open returns the set named "sample" or "mnist" or the one in the folder with
// that path: files as MNIST's ([idx.OpenFolder]) or pictures in a folder for
// each class ([folder.Open], which alone heeds the options). Errors: an
// [*UnknownError], and those of the package that reads the set.
func Open(ctx context.Context, name string, options folder.Options) (*data.Splits, error) {
	switch name {
	case Sample:
		train, test := mnist.Sample()
		return &data.Splits{Train: train, Test: test}, nil
	case MNIST:
		return pair(mnist.Full(ctx))
	}
	if _, err := os.Stat(name); os.IsNotExist(err) && !strings.ContainsAny(name, `/\`) {
		return nil, &UnknownError{Name: name, Nearest: nearest.Name(name, names)}
	}
	if idx.IsFolder(name) {
		return pair(idx.OpenFolder(name))
	}
	return folder.Open(ctx, name, options)
}

func pair(train, test *data.Dataset, err error) (*data.Splits, error) {
	if err != nil {
		return nil, err
	}
	return &data.Splits{Train: train, Test: test}, nil
}
