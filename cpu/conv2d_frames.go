package cpu

import "example.org/chainrule/device"

// Frames are images with margins, so that a window on them meets no edge. They
// are copied a few lines at a time to where a worker keeps them in its cache, or
// read where they lie, if they need no margin.
type frames struct {
	buf                     *buffer
	height, width, channels int // of an image
	top, left               int // margins before it; less than 0 cuts it
	cols                    int // of a line with its margins
	inPlace                 bool
	// joins makes images of words: of elements of images 2n and 2n+1. Nil for none.
	joins *pairKernels
	// turned has each line lie channel by channel. Nil for pixel by pixel.
	turned *turning

	scratch     [][]float32 // of each worker
	line, image int         // distance from line to line, and from image to image
}

// prepare takes workspace for blocks of images and lines; beyond them micro-kernels
// may read slack elements.
func (f *frames) prepare(p *plan, images, lines, slack int) {
	if f.inPlace {
		f.line = f.width * f.channels
		f.image = f.height * f.line
		return
	}
	f.line = f.cols * f.channels
	if f.turned != nil {
		f.turned.stage = perWorker(p, f.line+f.turned.slack(f.channels))
		f.line = f.turned.size(f.channels)
		slack += 8 * f.turned.pitch
	}
	f.image = spread(lines * f.line)
	f.scratch = perWorker(p, images*f.image+slack)
}

// fits reports whether the images can be read in place as far as their margins go.
func (f *frames) fits(lines int) bool {
	return f.buf.dtype == device.Float32 && f.top == 0 && f.left == 0 && f.cols <= f.width && lines <= f.height
}

// load returns lines of images: line l of image n is at n*f.image + l*f.line,
// both counted from the first.
func (f *frames) load(images, lines span, worker int) []float32 {
	if f.inPlace {
		return f.buf.f32[images.lo*f.image+lines.lo*f.line:]
	}
	v := f.scratch[worker]
	for n := range images.len() {
		for l := range lines.len() {
			line := v[n*f.image+l*f.line:]
			if f.turned == nil {
				f.loadLine(line[:f.line], images.lo+n, lines.lo+l-f.top)
				continue
			}
			stage := f.turned.stage[worker]
			f.loadLine(stage[:f.cols*f.channels], images.lo+n, lines.lo+l-f.top)
			f.turned.turn(line, stage, f.channels)
		}
	}
	return v
}

// at is where channel c of pixel x lies in a line.
func (f *frames) at(x, c int) int {
	if f.turned != nil {
		return f.turned.at(x, c, f.channels)
	}
	return x*f.channels + c
}

// loadLine copies line h of image n.
func (f *frames) loadLine(v []float32, n, h int) {
	if h < 0 || h >= f.height {
		clear(v)
		return
	}
	lo, hi := max(0, -f.left), min(f.width, f.cols-f.left)
	at, end := (lo+f.left)*f.channels, (hi+f.left)*f.channels
	if hi <= lo {
		clear(v)
		return
	}
	clear(v[:at])
	f.copyTo(v[at:end], n, (h*f.width+lo)*f.channels)
	clear(v[end:])
}

// copyTo fills v with the elements of image n from at on.
func (f *frames) copyTo(v []float32, n, at int) {
	size := f.height * f.width * f.channels
	if f.joins == nil {
		f.buf.copyTo(v, n*size+at)
		return
	}
	lo := f.buf.bf16[2*n*size+at:]
	if len(lo) > size {
		f.joins.join(v, 0, lo, lo[size:], 0, len(v), 1)
	} else {
		widenLow(v, lo)
	}
}
