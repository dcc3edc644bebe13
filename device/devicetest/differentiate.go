package devicetest

import "math"

// A formula is a function as the contract writes it, piece by piece: its value
// at x by the piece that holds at `at`. The function is f(x, x); a difference
// quotient at a kink stays on the piece that the contract chose there.
type formula func(x, at float64) float64

// derivative is f'(x) by the central difference of sixth order (Fornberg 1988,
// table 1).
func (f formula) derivative(x, h float64) float64 {
	d := func(k float64) float64 { return f(x+k*h, x) - f(x-k*h, x) }
	return (45*d(1) - 9*d(2) + d(3)) / (60 * h)
}

// step is the width of the difference quotient of a function that varies over
// distances of 1: small enough that h⁶ vanishes, large enough that cancellation
// costs two digits or three. Far from 0 it grows, lest x+h be x.
func step(x float64) float64 { return 0x1p-7 * max(1, math.Abs(x)*0x1p-13) }

// relativeStep is the same for a function that varies over distances of x, such
// as a power.
func relativeStep(x float64) float64 {
	if x == 0 {
		return 0x1p-7
	}
	return 0x1p-7 * math.Abs(x)
}

// gradient is the derivative of f by each element of row, with steps of h. f
// may keep row no longer than the call.
func gradient(f func(row []float64) float64, row []float64, h float64) []float64 {
	at := append([]float64{}, row...)
	grad := make([]float64, len(row))
	for i, x := range row {
		along := formula(func(v, _ float64) float64 {
			at[i] = v
			return f(at)
		})
		grad[i] = along.derivative(x, h)
		at[i] = x
	}
	return grad
}

// pick is yes where cond holds, else no.
func pick(cond bool, yes, no float64) float64 {
	if cond {
		return yes
	}
	return no
}

// finite is x, or 0 where x is infinite or not a number.
func finite(x float64) float64 { return pick(math.IsInf(x, 0) || math.IsNaN(x), 0, x) }
