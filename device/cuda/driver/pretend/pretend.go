// Package pretend builds a libcuda.so.1 out of C that knows drivertest's kernels,
// so that the packages which call the real one are tested where there is no GPU.
package pretend

import (
	_ "embed"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

//go:embed libcuda/libcuda.c
var source []byte

// A Driver is the folder of a pretend libcuda.so.1.
type Driver string

// Build compiles the driver. Where there is no gcc the test is skipped, or fails if
// the list CHAINRULE_REQUIRE names gcc.
func Build(t *testing.T) Driver {
	gcc, err := exec.LookPath("gcc")
	if err != nil && !Required("gcc") {
		t.Skip(err)
	}
	require.NoError(t, err)
	dir := t.TempDir()
	c, library := filepath.Join(dir, "libcuda.c"), filepath.Join(dir, "libcuda.so.1")
	require.NoError(t, os.WriteFile(c, source, 0o600))
	out, err := exec.Command(gcc, "-shared", "-fPIC", "-O1", "-Wall", "-Wextra", "-Werror", "-o", library, c).CombinedOutput()
	require.NoError(t, err, "%s", out)
	return Driver(dir)
}

// Run runs the tests of this test binary that match a pattern in a process that
// finds the driver and must, with env added to its environment. It returns what
// they printed, and an error if one failed.
func (d Driver) Run(pattern string, env ...string) (output string, err error) {
	cmd := exec.Command(os.Args[0], "-test.v", "-test.run", pattern)
	cmd.Env = append(os.Environ(), "LD_LIBRARY_PATH="+string(d), "CHAINRULE_REQUIRE=cuda")
	cmd.Env = append(cmd.Env, env...)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// Required reports whether the list CHAINRULE_REQUIRE names what a test would
// otherwise do without.
func Required(what string) bool {
	return slices.Contains(strings.Split(os.Getenv("CHAINRULE_REQUIRE"), ","), what)
}
