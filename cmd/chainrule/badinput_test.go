package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/chainrule/data/idx"
)

const seeHelp = " (chainrule --help lists commands and flags)"

// What is wrong with the command line itself: found before anything is read.
var misuse = map[string]string{
	"trian":                                 `unexpected argument trian, did you mean "train"?` + seeHelp,
	"train now":                             `unexpected argument now` + seeHelp,
	"train --epohcs 3":                      `unknown flag --epohcs, did you mean "--epochs"?` + seeHelp,
	"train --epochs":                        `--epochs: expected int value but got nothing` + seeHelp,
	"train --epochs many":                   `--epochs: expected a valid 64 bit int but got "many"` + seeHelp,
	"train --epochs 0":                      `--epochs 0: want 1 to 1000000`,
	"train --epochs=-1":                     `--epochs -1: want 1 to 1000000`,
	"train --epochs -1":                     `--epochs -1: want 1 to 1000000`,
	"train --epochs 10000000":               `--epochs 10000000: want 1 to 1000000`,
	"train --batch 0":                       `--batch 0: want at least 1`,
	"train --batch 6001":                    `--batch 6001: there are 6000 images to train on, choose at most that`,
	"train --lr 0":                          `--lr 0: want a finite number above 0`,
	"train --lr=-1":                         `--lr -1: want a finite number above 0`,
	"train --lr -1e-3":                      `--lr -0.001: want a finite number above 0`,
	"train --lr -0.5 --epochs 2":            `--lr -0.5: want a finite number above 0`,
	"train --lr NaN":                        `--lr NaN: want a finite number above 0`,
	"train --lr Inf":                        `--lr +Inf: want a finite number above 0`,
	"train --momentum 2":                    `--momentum 2: want at least 0 and less than 1`,
	"train --momentum=-0.5":                 `--momentum -0.5: want at least 0 and less than 1`,
	"train --momentum NaN":                  `--momentum NaN: want at least 0 and less than 1`,
	"train --weight-decay=-1":               `--weight-decay -1: want a finite number of at least 0`,
	"train --weight-decay Inf":              `--weight-decay +Inf: want a finite number of at least 0`,
	"train --clip=-1":                       `--clip -1: want a finite number above 0, or 0 for never`,
	"train --seed=-1":                       `--seed: expected a valid 64 bit uint but got "-1"` + seeHelp,
	"train --size=-1":                       `--size -1: want at least 1`,
	"train --size 32":                       `--size 32: only folders of pictures are resized; sample has images of 28x28`,
	"train --model lenet5":                  `--model lenet5: did you mean "lenet"? (there are lenet, mlp, resnet20)`,
	"train --model vgg":                     `--model vgg: want one of lenet, mlp, resnet20`,
	"train --optimizer adamx":               `--optimizer adamx: did you mean "adamw"? (there are sgd, adam, adamw)`,
	"train --schedule cosin":                `--schedule cosin: did you mean "cosine"? (there are constant, step, cosine)`,
	"train --precision bf16":                `--precision bf16: want one of float32, bfloat16`,
	"train --device gpu":                    `there is no device "gpu": did you mean "cuda"? (there are auto, cpu, cuda, cuda:1)`,
	"train --device GPU:1":                  `there is no device "GPU:1": did you mean "cuda:1"? (there are auto, cpu, cuda, cuda:1)`,
	"train --device CPU":                    `there is no device "CPU": did you mean "cpu"? (there are auto, cpu, cuda, cuda:1)`,
	"train --data mnits":                    `datasets: no set and no folder is named "mnits", did you mean "mnist"? (sets: sample, mnist; or the path of a folder)`,
	"train --optimizer adam --momentum 0.5": `--momentum and --nesterov are for --optimizer sgd: adam has moments of its own`,
	"train --optimizer adamw --nesterov":    `--momentum and --nesterov are for --optimizer sgd: adamw has moments of its own`,
	"train --nesterov --momentum 0":         `--nesterov: want --momentum above 0`,
	"eval":                                  `missing flags: --weights=FILE` + seeHelp,
	"eval --weights w --batch 0":            `--batch 0: want at least 1`,
	"predict --weights w":                   `expected "<image> ..."` + seeHelp,
	"predict --weights w --top 0 x.png":     `--top 0: want at least 1`,
	"predict --weights w --invert y x.png":  `--invert y: want one of auto, yes, no`,
	"predict --weights run/weights.safetensors --invert yes pets/cat/1.png": `--invert yes: only for handwritten digits; these weights take pictures as they are`,
	"train -1":                  `unknown flag -1, did you mean "-h"?` + seeHelp,
	"train --model= --epochs 1": `--model "": want one of lenet, mlp, resnet20`,
	"version 2":                 `unexpected argument 2` + seeHelp,
	"help trian":                `unexpected argument trian, did you mean "train"?` + seeHelp,
}

// What is wrong with files and folders; the second half of a line may be the
// operating system's.
var failures = map[string]string{
	"train --data ./none":                                      `folder: ./none: file does not exist: name a folder that holds one folder of pictures for each class`,
	"train --data notes.txt":                                   `folder: notes.txt is a file, not a folder`,
	"train --data pets/cat":                                    `folder: pets/cat holds no folder: the pictures of each class belong in a folder of its own`,
	"train --data one":                                         `folder: one holds one class only (cat): telling classes apart takes at least two folders`,
	"train --data hollow":                                      `folder: hollow: class "cat" has no usable picture to train on`,
	"train --data cutidx":                                      `idx: cutidx/train-images-idx3-ubyte: `,
	"train --data idx":                                         `idx: idx: train-images-idx3-ubyte is missing (plain or .gz)`,
	"train --data pets --batch 8 --size 3":                     `nn: lenet halves images twice: 3x3 is too small, want at least 4x4`,
	"train --data pets --batch 8 --out run":                    `train: run folder run: file already exists, and a run is never overwritten: choose another folder or remove that one`,
	"train --data pets --batch 8 --out notes.txt/run":          `train: cannot make the run folder: mkdir notes.txt: `,
	"train --device cuda:0":                                    `device cuda:0: `,
	"eval --weights none":                                      `train: weights: safetensors: `,
	"eval --weights notes.txt":                                 `train: notes.txt is not a valid safetensors file: `,
	"eval --weights cut":                                       `train: cut is not a valid safetensors file: `,
	"eval --weights run/weights.safetensors":                   `the images are of 10 classes, the weights of 2`,
	"eval --weights widerun/weights.safetensors --data narrow": `train: the set has 8x8x1 images (height, width, channels) and 2 classes, the model takes 28x28x1 and 2`,
	"eval --weights run/weights.safetensors --data eels":       `the images are of other classes than the weights: class 1 is "eel", not "dog"`,
	"predict --weights cut pets/cat/1.png":                     `train: cut is not a valid safetensors file: `,
	"predict --weights run/weights.safetensors notes.txt":      `notes.txt: images: not a JPEG, PNG, GIF, WebP or BMP picture`,
	"predict --weights run/weights.safetensors none.png":       `images: open none.png: `,
	"predict --weights run/weights.safetensors pets":           `pets: images: `,
}

// More threads than there are cores only get in each other's way.
func TestBadThreads(t *testing.T) {
	cores := runtime.GOMAXPROCS(0)
	for _, n := range []int{-1, cores + 1} {
		r := invoke(t, "train", "--threads", strconv.Itoa(n))
		require.Equal(t, result{code: exitUsage, err: fmt.Sprintf("chainrule: --threads %d: want 1 to %d, the cores here, or 0 for all\n", n, cores)}, r)
	}
}

func TestBadInput(t *testing.T) {
	enterPets(t)
	trainPets(t)
	makeBadFiles(t)
	for _, table := range []struct {
		code  int
		lines map[string]string
	}{{exitUsage, misuse}, {exitFailure, failures}} {
		for args, want := range table.lines {
			r := invoke(t, strings.Fields(args)...)
			require.Equal(t, table.code, r.code, args)
			require.Empty(t, r.out, args)
			require.Regexp(t, "^chainrule: "+regexp.QuoteMeta(want)+".*\n$", r.err, args)
			require.Equal(t, 1, strings.Count(r.err, "\n"), args)
			require.NotRegexp(t, seeHelp+".", r.err)
		}
	}
	require.NoDirExists(t, "runs", "nothing is left behind")
}

// makeBadFiles lays out, beside "pets" and "run", what the table names.
func makeBadFiles(t *testing.T) {
	weights, err := os.ReadFile("run/weights.safetensors")
	require.NoError(t, err)
	picture, err := os.ReadFile("pets/cat/1.png")
	require.NoError(t, err)
	for name, content := range map[string][]byte{
		"notes.txt":                  []byte("neither picture nor weights"),
		"cut":                        weights[:len(weights)-1],
		"one/cat/1.png":              picture,
		"hollow/cat/none":            nil,
		"hollow/dog/none":            nil,
		"idx/t10k-images-idx3-ubyte": nil,
		"eels/cat/1.png":             picture,
		"eels/cat/2.png":             picture,
		"eels/eel/1.png":             picture,
		"eels/eel/2.png":             picture,
	} {
		writeFile(t, name, content)
	}
	writeIDX(t, "narrow", 8, 0)
	writeIDX(t, "wide", 28, 0)
	writeIDX(t, "cutidx", 28, 1)
	succeed(t, strings.Fields("train --data wide --model mlp --batch 2 --epochs 1 --out widerun")...)
}

func writeFile(t *testing.T, name string, content []byte) {
	require.NoError(t, os.MkdirAll(filepath.Dir(name), 0o777))
	require.NoError(t, os.WriteFile(name, content, 0o666))
}

// writeIDX writes a set of two black square images in each part, of two classes,
// and cuts bytes off the images to train on.
func writeIDX(t *testing.T, dir string, side, cut int) {
	var pictures, labels bytes.Buffer
	require.NoError(t, idx.Images{Count: 2, Height: side, Width: side, Pixels: make([]byte, 2*side*side)}.Encode(&pictures))
	require.NoError(t, idx.EncodeLabels(&labels, []byte{0, 1}))
	writeFile(t, dir+"/train-images-idx3-ubyte", pictures.Bytes()[:pictures.Len()-cut])
	writeFile(t, dir+"/t10k-images-idx3-ubyte", pictures.Bytes())
	writeFile(t, dir+"/train-labels-idx1-ubyte", labels.Bytes())
	writeFile(t, dir+"/t10k-labels-idx1-ubyte", labels.Bytes())
}
