package cpu

import "example.org/chainrule/device"

// A depthwise convolution has one channel in a group: every channel is a plane of
// its own. An element takes part in few products, so that memory is the limit: a
// line is read where it lies, and what it needs of others is still in cache.

// depthwise reports whether s is one.
func depthwise(s device.Conv2D) bool { return s.Groups > 1 && s.Groups == s.C && s.Groups == s.K }

// A depthwiseSweep is a depthwise convolution or a phase of its data gradient:
// filters that slide along lines of images, see slide.go and conv2d_slides.go.
type depthwiseSweep struct {
	sweep
	images  int
	from    frames // without margins
	filters planeFilters
	to      epilogue
	into    raster // where the results belong

	slide   func(y, init, x, w []float32, s *slide)
	slides  []lineSlide
	planes  []float32   // the filters, [tap, channel]
	bias    []float32   // of each channel
	block   int         // lines that a task makes
	inPlace bool        // where they belong, else
	tiles   [][]float32 // in a line of the worker
	move    int         // from pixel to pixel there
	work    []workSlide // of each worker
}

// planDepthwise plans y.
func planDepthwise(p *plan, to epilogue, x, w *buffer, s device.Conv2D) {
	c := &depthwiseSweep{
		sweep: sweepOf(s), images: s.N, from: wholeLines(x, s.H, s.W, s.C),
		filters: planeFilters{w, s, taps(s.KH), taps(s.KW)}, to: to, into: positionsOf(s),
	}
	c.plan(p)
}

// wholeLines are images without margins.
func wholeLines(b *buffer, height, width, channels int) frames {
	return frames{
		buf: b, height: height, width: width, channels: channels, cols: width,
		inPlace: b.dtype == device.Float32,
	}
}

// plan adds the phases of the sweep to p.
func (c *depthwiseSweep) plan(p *plan) {
	channels := c.from.channels
	if c.images*c.height*c.width*channels == 0 {
		return
	}
	c.slide = p.dev.kernel.slide
	c.block = c.blockLines(c.images, c.from.width*channels)
	c.from.prepare(p, 1, c.lines(c.block), 0)
	d := c.to.dst
	c.move = c.into.pixel
	c.inPlace = d.Wanted() && !d.Add && of(d.Buf).dtype == device.Float32
	if !c.inPlace {
		c.move = channels
		c.tiles = perWorker(p, c.width*channels)
	}
	c.slides = c.lineSlides(&c.from, c.move)
	c.work = workSlides(p)
	c.planes, c.bias = c.filters.plan(p), c.to.bias
	if c.bias == nil {
		c.bias = make([]float32, channels)
	}
	if !p.failed {
		p.each(c.images*ceilDiv(c.height, c.block), c.task)
	}
}

// blockLines is how many lines of positions make a task: what they read, line
// elements a line, takes a quarter MiB at most.
func (w *sweep) blockLines(images, line int) int {
	n, fewest := w.height, ceilDiv(enoughTasks, max(images, 1))
	for n > 1 && (w.lines(n)*line > frameSize || ceilDiv(w.height, n) < fewest) {
		n = ceilDiv(n, 2)
	}
	return n
}

// task makes block number t.
func (c *depthwiseSweep) task(t, worker int) {
	perImage := ceilDiv(c.height, c.block)
	image, lines := t/perImage, spanAt(t%perImage, c.block, c.height)
	inside := c.linesInside(lines, c.from.height)
	x := c.from.load(span{image, image + 1}, inside, worker)
	for h := lines.lo; h < lines.hi; h++ {
		at := c.into.origin + image*c.into.image + h*c.into.line
		if c.inPlace {
			y := f32(c.to.dst.Buf)[at:]
			c.line(y, x, h, inside.lo, worker)
			if c.to.activates() { // only a convolution does, whose pixels have no gaps
				c.to.activate(y[:c.width*c.from.channels], at)
			}
			continue
		}
		y := c.tiles[worker]
		c.line(y, x, h, inside.lo, worker)
		c.put(y, at)
	}
}

// line makes line h of positions in y; x begins with line first of the image.
func (c *depthwiseSweep) line(y, x []float32, h, first, worker int) {
	inside := c.rowsInside(h, c.from.height)
	if inside.len() == 0 || len(c.dw) == 0 || c.from.width == 0 {
		c.meetNothing(y)
		return
	}
	for i := range c.slides {
		a, s := &c.slides[i], &c.work[worker].slide
		*s = a.slide
		y := y[a.to:]
		init := c.bias
		if !a.starts {
			init, s.initMove = y, s.yMove
		}
		for rows := inside.next(); rows.len() > 0; rows = (span{rows.hi, inside.hi}).next() {
			a.meet(s, &c.sweep, &c.from, rows, h, first)
			c.slide(y, init, x, c.planes, s)
			init, s.initMove = y, s.yMove
		}
	}
}

// meetNothing makes a line in y of positions whose windows are all outside.
func (c *depthwiseSweep) meetNothing(y []float32) {
	for i := range c.width {
		copy(y[i*c.move:], c.bias)
	}
}

// put takes a line of results whose pixels follow each other to element at on.
func (c *depthwiseSweep) put(y []float32, at int) {
	channels := c.from.channels
	if c.into.pixel == channels {
		c.to.put(y[:c.width*channels], at)
		return
	}
	for w := range c.width {
		c.to.put(y[w*channels:][:channels], at+w*c.into.pixel)
	}
}

// planeFilters are the filters of a depthwise convolution at some taps.
type planeFilters struct {
	w            *buffer
	s            device.Conv2D
	tapsH, tapsW []int
}

const planeStrip = 64 // channels of a task that lays out filters

// plan plans to lay them out, [tap, channel].
func (f *planeFilters) plan(p *plan) []float32 {
	size := f.s.KH * f.s.KW
	v, stage := p.floats(len(f.tapsH)*len(f.tapsW)*f.s.C), perWorker(p, size)
	if p.failed {
		return nil
	}
	p.each(ceilDiv(f.s.C, planeStrip), func(t, worker int) {
		channels, filter := spanAt(t, planeStrip, f.s.C), stage[worker]
		for c := channels.lo; c < channels.hi; c++ {
			f.w.copyTo(filter, c*size)
			for i, h := range f.tapsH {
				for j, w := range f.tapsW {
					v[(i*len(f.tapsW)+j)*f.s.C+c] = filter[h*f.s.KW+w]
				}
			}
		}
	})
	return v
}
