package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// asCommand is set where this test binary is to be the command itself.
const asCommand = "CHAINRULE_TEST_AS_COMMAND"

func TestMain(m *testing.M) {
	if os.Getenv(asCommand) != "" {
		main()
	}
	os.Exit(m.Run())
}

// A result is what a command line has come to.
type result struct {
	code     int
	out, err string
}

// invoke runs a command line in this process.
func invoke(t *testing.T, args ...string) result {
	t.Helper()
	return invokeUntil(t.Context(), args...)
}

func invokeUntil(ctx context.Context, args ...string) result {
	var out, err bytes.Buffer
	code := run(&environment{ctx: ctx, out: &out, err: &err}, args)
	return result{code, out.String(), err.String()}
}

// succeed is invoke for a command line with nothing to complain about.
func succeed(t *testing.T, args ...string) string {
	t.Helper()
	r := invoke(t, args...)
	require.Equal(t, result{out: r.out}, r)
	return r.out
}

// writePicture writes a PNG of the given size, pixel by pixel.
func writePicture(t *testing.T, path string, width, height int, at func(x, y int) color.Color) {
	t.Helper()
	picture := image.NewRGBA(image.Rect(0, 0, width, height))
	for i := range width * height {
		picture.Set(i%width, i/width, at(i%width, i/width))
	}
	var content bytes.Buffer
	require.NoError(t, png.Encode(&content, picture))
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o777))
	require.NoError(t, os.WriteFile(path, content.Bytes(), 0o666))
}

// enterPets makes an empty folder the working one, with a folder "pets" of
// twenty 8x8 grey pictures of each class: cats are bright above, dogs below.
func enterPets(t *testing.T) {
	t.Helper()
	t.Chdir(t.TempDir())
	for i := range 20 {
		for half, class := range []string{"cat", "dog"} {
			writePicture(t, fmt.Sprintf("pets/%s/%d.png", class, i), 8, 8, func(_, y int) color.Color {
				if y/4 == half {
					return color.Gray{Y: byte(200 + i)}
				}
				return color.Gray{Y: byte(20 + i)}
			})
		}
	}
}

// trainPets trains a small network on enterPets' pictures in a moment, into the
// folder "run".
func trainPets(t *testing.T, flags ...string) string {
	t.Helper()
	return succeed(t, append(strings.Fields("train --data pets --model mlp --epochs 3 --batch 8 --threads 1 --out run"), flags...)...)
}

func TestHelp(t *testing.T) {
	help := succeed(t)
	require.Equal(t, help, succeed(t, "--help"))
	require.Equal(t, help, succeed(t, "help"))
	for _, command := range []string{"train", "eval", "predict", "devices", "version"} {
		require.Regexp(t, "(?m)^  "+command, help)
	}
	help = succeed(t, "train", "--help")
	require.Equal(t, help, succeed(t, "help", "train"))
	for _, flag := range strings.Fields("data model epochs batch lr momentum weight-decay optimizer schedule seed threads device strict out json") {
		require.Regexp(t, "(?m)^  (-h, )?--"+flag+"\\b", help)
	}
	for line := range strings.Lines(help) {
		require.LessOrEqual(t, len(line), 101)
	}
}

func TestVersionAndDevices(t *testing.T) {
	require.Regexp(t, regexp.MustCompile(`^chainrule \d+\.\d+\.\d+\n$`), succeed(t, "version"))
	require.Equal(t, succeed(t, "version"), succeed(t, "--version"))
	require.Regexp(t, `(?m)^cpu +\w+/\w+, \d+ threads, `, succeed(t, "devices"))
	require.Regexp(t, `(?m)^cuda +not available: `, succeed(t, "devices"))
}

// fullDisk takes a few bytes and no more.
type fullDisk struct{ room int }

var errFull = errors.New("no space left")

func (d *fullDisk) Write(p []byte) (int, error) {
	if d.room -= len(p); d.room < 0 {
		return 0, errFull
	}
	return len(p), nil
}

func TestOutputThatCannotBeWritten(t *testing.T) {
	enterPets(t)
	trainPets(t)
	for _, args := range []string{"version", "--help", "train --data pets --model mlp --batch 8 --epochs 1", "train --data pets --model mlp --batch 8 --epochs 1 --json",
		"eval --weights run/weights.safetensors --data pets", "predict --weights run/weights.safetensors pets/cat/1.png"} {
		var complaint bytes.Buffer
		code := run(&environment{ctx: t.Context(), out: &fullDisk{room: 10}, err: &complaint}, strings.Fields(args))
		require.Equal(t, exitFailure, code, args)
		require.Contains(t, complaint.String(), "chainrule: standard output: no space left\n", args)
	}
}
