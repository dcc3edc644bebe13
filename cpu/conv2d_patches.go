package cpu

import "example.org/chainrule/device"

// patches is the matrix whose row r holds what a window sees at pixel at(r):
// for every tap, the channels of one group; zeros outside the image. Matrix i
// is group i.
type patches struct {
	buf                     *buffer
	height, width, channels int    // of the images
	group                   int    // channels in a group
	at                      raster // of rows; where they lie is not used
	strideH, strideW        int
	dh, dw                  []int // where the taps are, from the pixel
	joined                  int   // taps of a line that are neighbours in memory and copied as one
}

// patchesOf is what the windows of s see of x.
func patchesOf(x device.Buffer, s device.Conv2D) *patches {
	oh, ow := s.Out()
	p := &patches{
		buf: of(x), height: s.H, width: s.W, channels: s.C, group: s.C / s.Groups,
		at: raster{height: oh, width: ow}, strideH: s.StrideH, strideW: s.StrideW,
	}
	for h := range s.KH {
		p.dh = append(p.dh, h*s.DilationH-s.Top)
	}
	for w := range s.KW {
		p.dw = append(p.dw, w*s.DilationW-s.Left)
	}
	p.join()
	return p
}

// phasePatches is what a phase of the data gradient of s sees of dy.
func phasePatches(dy *buffer, s device.Conv2D, channels int, lines, cols axisPhase) *patches {
	oh, ow := s.Out()
	return &patches{
		buf: dy, height: oh, width: ow, channels: channels, group: channels / s.Groups,
		at: raster{height: lines.n, width: cols.n}, strideH: 1, strideW: 1,
		dh: lines.offsets, dw: cols.offsets,
	}
}

// join finds whether the taps of a line are neighbours.
func (p *patches) join() {
	p.joined = max(1, len(p.dw))
	for i := range p.dw {
		if p.dw[i] != p.dw[0]+i || p.group != p.channels {
			p.joined = 1
		}
	}
}

func (p *patches) read(dst []float32, ld, i, row, rows, col, cols int) {
	size := p.joined * p.group // of the elements copied as one
	for r := 0; r < rows; {
		n, h, w := p.at.split(row + r)
		count := min(rows-r, p.at.width-w)
		for c := 0; c < cols; {
			run, skip := (col+c)/size, (col+c)%size
			piece := min(size-skip, cols-c)
			p.copyRun(dst[r*ld+c:], ld, piece, i, n, h, w, count, run, skip)
			c += piece
		}
		r += count
	}
}

// copyRun copies, for count pixels from (h, w) of image n on, what they see at
// one run of taps: size elements from skip on, of the channels of group i.
func (p *patches) copyRun(dst []float32, ld, size, i, n, h, w, count, run, skip int) {
	perLine := len(p.dw) / p.joined
	y, x := h*p.strideH+p.dh[run/perLine], w*p.strideW+p.dw[run%perLine*p.joined]
	line := (n*p.height+y)*p.width*p.channels + i*p.group + skip
	for r := range count {
		v := dst[r*ld:][:size]
		lo, hi := -x*p.group-skip, (p.width-x)*p.group-skip // the part inside the image
		switch {
		case y < 0 || y >= p.height || hi <= 0 || lo >= size:
			clear(v)
		case lo <= 0 && hi >= size:
			p.buf.copyTo(v, line+x*p.channels)
		default:
			lo, hi = max(lo, 0), min(hi, size)
			clear(v[:lo])
			p.buf.copyTo(v[lo:hi], line+x*p.channels+lo)
			clear(v[hi:])
		}
		x += p.strideW
	}
}
