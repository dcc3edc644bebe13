package cpu

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// A slideCase is a slide with operands that have an element more than it may touch.
type slideCase struct {
	slide
	x, y, init, w []float32
}

// slideCases are slides of every size of filter, over lines that begin and end
// outside the image or inside, round whole vectors of channels, with gaps between
// pixels; draw makes the operands.
func slideCases(draw func(r *rand.Rand, n int) []float32) (cases []slideCase) {
	r := rand.New(rand.NewPCG(1, 2))
	for rows := 1; rows <= slideRows; rows++ {
		for taps := 1; taps <= slideTaps; taps++ {
			for _, channels := range []int{1, 7, 8, 9, 16, 17, 31, 32, 33, 50, 64} {
				cases = append(cases, newSlideCase(r, draw, rows, taps, channels))
			}
		}
	}
	return cases
}

func newSlideCase(r *rand.Rand, draw func(r *rand.Rand, n int) []float32, rows, taps, channels int) slideCase {
	s := slide{
		rows: rows, taps: taps, channels: channels, n: 1 + r.IntN(6), lines: 1 + r.IntN(3),
		xMove: channels + r.IntN(3), wMove: channels + r.IntN(3), yMove: channels + r.IntN(3), xNext: r.IntN(4), yNext: r.IntN(4),
	}
	s.end = s.n + taps - 1
	s.first = r.IntN(s.end)
	s.columns = r.IntN(s.end - s.first + 1)
	line := s.columns*s.xMove + s.xNext
	for i := range s.rows {
		s.x[i], s.w[i] = i*line, i*taps*s.wMove
	}
	if r.IntN(2) == 0 {
		s.initMove = channels
	}
	return slideCase{
		s, draw(r, (s.lines+rows)*line+channels+1), draw(r, s.lines*(s.n*s.yMove+s.yNext)+channels+1),
		draw(r, s.n*channels+1), draw(r, rows*taps*s.wMove+channels+1),
	}
}

// eachSlide calls f with a case, and with copies of what its loops write.
func eachSlide(t *testing.T, draw func(r *rand.Rand, n int) []float32, f func(t *testing.T, k *slideKernels, c *slideCase, y, w []float32)) {
	cases := slideCases(draw)
	eachLevel(t, func(t *testing.T, l Level) {
		k, err := kernelsFor(l)
		require.NoError(t, err)
		for i := range cases {
			f(t, &k.slideKernels, &cases[i], slices.Clone(cases[i].y), slices.Clone(cases[i].w))
		}
	})
}

// At every level slides are the sums of products that their twins are, and touch
// nothing else. Of small whole numbers they are exact.
func TestSlide(t *testing.T) {
	eachSlide(t, whole, func(t *testing.T, k *slideKernels, c *slideCase, y, _ []float32) {
		want := slices.Clone(y)
		slideGo(want, c.init, c.x, c.w, &c.slide)
		k.slide(y, c.init, c.x, c.w, &c.slide)
		require.Equal(t, want, y, "%+v", c.slide)
	})
}

func TestSlideGrad(t *testing.T) {
	eachSlide(t, whole, func(t *testing.T, k *slideKernels, c *slideCase, _, dw []float32) {
		want := slices.Clone(dw)
		slideGradGo(want, c.y, c.x, &c.slide)
		k.slideGrad(dw, c.y, c.x, &c.slide)
		require.Equal(t, want, dw, "%+v", c.slide)
	})
}

// What is not finite reaches what meets it, and nothing else.
func TestSlideSpecialValues(t *testing.T) {
	rare := func(r *rand.Rand, n int) []float32 {
		v := whole(r, n)
		for i := range v {
			if r.IntN(20) == 0 {
				v[i] = []float32{infinity(1), infinity(-1), float32(math.NaN()), float32(math.Copysign(0, -1))}[r.IntN(4)]
			}
		}
		return v
	}
	eachSlide(t, rare, func(t *testing.T, k *slideKernels, c *slideCase, y, dw []float32) {
		wantY, wantW := slices.Clone(y), slices.Clone(dw)
		slideGo(wantY, c.init, c.x, c.w, &c.slide)
		k.slide(y, c.init, c.x, c.w, &c.slide)
		requireSame(t, wantY, y)
		slideGradGo(wantW, c.y, c.x, &c.slide)
		k.slideGrad(dw, c.y, c.x, &c.slide)
		requireSame(t, wantW, dw)
	})
}
