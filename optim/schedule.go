package optim

import "math"

// A Schedule gives the learning rate of a step, counted from 0.
type Schedule func(step int) float32

// Constant keeps the learning rate lr.
func Constant(lr float32) Schedule { return func(int) float32 { return lr } }

// Step multiplies lr by gamma after every size steps.
func Step(lr float32, size int, gamma float64) Schedule {
	return func(step int) float32 { return float32(float64(lr) * math.Pow(gamma, float64(step/max(size, 1)))) }
}

// MultiStep multiplies lr by gamma at each milestone.
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

// Polynomial goes from lr to 0 in steps steps: lr (1 - step/steps)^power.
func Polynomial(lr float32, steps int, power float64) Schedule {
	return func(step int) float32 {
		left := 1 - float64(min(step, steps))/float64(max(steps, 1))
		return float32(float64(lr) * math.Pow(left, power))
	}
}

// Cosine goes from lr to low in steps steps along half a cosine, and stays
// there. Loshchilov and Hutter 2017.
func Cosine(lr, low float32, steps int) Schedule {
	return func(step int) float32 {
		part := float64(min(step, steps)) / float64(max(steps, 1))
		return low + float32(float64(lr-low)*(1+math.Cos(math.Pi*part))/2)
	}
}

// Warmup goes from start times then's first rate up to it in a straight line
// over steps steps, and on with then.
func Warmup(steps int, start float64, then Schedule) Schedule {
	return func(step int) float32 {
		if step >= steps {
			return then(step - steps)
		}
		part := float64(step) / float64(steps)
		return float32(float64(then(0)) * (start + (1-start)*part))
	}
}

// WarmupCosine warms up from 0.01 lr over warmup steps and then goes to 0 along
// half a cosine until steps steps have passed.
func WarmupCosine(lr float32, warmup, steps int) Schedule {
	return Warmup(warmup, 0.01, Cosine(lr, 0, steps-warmup))
}
