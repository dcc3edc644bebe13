package chainrule_test

import (
	"example.org/chainrule/optim"

	"github.com/stretchr/testify/require"
)

func schedules() map[string]func(c *golden) optim.Schedule {
	base := func(c *golden) float32 { return attr[float32](c, "base_lr") }
	cosine := func(c *golden) optim.Schedule {
		return optim.Cosine(base(c), attr[float32](c, "eta_min"), attr[int](c, "t_max"))
	}
	return map[string]func(c *golden) optim.Schedule{
		"cosine_lr": cosine,
		"exponential_lr": func(c *golden) optim.Schedule {
			return optim.Exponential(base(c), attr[float64](c, "gamma"))
		},
		"multistep_lr": func(c *golden) optim.Schedule {
			return optim.MultiStep(base(c), attr[[]int](c, "milestones"), attr[float64](c, "gamma"))
		},
		"polynomial_lr": func(c *golden) optim.Schedule {
			return optim.Polynomial(base(c), attr[int](c, "total_iters"), attr[float64](c, "power"))
		},
		"step_lr": func(c *golden) optim.Schedule {
			return optim.Step(base(c), attr[int](c, "step_size"), attr[float64](c, "gamma"))
		},
		"warmup_cosine_lr": func(c *golden) optim.Schedule {
			require.Equal(c, 1.0, attr[float64](c, "end_factor"))
			return optim.Warmup(attr[int](c, "warmup_steps"), attr[float64](c, "start_factor"), cosine(c))
		},
	}
}

// checkSchedule compares the rates of all steps, which are float32 numbers.
func checkSchedule(c *golden, rate optim.Schedule) {
	require.NotEmpty(c, c.LR)
	got := make([]float64, len(c.LR))
	for step := range got {
		got[step] = float64(rate(step))
	}
	shape := []int{len(c.LR)}
	want := array{shape, c.LR}
	c.compare("schedule", "lr", array{shape, got}, want, c.float32Bound("lr", want.largest()))
}
