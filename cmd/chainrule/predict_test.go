package main

import (
	"fmt"
	"image/color"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/chainrule/data"
	"example.org/chainrule/data/mnist"
)

func TestPredict(t *testing.T) {
	enterPets(t)
	trainPets(t)
	weights := "--weights=run/weights.safetensors"
	out := succeed(t, "predict", weights, "pets/cat/1.png", "pets/dog/1.png")
	require.Regexp(t, `^pets/cat/1\.png: cat \d\d\.\d%, dog \d+\.\d%\npets/dog/1\.png: dog \d\d\.\d%, cat \d+\.\d%\n$`, out)
	out = succeed(t, "predict", weights, "--json", "--top", "1", "pets/cat/1.png")
	require.Regexp(t, `^{"image":"pets/cat/1.png","predictions":\[{"class":"cat","probability":0\.\d+}\]}\n$`, out)

	// A picture of another size and in colour is met half-way.
	writePicture(t, "large.png", 100, 60, func(_, y int) color.Color {
		return color.RGBA{byte(30 + 190*(y/30)), byte(30 + 180*(y/30)), byte(20 + 200*(y/30)), 255}
	})
	require.Regexp(t, `^large\.png: dog `, succeed(t, "predict", weights, "large.png"))
}

// Pictures that cannot be classified are named, a line each; the others are.
func TestPredictSomeFail(t *testing.T) {
	enterPets(t)
	trainPets(t)
	require.NoError(t, os.WriteFile("notes.txt", []byte("no picture"), 0o666))
	r := invoke(t, "predict", "--weights", "run/weights.safetensors", "notes.txt", "pets/cat/1.png", "none.png")
	require.Equal(t, exitFailure, r.code)
	require.Regexp(t, `^pets/cat/1\.png: cat .*\n$`, r.out)
	require.Regexp(t, `^chainrule: notes\.txt: images: not a JPEG, PNG, GIF, WebP or BMP picture\nchainrule: images: open none\.png: .*\n$`, r.err)
}

func TestPredictOddNames(t *testing.T) {
	require.Equal(t, "größer als 🐕", printable("größer als 🐕"))
	require.Equal(t, `"a\nb\x1b[31m"`, printable("a\nb\x1b[31m"))
	require.Equal(t, `"caf\xe9"`, printable("caf\xe9"))
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no such file names")
	}
	enterPets(t)
	require.NoError(t, os.Rename("pets/cat", "pets/a\ncat"))
	trainPets(t)
	out := succeed(t, "predict", "--weights", "run/weights.safetensors", "pets/a\ncat/1.png")
	require.Regexp(t, `^"pets/a\\ncat/1\.png": "a\\ncat" \d+\.\d%, dog \d+\.\d%\n$`, out)
}

// drawn is a picture of a digit as a camera has it: large, off centre, and dark
// on light unless inverted.
func drawn(t *testing.T, path string, digit *data.Dataset, i int, darkOnLight bool) {
	t.Helper()
	const scale, left, top = 3, 60, 10
	writePicture(t, path, 180, 120, func(x, y int) color.Color {
		ink := byte(0)
		if c, r := (x-left)/scale, (y-top)/scale; x >= left && y >= top && c < 28 && r < 28 {
			ink = digit.Image(i)[r*28+c]
		}
		shade := byte(20 + x/10) // lit from one side
		if darkOnLight {
			return color.Gray{Y: 235 - shade - byte(int(ink)*3/4)}
		}
		return color.Gray{Y: shade + byte(int(ink)*3/4)}
	})
}

func TestPredictPhotographedDigits(t *testing.T) {
	t.Chdir(t.TempDir())
	succeed(t, strings.Fields("train --model mlp --epochs 2 --out run")...)
	_, test := mnist.Sample()
	const n = 20
	for invert, darkOnLight := range map[string][]bool{"auto": {true, false}, "yes": {true}, "no": {false}} {
		for _, dark := range darkOnLight {
			args := []string{"predict", "--weights", "run/weights.safetensors", "--top", "1", "--invert", invert}
			for i := range n {
				path := filepath.Join(fmt.Sprint(dark), fmt.Sprintf("%d.png", i))
				drawn(t, path, test, i*37, dark)
				args = append(args, path)
			}
			right := 0
			for i, line := range strings.Split(strings.TrimSpace(succeed(t, args...)), "\n") {
				if strings.Contains(line, fmt.Sprintf(".png: %d ", test.Labels[i*37])) {
					right++
				}
			}
			require.GreaterOrEqual(t, right, n*3/4, "--invert %s, dark on light: %v", invert, dark)
		}
	}
	blank := invoke(t, "predict", "--weights", "run/weights.safetensors", blankPicture(t))
	require.Equal(t, result{exitFailure, "", "chainrule: blank.png: images: no digit found: too little contrast, or not the way that invert says (try another --invert)\n"}, blank)
}

func blankPicture(t *testing.T) string {
	writePicture(t, "blank.png", 30, 30, func(int, int) color.Color { return color.White })
	return "blank.png"
}
