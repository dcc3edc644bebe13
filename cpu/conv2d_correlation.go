package cpu

import "example.org/chainrule/device"

// A correlation slides filters over images: a convolution does, and so does each
// phase of its data gradient,
//
//	result[n, i, j, o] = bias[o] + Σ image[n, i strideH + dh, j strideW + dw, c] filter[o, dh, dw, c]
//
// over the taps and the channels c of the group of o. There is no matrix of
// patches: the micro-kernel finds the line of a window where it lies in the
// image. The rows of a micro-tile are neighbouring pixels or, where lines do not
// fill it as well, one pixel of neighbouring images.
type correlation struct {
	sweep
	reducer        *batchReducer
	images, groups int
	out            int // channels of the result in a group
	from           frames
	filters        panelSource
	to             epilogue
	into           raster // where the results belong

	across   bool       // the rows of a micro-tile are images
	block    pixelBlock // what a task makes
	strips   []filterStrip
	panels   [][]float32 // of each strip: its bias, then its filters
	columns  int         // of all strips
	inPlace  bool        // micro-kernels write where the results belong, else
	tiles    [][]float32 // to a tile of the worker
	at       raster      // where they write
	products [2]products // for wide strips, and for narrow ones
}

// A raster says where pixels of images begin in a buffer.
type raster struct {
	origin, step       int // of group 0, and from group to group
	image, line, pixel int // from image to image, line to line, pixel to pixel
}

// A pixelBlock is how many images, and lines of each, are in a block.
type pixelBlock struct{ images, lines int }

// products are the sums of products that micro-kernels make for a strip.
type products struct {
	terms []term
	strides
}

// plan adds the phases of the correlation to p.
func (c *correlation) plan(p *plan) {
	if c.images*c.height*c.width*c.out == 0 {
		return
	}
	c.strips, c.columns = c.reducer.strips(c.groups, c.out, c.from.channels/c.groups)
	if len(c.dh)*len(c.dw) == 0 {
		c.lookAtNothing()
	}
	c.cut()
	c.place(p)
	c.multiplyRuns()
	c.planPanels(p)
	if !p.failed {
		p.each(ceilDiv(c.images, c.block.images)*ceilDiv(c.height, c.block.lines), c.task)
	}
}

// lookAtNothing is for a window without taps: images, which may have no pixels,
// are read at their first one only, by products of no terms.
func (c *correlation) lookAtNothing() {
	c.strideH, c.strideW = 0, 0
	for i := range c.strips {
		c.strips[i].from = 0
	}
}

// frameSize is how much of the images a task works on: a quarter MiB, which
// leaves room for filters and results in the second cache.
const frameSize = 1 << 16

// cut decides which pixels make a micro-tile, and which a task.
func (c *correlation) cut() {
	mr := c.reducer.mr
	waste := func(n int) float64 { return float64(roundUp(n, mr)) / float64(n) }
	c.across = waste(c.images) < waste(c.width)
	c.block = pixelBlock{images: 1, lines: c.height}
	if c.across {
		c.block.images = mr
	}
	line := c.block.images * c.from.cols * c.from.channels
	fewest := ceilDiv(enoughTasks, ceilDiv(c.images, c.block.images)) // tasks for a block of images
	for c.block.lines > 1 && (c.lines(c.block.lines)*line > frameSize || ceilDiv(c.height, c.block.lines) < fewest) {
		c.block.lines = ceilDiv(c.block.lines, 2)
	}
}

// place decides where images are read and results are written.
func (c *correlation) place(p *plan) {
	width, d := c.width, c.to.dst
	if !c.across {
		width = max(width, c.reducer.mr)
	}
	full := width == c.width && c.images%c.block.images == 0 // no micro-tile leaves the images
	exact := c.columns == c.groups*c.out                     // nor the channels
	c.from.inPlace = full && c.from.fits(c.lines(c.height))
	c.from.prepare(p, c.block.images, c.lines(c.block.lines), c.reducer.mr*c.strideW*c.from.channels+c.reducer.nr)

	c.inPlace = full && exact && d.Wanted() && !d.Add && of(d.Buf).dtype == device.Float32
	if c.inPlace {
		c.at = c.into
		return
	}
	line := width * c.columns
	c.at = raster{image: spread(c.block.lines * line), line: line, pixel: c.columns}
	c.tiles = perWorker(p, c.block.images*c.at.image)
}

// multiplyRuns makes a term of each run of taps.
func (c *correlation) multiplyRuns() {
	runs, depth := c.runs(c.groups, c.from.channels)
	s := strides{ldc: c.at.pixel, rs: c.strideW * c.from.channels, ks: 1, k: depth}
	if c.across {
		s.ldc, s.rs = c.at.image, c.from.image
	}
	for i, ldb := range [...]int{c.reducer.nr, c.reducer.nr / 2} {
		s.ldb = ldb
		c.products[i].strides = s
		for r, run := range runs {
			at := run.line*c.from.line + run.pixel*c.from.channels
			c.products[i].terms = append(c.products[i].terms, term{at, (1 + r*depth) * ldb})
		}
	}
}

// planPanels plans to lay out the filters of each strip.
func (c *correlation) planPanels(p *plan) {
	rows := 1 + len(c.products[0].terms)*c.products[0].k
	rows += 8 // which transposing may write beyond
	v := p.floats(rows * c.columns)
	if p.failed {
		return
	}
	for _, s := range c.strips {
		c.panels = append(c.panels, v[rows*s.at:][:rows*s.width])
	}
	p.each(len(c.strips), func(i, worker int) {
		s, bias := c.strips[i], c.panels[i][:c.strips[i].width]
		clear(bias)
		if c.to.bias != nil {
			copy(bias[:s.count], c.to.bias[s.group*c.to.biasStep+s.first:])
		}
		c.filters.panel(c.panels[i][s.width:], s, worker)
	})
}

// task makes block number t.
func (c *correlation) task(t, worker int) {
	blocks := ceilDiv(c.height, c.block.lines)
	images, lines := spanAt(t/blocks, c.block.images, c.images), spanAt(t%blocks, c.block.lines, c.height)
	first := lines.lo * c.strideH
	x := c.from.load(images, span{first, first + c.lines(lines.len())}, worker)
	at := c.into.origin + images.lo*c.into.image + lines.lo*c.into.line
	var y []float32
	if c.inPlace {
		y = f32(c.to.dst.Buf)[at:]
	} else {
		y = c.tiles[worker]
	}
	for i := range c.strips {
		c.multiply(y, x, i, lines.len())
	}
	for n := range images.len() {
		for h := range lines.len() {
			c.end(y[n*c.at.image+h*c.at.line:], at+n*c.into.image+h*c.into.line)
		}
	}
}

// multiply makes the columns of strip i in y. Where the last pixels of a line do
// not fill a micro-tile, it begins further left and makes some of them again.
func (c *correlation) multiply(y, x []float32, i, lines int) {
	s, b, g, step := c.strips[i], c.panels[i], &c.products[0], c.reducer.mr
	kernel := c.reducer.wide
	if s.width < c.reducer.nr {
		kernel, g = c.reducer.narrow, &c.products[1]
	}
	if c.across {
		step = 1
	}
	y, x = y[s.at:], x[s.from:]
	for h := range lines {
		for w := 0; w < c.width; w += step {
			w := max(0, min(w, c.width-step))
			kernel(y[h*c.at.line+w*c.at.pixel:], b, x[h*c.strideH*c.from.line+w*c.strideW*c.from.channels:], b, g.terms, &g.strides)
		}
	}
}

// end hands a line of results, y, to the epilogue; it belongs at element at on.
func (c *correlation) end(y []float32, at int) {
	size := c.groups * c.out // of a pixel
	switch {
	case c.inPlace:
		if c.to.act != nil || c.to.pre.Wanted() {
			c.to.activate(y[:c.width*size], at)
		}
	case size == c.columns && size == c.into.pixel:
		c.to.put(y[:c.width*size], at)
	default:
		for w := range c.width {
			for _, s := range c.strips {
				c.to.put(y[w*c.columns+s.at:][:s.count], at+w*c.into.pixel+s.group*c.into.step+s.first)
			}
		}
	}
}
