package cpu

// A lineSlide is a slide along a line, but for its rows. Several of them make a
// line of results: a slide has few taps; where the window moves in strides, only
// taps that are whole strides apart meet the same pixels; and where it is dilated,
// only positions that are whole dilations apart do.
type lineSlide struct {
	slide
	starts bool // its positions, which others before it may have started
	to     int  // where the first position's results are in their line
	from   int  // and its first column inside the image, in a line of that
	tap    int  // the first
}

// lineSlides are those of a line of f, for results whose pixels are move elements
// apart.
func (w *sweep) lineSlides(f *frames, move int) (list []lineSlide) {
	common := gcd(w.pitch(), w.strideW)
	apart := pairing{positions: w.pitch() / common, taps: w.strideW / common}
	for first := range min(apart.positions, w.width) {
		start := len(list)
		for class := range min(apart.taps, len(w.dw)) {
			for tap := class; tap < len(w.dw); {
				left := ceilDiv(len(w.dw)-tap, apart.taps)
				n := ceilDiv(left, ceilDiv(left, slideTaps))
				list = append(list, w.lineSlide(f, move, apart, first, tap, n))
				tap += n * apart.taps
			}
		}
		if start < len(list) {
			list[start].starts = true
		}
	}
	return list
}

// A pairing is how far apart positions, and taps, are that meet the same pixels.
type pairing struct{ positions, taps int }

// lineSlide is one of n taps, from position first and tap on.
func (w *sweep) lineSlide(f *frames, move int, apart pairing, first, tap, n int) lineSlide {
	pixel, across := first*w.strideW+w.dw[tap], apart.positions*w.strideW // column 0, and from column to column
	s := slide{
		taps: n, n: ceilDiv(w.width-first, apart.positions), channels: f.channels,
		xMove: across * f.channels, wMove: apart.taps * f.channels, yMove: apart.positions * move,
	}
	s.end = s.n + n - 1
	s.first = min(max(0, ceilDiv(-pixel, across)), s.end)
	s.columns = max(0, min(ceilDiv(f.width-pixel, across), s.end)-s.first)
	a := lineSlide{slide: s, to: first * move, tap: tap}
	if s.columns > 0 {
		a.from = (pixel + s.first*across) * f.channels
	}
	return a
}

// rowsInside are the rows of the window that are inside images of so many lines at
// line h of positions.
func (w *sweep) rowsInside(h, height int) (rows span) {
	rows.hi = len(w.dh)
	for rows.lo < rows.hi && h*w.strideH+w.dh[rows.lo] < 0 {
		rows.lo++
	}
	for rows.lo < rows.hi && h*w.strideH+w.dh[rows.hi-1] >= height {
		rows.hi--
	}
	return rows
}

// linesInside are the lines of images of that height which lines of positions meet.
func (w *sweep) linesInside(lines span, height int) span {
	if len(w.dh) == 0 {
		return span{}
	}
	lo, hi := lines.lo*w.strideH+w.dh[0], (lines.hi-1)*w.strideH+w.dh[len(w.dh)-1]+1
	lo = min(max(0, lo), height)
	return span{lo, max(lo, min(hi, height))}
}

// within is what s has in common with r.
func (s span) within(r span) span { return span{max(s.lo, r.lo), min(s.hi, r.hi)} }

// next are the rows of a slide that begins with the first of these: equally many
// as others, about.
func (r span) next() span {
	slides := ceilDiv(r.len(), slideRows)
	return span{r.lo, r.lo + ceilDiv(r.len(), max(slides, 1))}
}

// meet gives a slide rows, at line h of positions, in lines of f from first on.
func (a *lineSlide) meet(s *slide, w *sweep, f *frames, rows span, h, first int) {
	s.rows = rows.len()
	for i := range s.rows {
		r := rows.lo + i
		s.x[i] = (h*w.strideH+w.dh[r]-first)*f.line + a.from
		s.w[i] = (r*len(w.dw) + a.tap) * f.channels
	}
}

// A workSlide is a slide for a worker to fill, two cache lines from any other: they
// are fetched in pairs.
type workSlide struct {
	slide
	_ [128]byte
}

// workSlides are those of each worker.
func workSlides(p *plan) []workSlide { return make([]workSlide, p.workers()) }

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}
