package cpu

import "example.org/chainrule/device"

// A depthwise convolution has one channel in a group: every channel is a plane
// of its own, and the inner loop runs along the channels.

// depthwise reports whether s is one.
func depthwise(s device.Conv2D) bool { return s.Groups > 1 && s.Groups == s.C && s.Groups == s.K }

// tapWeights plans to lay the filters out tap by tap: [tap h, tap w, channel].
func tapWeights(p *plan, w *buffer, s device.Conv2D, tapsH, tapsW []int) []float32 {
	v := p.floats(len(tapsH) * len(tapsW) * s.C)
	p.each(len(tapsH)*len(tapsW), func(tap, _ int) {
		from := tapsH[tap/len(tapsW)]*s.KW + tapsW[tap%len(tapsW)]
		for c := range s.C {
			w.copyTo(v[tap*s.C+c:][:1], c*s.KH*s.KW+from)
		}
	})
	return v
}

// planTaps plans result[r, c] = Σ_tap from[r, tap, c] weights[tap, c], a line of
// pixels at a time.
func planTaps(p *plan, to epilogue, from *patches, weights []float32, images int) {
	c := from.channels
	scratch := p.floats(2 * c * p.workers())
	if p.failed {
		return
	}
	width := from.at.width
	p.each(images*from.at.height, func(line, worker int) {
		sum, tmp := scratch[2*worker*c:][:c], scratch[(2*worker+1)*c:][:c]
		for r := line * width; r < (line+1)*width; r++ {
			to.begin(sum, 0, 0)
			for tap := range len(from.dh) * len(from.dw) {
				if x := from.tap(r, tap, tmp); x != nil {
					addProduct(sum, x, weights[tap*c:])
				}
			}
			to.end(sum, 0, r, 0)
		}
	})
}

// tap is all channels that row r sees at a tap: a view, or widened into tmp; nil
// outside the image.
func (p *patches) tap(r, tap int, tmp []float32) []float32 {
	n, h, w := p.at.split(r)
	y, x := h*p.strideH+p.dh[tap/len(p.dw)], w*p.strideW+p.dw[tap%len(p.dw)]
	if y < 0 || y >= p.height || x < 0 || x >= p.width {
		return nil
	}
	at := ((n*p.height+y)*p.width + x) * p.channels
	return load(p.buf, at, at+p.channels, tmp)
}

// addProduct adds x y to sum.
func addProduct(sum, x, y []float32) {
	x, y = x[:len(sum)], y[:len(sum)]
	for i := range sum {
		sum[i] += x[i] * y[i]
	}
}

// planFilterSums plans dw[c, tap] = Σ_r dy[r, c] from[r, tap, c]: each of a fixed
// number of parts of the lines makes a sum, and these are added in order.
func planFilterSums(p *plan, dw device.Dst, dy *buffer, from *patches, images int) {
	c, taps, lines := from.channels, len(from.dh)*len(from.dw), images*from.at.height
	parts := max(1, min(lines, 2*enoughTasks))
	sums, scratch := p.floats(parts*taps*c), p.floats((2*c+taps)*p.workers())
	if p.failed {
		return
	}
	p.each(parts, func(part, worker int) {
		sum, tmp := sums[part*taps*c:][:taps*c], scratch[worker*(2*c+taps):]
		clear(sum)
		for r := part * lines / parts * from.at.width; r < (part+1)*lines/parts*from.at.width; r++ {
			g := load(dy, r*c, (r+1)*c, tmp[:c])
			for tap := range taps {
				if x := from.tap(r, tap, tmp[c:2*c]); x != nil {
					addProduct(sum[tap*c:][:c], x, g)
				}
			}
		}
	})
	p.each(c, func(channel, worker int) {
		v := scratch[worker*(2*c+taps):][:taps]
		clear(v)
		for i := channel; i < len(sums); i += taps * c {
			for tap := range v {
				v[tap] += sums[i+tap*c]
			}
		}
		store(dw, channel*taps, v)
	})
}
