package cpu

// A turning lays a line of an image out channel by channel, so that what a tap meets
// of a channel, at all positions of the line, are neighbours: pixel x of channel c is
// at x/stride + c*pitch in the part of all x that leave the same rest.
type turning struct {
	stride    int // pixels from position to position
	length    int // pixels that leave the same rest
	pitch     int // from channel to channel
	transpose func(dst []float32, ldd int, src []float32, lds, cols int)
	stage     [][]float32 // of each worker, a line as it was
}

// turningOf is for lines of so many pixels.
func turningOf(cols, stride int, k *productKernels) *turning {
	length := ceilDiv(cols, stride)
	return &turning{stride: stride, length: length, pitch: spread(length), transpose: k.transpose}
}

// size is how many elements a line takes.
func (t *turning) size(channels int) int { return t.stride * channels * t.pitch }

// slack is how many elements transpose may read behind a line.
func (t *turning) slack(channels int) int { return 8*t.stride*channels + 8 }

// at is where pixel x of channel c lies.
func (t *turning) at(x, c, channels int) int {
	return (x%t.stride*channels+c)*t.pitch + x/t.stride
}

// turn lays out the line src in dst, whose last channels may go seven channels too far.
func (t *turning) turn(dst, src []float32, channels int) {
	for rest := range t.stride {
		for x := 0; x < t.length; x += 8 {
			from := (x*t.stride + rest) * channels
			t.transpose(dst[t.at(rest, 0, channels)+x:], t.pitch, src[from:], t.stride*channels, roundUp(channels, 8))
		}
	}
}
