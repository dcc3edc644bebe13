package cpu

// A slide is a part of a depthwise convolution: at most slideRows rows of at most
// slideTaps taps slide along a line. Taps and positions are equally far apart, so
// that tap t of position i meets what tap 0 of position i+t does: column i+t of the
// line, a pixel in each row of x. Only some columns are inside the image; no tap
// meets the others.
type slide struct {
	rows, taps     int    // 1 to slideRows, 1 to slideTaps
	n, channels    int    // positions, and channels of each
	end            int    // n + taps - 1: columns
	first, columns int    // which are inside
	x              [3]int // where each row begins: at its first column inside
	w              [3]int // and its taps
	xMove, wMove   int    // from column to column, from tap to tap, in elements
	yMove          int    // from position to position
	initMove       int    // in init; 0 repeats one

	lines        int // of a gradient
	xNext, yNext int // from where a line ends to where the next begins
}

const slideRows, slideTaps = 3, 3

// slideKernels are the loops over slides.
type slideKernels struct {
	// slide sets y[i] = init[i] + Σ x[i+t] w[t] over rows and taps, channel by channel.
	slide func(y, init, x, w []float32, s *slide)
	// slideGrad adds Σ x[i+t] dy[i], over the positions of all lines, to each dw[t].
	slideGrad func(dw, dy, x []float32, s *slide)
}

// The plain Go twins.
var goSlideKernels = slideKernels{slideGo, slideGradGo}

func slideGo(y, init, x, w []float32, s *slide) {
	for i := range s.n {
		y := y[i*s.yMove:][:s.channels]
		copy(y, init[i*s.initMove:])
		for r := range s.rows {
			for t := range s.taps {
				if v := i + t - s.first; 0 <= v && v < s.columns {
					addProducts(y, x[s.x[r]+v*s.xMove:], w[s.w[r]+t*s.wMove:])
				}
			}
		}
	}
}

func slideGradGo(dw, dy, x []float32, s *slide) {
	for l := range s.lines {
		dy, x := dy[l*(s.n*s.yMove+s.yNext):], x[l*(s.columns*s.xMove+s.xNext):]
		for i := range s.n {
			for r := range s.rows {
				for t := range s.taps {
					if v := i + t - s.first; 0 <= v && v < s.columns {
						addProducts(dw[s.w[r]+t*s.wMove:][:s.channels], x[s.x[r]+v*s.xMove:], dy[i*s.yMove:])
					}
				}
			}
		}
	}
}

// addProducts sets y += a b.
func addProducts(y, a, b []float32) {
	a, b = a[:len(y)], b[:len(y)]
	for i := range y {
		y[i] += a[i] * b[i]
	}
}
