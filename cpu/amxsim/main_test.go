//go:build linux && amd64

package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// built builds a command of this folder.
func built(t *testing.T, from string) string {
	path := filepath.Join(t.TempDir(), "command")
	out, err := exec.Command("go", "build", "-o", path, from).CombinedOutput()
	require.NoError(t, err, "%s", out)
	return path
}

// skipForbidden skips where the system lets nothing be traced, and fails where the list
// CHAINRULE_REQUIRE names amxsim.
func skipForbidden(t *testing.T, cmd *exec.Cmd, said string) {
	if cmd.ProcessState.ExitCode() != statusForbidden {
		return
	}
	if slices.Contains(strings.Split(os.Getenv("CHAINRULE_REQUIRE"), ","), "amxsim") {
		t.Fatal(said)
	}
	t.Skip("nothing may be traced here: ", said)
}

// What a program sees of its tile instructions: results, and the signals of a
// processor that has them.
func TestTrace(t *testing.T) {
	amxsim, tracee := built(t, "."), built(t, "./testdata/tracee")
	for argument, want := range map[string]struct {
		status int
		out    string
		err    string
	}{
		"product":      {0, "16\n", ""},
		"threads":      {0, "done\n", ""},
		"unconfigured": {2, "", "SIGILL: illegal instruction"},
		"protection":   {2, "", "SIGSEGV: segmentation violation"},
		"page":         {2, "", "SIGSEGV: segmentation violation"},
		"status":       {7, "", ""},
	} {
		t.Run(argument, func(t *testing.T) {
			var out, err bytes.Buffer
			cmd := exec.Command(amxsim, tracee, argument)
			cmd.Stdout, cmd.Stderr = &out, &err
			_ = cmd.Run() // its status says it
			skipForbidden(t, cmd, err.String())
			require.Equal(t, want.status, cmd.ProcessState.ExitCode(), err.String())
			require.Equal(t, want.out, out.String())
			require.Contains(t, err.String(), want.err)
		})
	}
}

// A program that a signal ends, and one that is not there.
func TestEnd(t *testing.T) {
	amxsim := built(t, ".")
	cmd := exec.Command(amxsim, "sh", "-c", `exec sh -c 'kill -KILL $$'`)
	out, _ := cmd.CombinedOutput()
	skipForbidden(t, cmd, string(out))
	require.Equal(t, 128+9, cmd.ProcessState.ExitCode())
	require.Contains(t, string(out), "ended by signal: killed")

	cmd = exec.Command(amxsim, "no-such-program")
	out, _ = cmd.CombinedOutput()
	require.Equal(t, statusFailed, cmd.ProcessState.ExitCode())
	require.Contains(t, string(out), "amxsim: ")
}
