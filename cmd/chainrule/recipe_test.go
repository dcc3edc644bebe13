package main

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestRecipeOptimizerAndRate(t *testing.T) {
	some := float32(0.5)
	for _, c := range []struct {
		recipe recipe
		method string
		rate   float32
	}{
		{recipe{}, "adam", 0.002},
		{recipe{LR: &some}, "adam", 0.5},
		{recipe{Momentum: &some}, "sgd", 0.05},
		{recipe{Nesterov: true, LR: &some}, "sgd", 0.5},
		{recipe{Optimizer: "sgd"}, "sgd", 0.05},
		{recipe{Optimizer: "adamw"}, "adamw", 0.002},
	} {
		require.Equal(t, c.method, c.recipe.method())
		require.Equal(t, c.rate, c.recipe.rate())
	}
}

func TestRecipeSchedule(t *testing.T) {
	one := float32(1)
	rates := func(name string, steps ...int) []float32 {
		schedule := (&recipe{Schedule: name, LR: &one}).schedule(300)
		var rates []float32
		for _, step := range steps {
			rates = append(rates, schedule(step))
		}
		return rates
	}
	require.Equal(t, []float32{1, 1}, rates("constant", 0, 299))
	require.InDeltaSlice(t, []float32{1, 1, 0.1, 0.1, 0.01, 0.01}, rates("step", 0, 99, 100, 199, 200, 299), 1e-6)
	require.InDeltaSlice(t, []float32{0.01, 1, 0.5, 0}, rates("cosine", 0, 15, 15+285/2, 300), 0.01)

	single := (&recipe{Schedule: "cosine", LR: &one}).schedule(1)
	require.Equal(t, float32(1), single(0), "one step is not all warm-up")
}
