package optim

import "math"

// A Schedule gives the learning rate of a step, counted from 0, for
// [Optimizer].SetRate.
type Schedule func(step int) float32

// Constant keeps the learning rate lr.
func Constant(lr float32) Schedule { return func(int) float32 { return lr } }

// Step multiplies lr by gamma after every size steps, 1 or more.
func Step(lr float32, size int, gamma float64) Schedule {
	return func(step int) float32 { return float32(float64(lr) * math.Pow(gamma, float64(step/max(size, 1)))) }
}

// MultiStep multiplies lr by gamma at each milestone, a number of steps.
func MultiStep(lr float32, milestones []int, gamma float64) Schedule {
	return func(step int) float32 {
		passed := 0
		for _, m := range milestones {
			if step >= m {
				passed++
			}
		}
		return float32(float64(lr) * math.Pow(gamma, float64(passed)))
	}
}

// Exponential multiplies lr by gamma after every step.
func Exponential(lr float32, gamma float64) Schedule { return Step(lr, 1, gamma) }

// Polynomial goes from lr to 0 in steps steps, lr (1 - step/steps)^power, and
// stays there.
func Polynomial(lr float32, steps int, power float64) Schedule {
	return func(step int) float32 {
		return float32(float64(lr) * math.Pow(1-passed(step, steps), power))
	}
}

// Cosine goes from lr to low in steps steps along half a cosine, low +
// ½(lr-low)(1 + cos(π step/steps)), and stays there. Loshchilov and Hutter 2017,
// "SGDR", without restarts.
func Cosine(lr, low float32, steps int) Schedule {
	return func(step int) float32 {
		return low + float32(float64(lr-low)*(1+math.Cos(math.Pi*passed(step, steps)))/2)
	}
}

// passed is the share of steps that is over at a step, 0 to 1: of no steps, all
// is over after step 0.
func passed(step, steps int) float64 {
	return min(max(float64(step), 0)/max(float64(steps), 1), 1)
}

// Warmup goes from start times then's first rate up to it in a straight line
// over steps steps, and on with then from its first step. Goyal 2017, "Accurate,
// large minibatch SGD".
func Warmup(steps int, start float64, then Schedule) Schedule {
	steps = max(steps, 0)
	return func(step int) float32 {
		if step >= steps {
			return then(step - steps)
		}
		return float32(float64(then(0)) * (start + (1-start)*float64(step)/float64(steps)))
	}
}

// WarmupCosine warms up from 0.01 lr over warmup steps and then goes to 0 along
// half a cosine until steps steps have passed in all. A warmup that is not over by
// then only warms up.
func WarmupCosine(lr float32, warmup, steps int) Schedule {
	return Warmup(warmup, 0.01, Cosine(lr, 0, steps-warmup))
}
