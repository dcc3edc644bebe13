package main

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestEval(t *testing.T) {
	enterPets(t)
	trained := trainPets(t)
	out := succeed(t, "eval", "--weights", "run/weights.safetensors", "--data", "pets", "--batch", "3")
	require.Regexp(t, `^mlp on 8 of 40 images, those that training draws to test on: loss \d\.\d{4}, accuracy 100\.00%\n$`, out)
	loss := strings.Split(strings.Split(trained, "epoch 3 ")[1], "test loss ")[1][:6]
	require.Contains(t, out, "loss "+loss+",", "as at the end of training")

	var m map[string]float64
	require.NoError(t, json.Unmarshal([]byte(succeed(t, "eval", "--weights", "run/weights.safetensors", "--data", "pets", "--json")), &m))
	require.Len(t, m, 3)
	require.Equal(t, 8.0, m["images"])
	require.Equal(t, 1.0, m["test_accuracy"])
	require.Positive(t, m["test_loss"])
}

// The test images of a folder that is not divided are those that training drew:
// with another seed the same loss would be a rare accident.
func TestEvalDrawsAsTrainingDid(t *testing.T) {
	enterPets(t)
	for _, seed := range []string{"1", "2", "3"} {
		trained := trainPets(t, "--seed", seed, "--out", "run"+seed, "--epochs", "1", "--lr", "1e-6")
		loss := strings.Split(trained, "test loss ")[1][:6]
		require.Contains(t, succeed(t, "eval", "--weights", "run"+seed+"/weights.safetensors", "--data", "pets"), "loss "+loss+",")
	}
}

func TestSameClasses(t *testing.T) {
	require.NoError(t, sameClasses([]string{"a", "caf\xe9"}, []string{"a", "caf\ufffd"}), "as the card has what is not UTF-8")
	require.EqualError(t, sameClasses([]string{"a", "b"}, []string{"a", "c"}), `the images are of other classes than the weights: class 1 is "b", not "c"`)
	require.EqualError(t, sameClasses([]string{"a", "b", "c"}, []string{"a", "c"}), "the images are of 3 classes, the weights of 2")
}
