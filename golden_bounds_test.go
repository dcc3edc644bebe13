package chainrule_test

import (
	"encoding/json"
	"fmt"
	"math"

	"example.org/chainrule/device"
	"example.org/chainrule/device/devicetest"

	"github.com/stretchr/testify/require"
)

// terms are the sizes, by role, of the terms that add up to an element of each
// result: no less than its largest element. Where few elements are left all of
// them may have come out small, so that two more sums are taken, whose signs
// cancel less: a gradient's for |dy|, and Σ |x ∂y/∂x| for an output of one
// element.
func (c *golden) terms(f expression, want map[string]array) map[string]float64 {
	terms := map[string]float64{}
	for role, a := range want {
		terms[role] = a.largest()
	}
	aligned := c.evaluate(devicetest.Reference(), device.Float32, f, math.Abs)
	for role := range c.Grads {
		terms[role] = max(terms[role], aligned[role].largest())
	}
	for role := range c.Dy {
		if dy := c.read(c.Dy, role); len(c.Dy) == 1 && len(dy.values) == 1 {
			terms[role] = max(terms[role], c.condition(want)/dy.largest())
		}
	}
	return terms
}

// condition is the largest Σ |x dx| of the inputs x.
func (c *golden) condition(want map[string]array) (m float64) {
	for _, roles := range []map[string]string{c.Inputs, c.Params} {
		for role := range roles {
			sum, x := 0.0, c.read(roles, role).values
			for i, dx := range want["d"+role].values {
				sum += math.Abs(x[i] * dx)
			}
			m = max(m, sum)
		}
	}
	return m
}

// float32Bound is the README's for a single operation: 16 roundings of the
// terms, and no more than 20 times PyTorch's own error.
func (c *golden) float32Bound(role string, terms float64) float64 {
	bound := 16 * 0x1p-23 * terms
	if _, known := c.F32Err[role]; known {
		bound = min(bound, c.trainingBound(role))
	}
	return bound
}

// trainingBound is the README's for optimizers and whole trainings, which
// amplify roundings: 20 times the error that PyTorch makes in float32.
func (c *golden) trainingBound(role string) float64 {
	require.Contains(c, c.F32Err, role)
	return 20*c.F32Err[role] + 1e-6
}

// bfloat16Bound is 16 roundings of the terms.
func bfloat16Bound(terms float64) float64 { return 16 * 0x1p-8 * terms }

// referenceBound is what float64 leaves once derivatives are difference
// quotients. Attributes are float32 on every device: one that is not exact is
// off by a share of 2⁻²⁵, and the result by a few times as much. So is PyTorch's
// derivative of hardsigmoid, which holds 1/6 in float32 even there.
func (c *golden) referenceBound(want array) float64 {
	rounded := c.Op == "hardsigmoid"
	for _, raw := range c.Attrs {
		var x float64
		rounded = rounded || json.Unmarshal(raw, &x) == nil && x != float64(float32(x))
	}
	if rounded {
		return 8 * 0x1p-25 * max(want.largest(), 1)
	}
	return 1e-9 * max(want.largest(), 1)
}

// each is f of every element.
func (a array) each(f func(float64) float64) array {
	values := make([]float64, len(a.values))
	for i, x := range a.values {
		values[i] = f(x)
	}
	return array{a.shape, values}
}

func (a array) largest() (m float64) {
	for _, x := range a.values {
		m = max(m, math.Abs(x))
	}
	return m
}

// compare fails, naming the worst element, where got is not want within bound.
func (c *golden) compare(where, role string, got, want array, bound float64) {
	c.Helper()
	require.Equal(c, fmt.Sprint(want.shape), fmt.Sprint(got.shape), "%s: the shape of %s", where, role)
	require.Len(c, got.values, len(want.values), "%s: %s", where, role)
	worst, at := 0.0, -1
	for i, x := range got.values {
		if d := math.Abs(x - want.values[i]); !(d <= max(bound, worst)) {
			worst, at = d, i
		}
	}
	if at >= 0 {
		c.Errorf("%s: %s[%d] is %.9g, want %.9g: off by %.2g, the bound is %.2g", where, role, at, got.values[at], want.values[at], worst, bound)
	}
}
