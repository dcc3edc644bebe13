package safetensors

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// python returns the interpreter named by CHAINRULE_PYTHON (python3 by default)
// if it has the safetensors library and NumPy. Without them the test is skipped,
// and fails where the list CHAINRULE_REQUIRE names python.
func python(t *testing.T) string {
	t.Helper()
	interpreter := os.Getenv("CHAINRULE_PYTHON")
	if interpreter == "" {
		interpreter = "python3"
	}
	out, err := exec.Command(interpreter, "-c", "import numpy, safetensors.numpy").CombinedOutput()
	if err == nil {
		return interpreter
	}
	if slices.Contains(strings.Split(os.Getenv("CHAINRULE_REQUIRE"), ","), "python") {
		t.Fatalf("%s with numpy and safetensors is required: %v\n%s", interpreter, err, out)
	}
	t.Skipf("%s with numpy and safetensors is not here: %v", interpreter, err)
	return ""
}

// TestPythonLibrary has the Python library read our file and write its own of
// the same arrays: the values are equal one way, every byte the other.
func TestPythonLibrary(t *testing.T) {
	interpreter := python(t)
	ours, theirs := filepath.Join(t.TempDir(), "ours"), filepath.Join(t.TempDir(), "theirs")
	metadata := map[string]string{"format": "<pt> é \"\\\n"}
	arrays := everyDType()
	require.NoError(t, WriteFile(ours, metadata, arrays...))

	command := exec.Command(interpreter, "testdata/peer.py", ours, theirs)
	command.Stderr = os.Stderr
	printed, err := command.Output()
	require.NoError(t, err)
	requireSameValues(t, printed, arrays)

	got, err := os.ReadFile(theirs)
	require.NoError(t, err)
	var want bytes.Buffer
	arrays = slices.DeleteFunc(arrays, func(a Array) bool { return a.DType == BF16 })
	require.NoError(t, Write(&want, metadata, arrays...))
	require.Equal(t, want.String(), string(got))

	f, err := Open(theirs)
	require.NoError(t, err)
	defer f.Close()
	require.Equal(t, metadata, f.Metadata())
	requireArrays(t, f, arrays)
}

// requireSameValues compares what peer.py printed with arrays.
func requireSameValues(t *testing.T, printed []byte, arrays []Array) {
	t.Helper()
	var got map[string]struct {
		DType  string
		Shape  []int
		Values []float64
	}
	require.NoError(t, json.Unmarshal(printed, &got))
	require.Len(t, got, len(arrays))
	for _, a := range arrays {
		values, err := a.Float64s()
		require.NoError(t, err)
		require.Equal(t, a.DType.String(), got[a.Name].DType, a.Name)
		require.True(t, slices.Equal(a.Shape, got[a.Name].Shape), a.Name)
		require.Equal(t, values, got[a.Name].Values, a.Name)
	}
}
