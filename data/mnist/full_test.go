package mnist

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"example.org/chainrule/data/idx"
	"example.org/chainrule/data/internal/realdata"

	"github.com/stretchr/testify/require"
)

// fakeAnswer holds what a fake go command prints; "cwd" makes it print where it
// was started.
const fakeAnswer = "CHAINRULE_FAKE_GO_ANSWER"

// TestMain lets this test binary stand in for the go command.
func TestMain(m *testing.M) {
	answer, isFake := os.LookupEnv(fakeAnswer)
	if !isFake {
		os.Exit(m.Run())
	}
	if answer == "cwd" {
		dir, _ := os.Getwd()
		encoded, _ := json.Marshal(map[string]any{"Error": dir + fmt.Sprint(os.Args[1:])})
		answer = string(encoded)
	}
	fmt.Println(answer)
}

// fakeGo puts a go command on the PATH that prints the answer.
func fakeGo(t *testing.T, answer string) {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	name := "go"
	if runtime.GOOS == "windows" {
		name = "go.exe"
	}
	dir := t.TempDir()
	content, err := os.ReadFile(self)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, name), content, 0o700))
	t.Setenv("PATH", dir)
	t.Setenv(fakeAnswer, answer)
}

// requireFetchError wants an error of one line that says why and names the way
// by folder.
func requireFetchError(t *testing.T, err error, why string) {
	t.Helper()
	var fetch *FetchError
	require.ErrorAs(t, err, &fetch)
	require.ErrorContains(t, err, why)
	require.ErrorContains(t, err, "--data DIR")
	require.NotContains(t, err.Error(), "\n")
}

func TestFullWithoutGo(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	_, _, err := Full(t.Context())
	requireFetchError(t, err, "the go command is not on the PATH")
}

func TestFullWithoutNetwork(t *testing.T) {
	t.Setenv("GOPROXY", "off")
	t.Setenv("GOMODCACHE", t.TempDir())
	_, _, err := Full(t.Context())
	requireFetchError(t, err, "GOPROXY=off")
}

func TestFullWithAnotherSum(t *testing.T) {
	fakeGo(t, `{"Dir": "/x", "Sum": "h1:AAAA"}`)
	_, _, err := Full(t.Context())
	requireFetchError(t, err, "has the sum h1:AAAA, expected "+moduleSum)
}

func TestFullWithNonsense(t *testing.T) {
	fakeGo(t, "usage: go is a game")
	_, _, err := Full(t.Context())
	requireFetchError(t, err, "invalid character")
}

func TestFullCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, _, err := Full(ctx)
	require.ErrorIs(t, err, context.Canceled)
}

// The command is started where no go.mod of the user's is.
func TestFullRunsElsewhere(t *testing.T) {
	mine := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(mine, "go.mod"), []byte("module mine"), 0o600))
	t.Chdir(mine)
	fakeGo(t, "cwd")
	_, _, err := Full(t.Context())
	requireFetchError(t, err, "chainrule-mnist-")
	require.ErrorContains(t, err, "[mod download -json "+module+"]")
	require.NotContains(t, err.Error(), mine)
}

func TestFullReadsTheModule(t *testing.T) {
	module := t.TempDir()
	writeSet(t, filepath.Join(module, "data"))
	answer, err := json.Marshal(map[string]string{"Dir": module, "Sum": moduleSum})
	require.NoError(t, err)
	fakeGo(t, string(answer))
	train, test, err := Full(t.Context())
	require.NoError(t, err)
	require.Equal(t, []int32{0, 1}, train.Labels)
	require.Equal(t, []int32{0, 1}, test.Labels)
}

// writeSet writes two images to train on and the same two to test on.
func writeSet(t *testing.T, dir string) {
	t.Helper()
	var images, labels bytes.Buffer
	require.NoError(t, idx.Images{Count: 2, Height: 1, Width: 1, Pixels: []byte{7, 8}}.Encode(&images))
	require.NoError(t, idx.EncodeLabels(&labels, []byte{0, 1}))
	require.NoError(t, os.MkdirAll(dir, 0o700))
	for _, part := range []string{"train", "t10k"} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, part+"-images-idx3-ubyte"), images.Bytes(), 0o600))
		require.NoError(t, os.WriteFile(filepath.Join(dir, part+"-labels-idx1-ubyte"), labels.Bytes(), 0o600))
	}
}

func TestRealFolder(t *testing.T) {
	train, test, err := Folder(realdata.Path(t, "mnist"))
	require.NoError(t, err)
	require.Equal(t, []int{5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949}, train.ClassCounts())
	require.Equal(t, []int{980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009}, test.ClassCounts())
}

// Where the module is in the cache already, the whole way works offline, and
// its files are those of the local folder.
func TestRealFull(t *testing.T) {
	folder := realdata.Path(t, "mnist")
	t.Setenv("GOPROXY", "off")
	train, _, err := Full(t.Context())
	if err != nil && strings.Contains(err.Error(), "GOPROXY=off") {
		t.Skipf("the module is not in the module cache: go mod download %s", module)
	}
	require.NoError(t, err)
	want, _, err := Folder(folder)
	require.NoError(t, err)
	require.True(t, slices.Equal(want.Pixels, train.Pixels))
}
