//go:build unix

package main

import (
	"bufio"
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.org/chainrule/train"
)

// start runs the command as a process of its own.
func start(t *testing.T, command *exec.Cmd) {
	t.Helper()
	command.Env = append(os.Environ(), asCommand+"=1")
	require.NoError(t, command.Start())
	t.Cleanup(func() { command.Process.Kill() })
}

func binary(t *testing.T) string {
	t.Helper()
	path, err := os.Executable()
	require.NoError(t, err)
	return path
}

// Ctrl-C stops training after the step, saves, and exits with 130.
func TestControlC(t *testing.T) {
	enterPets(t)
	command := exec.CommandContext(t.Context(), binary(t), strings.Fields("train --data pets --model mlp --batch 8 --epochs 1000000 --json --out run")...)
	var complaint bytes.Buffer
	command.Stderr = &complaint
	out, err := command.StdoutPipe()
	require.NoError(t, err)
	start(t, command)

	lines := bufio.NewScanner(out)
	require.True(t, lines.Scan())
	require.Regexp(t, `^{"epoch":1,`, lines.Text())
	require.NoError(t, command.Process.Signal(os.Interrupt))
	last := ""
	for lines.Scan() {
		last = lines.Text()
	}
	require.Regexp(t, `^{"done":false,"epochs":\d+,"test_accuracy":\S+,"weights":"run/weights.safetensors"}$`, last)

	var exit *exec.ExitError
	require.ErrorAs(t, command.Wait(), &exit)
	require.Equal(t, exitInterrupted, exit.ExitCode())
	require.Regexp(t, `\nchainrule: .*interrupted; the weights so far are in run/weights\.safetensors\n$`, complaint.String())
	requireWeights(t, filepath.Join("run", train.WeightsFile))
}

// A second Ctrl-C ends a command at once that has not got round to stopping:
// this one waits for a pipe that nobody writes to.
func TestSecondControlC(t *testing.T) {
	enterPets(t)
	trainPets(t)
	require.NoError(t, syscall.Mkfifo("pipe.png", 0o600))
	command := exec.CommandContext(t.Context(), binary(t), "predict", "--weights", "run/weights.safetensors", "pets/cat/1.png", "pipe.png")
	out, err := command.StdoutPipe()
	require.NoError(t, err)
	start(t, command)
	lines := bufio.NewScanner(out)
	require.True(t, lines.Scan(), "the first picture is classified, the second awaited")

	ended := make(chan error, 1)
	go func() { ended <- command.Wait() }()
	every := time.NewTicker(50 * time.Millisecond)
	defer every.Stop()
	signals := 0
	for {
		select {
		case err := <-ended:
			var exit *exec.ExitError
			require.ErrorAs(t, err, &exit)
			require.Equal(t, syscall.SIGINT, exit.Sys().(syscall.WaitStatus).Signal())
			require.GreaterOrEqual(t, signals, 2, "the first one only asks")
			return
		case <-every.C:
			command.Process.Signal(os.Interrupt)
			signals++
		}
	}
}
