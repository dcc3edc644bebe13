package cpu

import "example.org/chainrule/device"

// A pooling is a device.Pool with its two axes and the result's extent.
type pooling struct {
	device.Pool
	rows, cols poolAxis
	oh, ow     int
	runs       []poolRun // of a row of windows
}

// A poolAxis is the windows along one axis of an image.
type poolAxis struct {
	extent, out              int
	kernel, stride, dilation int
	before                   int // padding
	adaptive                 bool
}

func newPooling(s device.Pool) pooling {
	oh, ow := s.Out()
	q := pooling{
		Pool: s, oh: oh, ow: ow,
		rows: poolAxis{s.H, oh, s.KH, s.StrideH, s.DilationH, s.Top, s.Adaptive},
		cols: poolAxis{s.W, ow, s.KW, s.StrideW, s.DilationW, s.Left, s.Adaptive},
	}
	q.runs = q.cols.runs(max(1, tileLen/max(s.C, 1)))
	return q
}

// A reach is the places first, first+step, ... below end.
type reach struct{ first, end, step int }

func (r reach) count() int { return max(0, ceilDiv(r.end-r.first, r.step)) }

// reach is what window i sees of the image; padding is left out.
func (a poolAxis) reach(i int) reach {
	if a.adaptive {
		return reach{i * a.extent / a.out, ceilDiv((i+1)*a.extent, a.out), 1}
	}
	first := i*a.stride - a.before
	end := min(first+(a.kernel-1)*a.dilation+1, a.extent)
	if first < 0 {
		first += ceilDiv(-first, a.dilation) * a.dilation
	}
	return reach{first, end, a.dilation}
}

// A poolRun is windows that follow each other and see equally many places, each
// move places further than the one before, never back.
type poolRun struct {
	first, windows, move int
	reach                // of the first window
}

// runs cuts an axis into runs of at most so many windows.
func (a poolAxis) runs(most int) (runs []poolRun) {
	for i := 0; i < a.out; {
		r := poolRun{first: i, windows: 1, reach: a.reach(i)}
		if i+1 < a.out { // where padding hides a dilated window's first places, the next may begin before it
			r.move = max(0, a.reach(i+1).first-r.reach.first)
		}
		for i++; i < a.out && r.windows < most && r.goesOn(a.reach(i)); i++ {
			r.windows++
		}
		runs = append(runs, r)
	}
	return runs
}

// goesOn reports whether a window that sees next may follow the run.
func (r poolRun) goesOn(next reach) bool {
	return next.first == r.reach.first+r.windows*r.move && next.count() == r.count()
}

// flops counts an operation for each place of each window.
func (q *pooling) flops() int64 {
	n := int64(q.N) * int64(q.C)
	if q.Adaptive {
		return n * int64(q.H) * int64(q.W)
	}
	return n * int64(q.oh) * int64(q.ow) * int64(q.KH) * int64(q.KW)
}

// eachRun plans task for every run of windows on every block of channels that
// fits scratch. A row of windows is one task of the plan.
func (q *pooling) eachRun(p *plan, x *buffer, task func(w poolWindows, worker int)) {
	if q.C == 0 {
		return
	}
	image, size := q.H*q.W*q.C, 0
	var scratch []float32
	if x.dtype != device.Float32 {
		size = q.rows.span() * q.W * q.C
		scratch = p.floats(p.workers() * size)
	}
	p.each(q.N*q.oh, func(i, worker int) {
		w := poolWindows{q: q, rows: q.rows.reach(i % q.oh)}
		w.from = min(max(w.rows.first, 0), q.H) * q.W
		lo := i/q.oh*image + w.from*q.C
		w.x = load(x, lo, max(lo, i/q.oh*image+w.rows.end*q.W*q.C), scratch[worker*size:])
		for _, w.cols = range q.runs {
			for w.c = 0; w.c < q.C; w.c += tileLen {
				w.channels = min(tileLen, q.C-w.c)
				w.at = (i*q.ow+w.cols.first)*q.C + w.c
				task(w, worker)
			}
		}
	})
}

// span is how many places the widest window reaches over.
func (a poolAxis) span() (most int) {
	for i := range a.out {
		r := a.reach(i)
		most = max(most, r.end-r.first)
	}
	return most
}

// A poolWindows is a run of windows on some channels of one image.
type poolWindows struct {
	q           *pooling
	x           []float32 // what the windows see of their image, from a place on; nil for a derivative
	from        int       // this place
	rows        reach
	cols        poolRun
	c, channels int // the first channel and how many
	at          int // of the first channel of the first window in the result
}

// end is behind the last channel of the last window in the result.
func (w *poolWindows) end() int { return w.at + (w.cols.windows-1)*w.q.C + w.channels }

// empty reports whether the windows see no place.
func (w *poolWindows) empty() bool { return w.rows.count() == 0 || w.cols.count() == 0 }

// eachRow gives the taps in each row of the image, whose places have their
// channels stride elements apart.
func (w *poolWindows) eachRow(stride int, f func(t tapRow)) {
	if w.cols.count() == 0 {
		return
	}
	t := tapRow{
		windows: w.cols.windows, taps: w.cols.count(), channels: w.channels,
		yMove: w.q.C, xMove: w.cols.move * stride, xStep: w.cols.step * stride,
		placeMove: w.cols.move, placeStep: w.cols.step,
	}
	for row := w.rows.first; row < w.rows.end; row += w.rows.step {
		t.place = row*w.q.W + w.cols.reach.first
		f(t)
		t.more = true
	}
}

// seen is x from a place on.
func (w *poolWindows) seen(place int) []float32 { return w.x[(place-w.from)*w.q.C+w.c:] }

// An imagePart is some channels of one image as float32, those of each place
// stride elements after those of the place before.
type imagePart struct {
	v                []float32
	stride, channels int
}

// at is the channels of a place.
func (to imagePart) at(place int) []float32 { return to.v[place*to.stride:][:to.channels] }

// clear sets places lo to hi to zero, and returns the larger of both.
func (to imagePart) clear(lo, hi int) int {
	switch {
	case lo >= hi:
		return lo
	case to.stride == to.channels:
		clear(to.v[lo*to.stride : hi*to.stride])
	default:
		for place := lo; place < hi; place++ {
			clear(to.at(place))
		}
	}
	return hi
}

// commit sends the part, in scratch, to b, where it begins at base.
func (to imagePart) commit(b *buffer, add bool, base int, q *pooling) {
	places := q.H * q.W
	if to.channels == q.C {
		out{b, add, base, to.v[:places*q.C]}.commit()
		return
	}
	for place := range places {
		out{b, add, base + place*q.C, to.at(place)}.commit()
	}
}

// gradChannels is the most channels of a part, so that even a batch of one image
// makes several tasks. Narrower parts are slower: each writes pieces of lines.
const gradChannels = 64

// eachImage plans a derivative: grad adds to a part of dx, zero at first, what
// one run of windows gives it. Each part is one task, so windows may overlap.
func (q *pooling) eachImage(p *plan, dx device.Dst, grad func(to imagePart, w poolWindows, worker int)) {
	block := min(q.C, gradChannels)
	size := q.H * q.W * block
	if size == 0 {
		return
	}
	b, blocks := of(dx.Buf), ceilDiv(q.C, block)
	direct := b.dtype == device.Float32 && !dx.Add
	var scratch []float32
	if !direct {
		scratch = p.floats(p.workers() * size)
	}
	p.each(q.N*blocks, func(i, worker int) {
		image := i / blocks
		w := poolWindows{q: q, c: i % blocks * block}
		w.channels = min(block, q.C-w.c)
		base := image*q.H*q.W*q.C + w.c
		var to imagePart
		if direct {
			to = imagePart{b.f32[base:], q.C, w.channels}
		} else {
			to = imagePart{scratch[worker*size:], w.channels, w.channels}
		}
		q.gradRuns(to, image, w, worker, grad)
		if !direct {
			to.commit(b, dx.Add, base, q)
		}
	})
}

// gradRuns calls grad for every run of windows of an image on the channels of w. The rows of
// to become zero just before the first window that sees them.
func (q *pooling) gradRuns(to imagePart, image int, w poolWindows, worker int, grad func(to imagePart, w poolWindows, worker int)) {
	cleared := 0
	for i := range q.oh {
		w.rows = q.rows.reach(i)
		cleared = to.clear(cleared, w.rows.end*q.W)
		for _, w.cols = range q.runs {
			w.at = ((image*q.oh+i)*q.ow+w.cols.first)*q.C + w.c
			grad(to, w, worker)
		}
	}
	to.clear(cleared, q.H*q.W)
}
