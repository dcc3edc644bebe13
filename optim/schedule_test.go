package optim_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/chainrule/optim"
)

func TestSchedules(t *testing.T) {
	for _, c := range []struct {
		name string
		s    optim.Schedule
		want map[int]float64
	}{
		{"constant", optim.Constant(0.1), map[int]float64{0: 0.1, 1000: 0.1}},
		{"step", optim.Step(1, 10, 0.5), map[int]float64{0: 1, 9: 1, 10: 0.5, 19: 0.5, 20: 0.25, 100: math.Pow(0.5, 10)}},
		{"step of every step", optim.Step(1, 0, 0.5), map[int]float64{0: 1, 1: 0.5, 2: 0.25}},
		{"milestones in any order", optim.MultiStep(1, []int{20, 10}, 0.1), map[int]float64{0: 1, 9: 1, 10: 0.1, 19: 0.1, 20: 0.01, 99: 0.01}},
		{"no milestones", optim.MultiStep(1, nil, 0.1), map[int]float64{0: 1, 50: 1}},
		{"exponential", optim.Exponential(2, 0.9), map[int]float64{0: 2, 1: 1.8, 7: 2 * math.Pow(0.9, 7)}},
		{"polynomial", optim.Polynomial(1, 10, 2), map[int]float64{0: 1, 5: 0.25, 9: 0.01, 10: 0, 11: 0}},
		{"polynomial of no steps", optim.Polynomial(1, 0, 2), map[int]float64{0: 1, 1: 0}},
		{"cosine", optim.Cosine(1, 0.2, 12), map[int]float64{0: 1, 4: 0.2 + 0.8*0.75, 6: 0.6, 8: 0.4, 12: 0.2, 13: 0.2, 500: 0.2}},
		{"cosine of one step", optim.Cosine(1, 0.2, 1), map[int]float64{0: 1, 1: 0.2, 2: 0.2}},
		{"cosine of no steps", optim.Cosine(1, 0.2, 0), map[int]float64{0: 1, 1: 0.2}},
		{"cosine of fewer than none", optim.Cosine(1, 0.2, -7), map[int]float64{0: 1, 1: 0.2}},
		{"warmup", optim.Warmup(4, 0.5, optim.Step(2, 1, 0.5)), map[int]float64{0: 1, 1: 1.25, 2: 1.5, 3: 1.75, 4: 2, 5: 1, 6: 0.5}},
		{"warmup of no steps", optim.Warmup(0, 0.5, optim.Step(2, 1, 0.5)), map[int]float64{0: 2, 1: 1}},
		{"warmup of fewer than none", optim.Warmup(-3, 0.5, optim.Step(2, 1, 0.5)), map[int]float64{0: 2, 1: 1}},
		{"warmup and cosine", optim.WarmupCosine(1, 10, 20), map[int]float64{0: 0.01, 5: 0.505, 10: 1, 15: 0.5, 20: 0, 21: 0}},
		{"cosine without warmup", optim.WarmupCosine(1, 0, 10), map[int]float64{0: 1, 5: 0.5, 10: 0}},
		{"warmup as long as all", optim.WarmupCosine(1, 10, 10), map[int]float64{0: 0.01, 5: 0.505, 9: 0.901, 10: 1, 11: 0}},
		{"warmup longer than all", optim.WarmupCosine(1, 10, 4), map[int]float64{0: 0.01, 3: 0.307}},
		{"nothing at all", optim.WarmupCosine(1, 0, 0), map[int]float64{0: 1, 1: 0}},
	} {
		for step, want := range c.want {
			require.InDelta(t, want, c.s(step), 2e-7, "%s, step %d", c.name, step)
		}
	}
}
