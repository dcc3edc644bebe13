package cpu

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// specials are float32 at the ends of the number line.
var specials = []float32{0, float32(math.Copysign(0, -1)), 0x1p-149, -0x1p-130, 1, -1, 3e38, infinity(1), infinity(-1), float32(math.NaN())}

// pairsOfSpecials are n pairs: every two specials, then normal numbers.
func pairsOfSpecials(n int) (a, b []float32) {
	rng := rand.New(rand.NewPCG(5, 6))
	a, b = make([]float32, n), make([]float32, n)
	for i := range n {
		a[i], b[i] = float32(rng.NormFloat64()), float32(rng.NormFloat64())
		if j := i / len(specials); j < len(specials) {
			a[i], b[i] = specials[j], specials[i%len(specials)]
		}
	}
	return a, b
}

func TestArithmeticIsGos(t *testing.T) {
	for _, k := range machineKernels()[1:] {
		for _, n := range []int{0, 1, 7, 8, 9, 15, 17, 33, 200} {
			a, b := pairsOfSpecials(n)
			dy, _ := pairsOfSpecials(n)
			for name, rows := range map[string][2]func(y, a, b []float32){
				"plus": {plusRow, k.plus}, "minus": {minusRow, k.minus}, "mul": {mulRow, k.mul}, "div": {divRow, k.div},
				"maximum": {maximumRow, k.maximum}, "minimum": {minimumRow, k.minimum},
				"divisorGrad": {
					func(y, a, b []float32) { divisorGradRow(y, dy, a, b) },
					func(y, a, b []float32) { k.divisorGrad(y, dy, a, b) },
				},
				"share": {
					func(y, a, b []float32) { shareRow(y, dy, a, b) },
					func(y, a, b []float32) { k.share(y, dy, a, b) },
				},
			} {
				want, got := make([]float32, n), make([]float32, n+1)
				rows[0](want, a, b)
				rows[1](got[:n], a, b)
				require.Zero(t, got[n])
				for i, w := range want {
					require.True(t, w == got[i] || w != w && got[i] != got[i], "%v %s(%g, %g) = %g, want %g", k.level, name, a[i], b[i], got[i], w)
				}
			}
		}
	}
}

// TestUpdateVectors compares the optimizers' rows with those in Go, to the
// roundings that fused products save.
func TestUpdateVectors(t *testing.T) {
	for _, k := range machineKernels()[1:] {
		for _, n := range []int{0, 1, 7, 64, 65, 1000} {
			type state [4][]float32
			start := func() (s state) {
				rng := rand.New(rand.NewPCG(7, 8))
				for i := range s {
					s[i] = make([]float32, n)
					for j := range s[i] {
						s[i][j] = float32(math.Abs(rng.NormFloat64()))
					}
				}
				return s
			}
			for name, step := range map[string]func(u *updateKernels, s state){
				"sgd":      func(u *updateKernels, s state) { u.sgd(s[0], s[3], 0.5, 0.1, 0.01) },
				"momentum": func(u *updateKernels, s state) { u.momentum(s[0], s[1], s[3], 0.5, 0.1, 0.01, 0.9, 0.8, 1, 0.9) },
				"adam": func(u *updateKernels, s state) {
					u.adam(s[0], s[1], s[2], s[3], 0.5, 0.01, 1e-3, 0.9, 0.999, 0.1, 2, 1e-8)
				},
				"lerp": func(u *updateKernels, s state) { u.lerp(s[0], s[1], 0.1, 2) },
			} {
				want, got := start(), start()
				step(&goUpdates, want)
				step(&k.updates, got)
				for i := range want {
					require.InDeltaSlice(t, want[i], got[i], 2e-6, "%v %s of %d: slab %d", k.level, name, n, i)
				}
			}
		}
	}
}
