package npy

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// python returns the interpreter named by CHAINRULE_PYTHON (python3 by default)
// if it has NumPy. Without it the test is skipped, and fails where the list
// CHAINRULE_REQUIRE names python.
func python(t *testing.T) string {
	t.Helper()
	interpreter := os.Getenv("CHAINRULE_PYTHON")
	if interpreter == "" {
		interpreter = "python3"
	}
	out, err := exec.Command(interpreter, "-c", "import numpy").CombinedOutput()
	if err == nil {
		return interpreter
	}
	if slices.Contains(strings.Split(os.Getenv("CHAINRULE_REQUIRE"), ","), "python") {
		t.Fatalf("%s with numpy is required: %v\n%s", interpreter, err, out)
	}
	t.Skipf("%s with numpy is not here: %v", interpreter, err)
	return ""
}

// TestNumPy has NumPy read what we write, and reads what NumPy makes of it.
func TestNumPy(t *testing.T) {
	interpreter := python(t)
	ours, theirs := t.TempDir(), t.TempDir()
	arrays := everyType()
	for name, a := range arrays {
		require.NoError(t, WriteFile(filepath.Join(ours, name+".npy"), a))
	}
	command := exec.Command(interpreter, "testdata/peer.py", ours, theirs)
	command.Stderr = os.Stderr
	printed, err := command.Output()
	require.NoError(t, err)

	var got map[string]struct {
		DType  string
		Shape  []int
		Values []float64
	}
	require.NoError(t, json.Unmarshal(printed, &got))
	for name, a := range arrays {
		name += ".npy"
		values, err := a.Float64s()
		require.NoError(t, err)
		require.Equal(t, reflect.TypeOf(a.Values).Elem().Name(), got[name].DType)
		require.True(t, slices.Equal(a.Shape, got[name].Shape), name)
		require.Equal(t, values, got[name].Values, name)

		forms, err := filepath.Glob(filepath.Join(theirs, "*-"+name))
		require.NoError(t, err)
		require.Len(t, forms, 12)
		for _, form := range forms {
			a2, err := ReadFile(form)
			require.NoError(t, err)
			requireEqual(t, a, a2, form)
		}
	}
}
