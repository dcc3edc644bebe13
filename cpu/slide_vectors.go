//go:build amd64 || arm64

package cpu

// slideBy8 and slideGradBy8 take channels in whole vectors of 8, with AVX2 or NEON,
// and what is left one by one.
func slideBy8(y, init, x, w []float32, s *slide) {
	vectors, rest, at := s.split()
	if at > 0 {
		slide8(y, init, x, w, &vectors)
	}
	if rest.channels > 0 {
		slideGo(y[at:], init[at:], x[at:], w[at:], &rest)
	}
}

func slideGradBy8(dw, dy, x []float32, s *slide) {
	vectors, rest, at := s.split()
	if at > 0 {
		slideGrad8(dw, dy, x, &vectors)
	}
	if rest.channels > 0 {
		slideGradGo(dw[at:], dy[at:], x[at:], &rest)
	}
}

// split is what vectors of 8 channels do of s, and what is left from channel at on.
func (s *slide) split() (vectors, rest slide, at int) {
	vectors, rest, at = *s, *s, s.channels&^7
	vectors.channels, rest.channels = at, s.channels-at
	return vectors, rest, at
}

//go:noescape
func slide8(y, init, x, w []float32, s *slide)

//go:noescape
func slideGrad8(dw, dy, x []float32, s *slide)
