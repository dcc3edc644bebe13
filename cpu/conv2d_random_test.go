package cpu

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/chainrule/device"
)

const (
	convSeed  = 1 // of the specs, which another seed makes others
	convSpecs = 400
	convWork  = 300_000 // floating-point operations of a spec, at most
)

// Convolutions of any size, window, stride and padding, among them empty ones and
// those whose windows meet nothing, are what the definition says.
func TestConv2DRandom(t *testing.T) {
	r := rand.New(rand.NewPCG(convSeed, 0))
	var cases []*convCase
	for len(cases) < convSpecs {
		if s := randomConv2D(r); s.FLOPs() <= convWork {
			c := newConvCase(s, whole)
			c.over = r.IntN(2) == 0
			cases = append(cases, c)
		}
	}
	eachLevel(t, func(t *testing.T, l Level) {
		d, err := New(Options{Level: l, Threads: 2, Direct: true})
		require.NoError(t, err)
		defer func() { require.NoError(t, d.Close()) }()
		for i, c := range cases {
			t.Run(fmt.Sprintf("seed %d spec %d %+v", convSeed, i, c.Conv2D), func(t *testing.T) {
				c.check(t, d, device.Float32, device.Float32)
				c.check(t, d, device.BFloat16, device.BFloat16)
			})
		}
	})
}

// randomConv2D draws a spec: depthwise, grouped, of few channels, or of many.
func randomConv2D(r *rand.Rand) device.Conv2D {
	s := device.Conv2D{N: r.IntN(5), H: r.IntN(14), W: r.IntN(14), Groups: 1}
	switch r.IntN(4) {
	case 0:
		s.Groups = 1 + r.IntN(80)
		s.C, s.K = s.Groups, s.Groups
	case 1:
		s.Groups = 1 + r.IntN(8)
		s.C, s.K = s.Groups*(1+r.IntN(24)), s.Groups*(1+r.IntN(24))
	case 2:
		s.C, s.K = 1+r.IntN(6), 1+r.IntN(40)
	default:
		s.C, s.K = 1+r.IntN(80), 1+r.IntN(80)
	}
	s.Window = device.Window{
		KH: 1 + r.IntN(5), KW: 1 + r.IntN(5), StrideH: 1 + r.IntN(4), StrideW: 1 + r.IntN(4),
		DilationH: 1 + r.IntN(3), DilationW: 1 + r.IntN(3),
	}
	if r.IntN(2) == 0 {
		s.Top, s.Bottom, s.Left, s.Right = r.IntN(6), r.IntN(6), r.IntN(6), r.IntN(6)
	}
	return s
}

// Convolutions that Winograd's algorithm may do, with any padding, are what the
// definition says, exactly so where nothing is summed.
func TestWinogradRandom(t *testing.T) {
	r := rand.New(rand.NewPCG(convSeed, 1))
	var cases, magnitudes []*convCase
	for range 24 {
		k := 3 + 2*r.IntN(2)
		s := device.Conv2D{
			N: 1 + r.IntN(20), H: 1 + r.IntN(9), W: 1 + r.IntN(9), C: 16, K: 16 * (1 + r.IntN(2)), Groups: 1,
			Window: square(k, 1, 1, 0),
		}
		s.Top, s.Bottom, s.Left, s.Right = r.IntN(k+2), r.IntN(k+2), r.IntN(k+2), r.IntN(k+2)
		c := newConvCase(s, whole)
		c.over = true
		cases, magnitudes = append(cases, c), append(magnitudes, c.magnitudes())
	}
	eachLevel(t, func(t *testing.T, l Level) {
		d := newDevice(t, l, 2)
		for i, c := range cases {
			t.Run(fmt.Sprintf("seed %d spec %d %+v", convSeed, i, c.Conv2D), func(t *testing.T) {
				y, dx, dw := c.run(t, d, device.Float32, device.Float32)
				requireSums(t, c.wantY, magnitudes[i].wantY, y)
				requireSums(t, c.wantX, magnitudes[i].wantX, dx)
				requireSums(t, c.wantW, magnitudes[i].wantW, dw)
			})
		}
	})
}

// magnitudes is c of the absolute values of its operands.
func (c *convCase) magnitudes() *convCase {
	return newConvCase(c.Conv2D, func(r *rand.Rand, n int) []float32 {
		v := whole(r, n)
		for i := range v {
			v[i] = max(v[i], -v[i])
		}
		return v
	})
}

// requireSums compares sums whose terms have these magnitudes: to 30 u of the
// largest, see winograd, for an output's tile has more terms than itself.
func requireSums(t *testing.T, want, magnitudes []float64, got []float32) {
	t.Helper()
	largest := 0.0
	for _, m := range magnitudes {
		largest = max(largest, m)
	}
	for i, w := range want {
		if magnitudes[i] == 0 {
			require.Zero(t, got[i], "element %d", i)
		} else if d := float64(got[i]) - w; d != d || max(d, -d) > 30*0x1p-24*largest {
			require.InDelta(t, w, got[i], 30*0x1p-24*largest, "element %d", i)
		}
	}
}
