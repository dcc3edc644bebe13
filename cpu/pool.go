package cpu

import "example.org/chainrule/device"

// A pooling is a device.Pool with its two axes and the result's extent.
type pooling struct {
	device.Pool
	rows, cols poolAxis
	oh, ow     int
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
	return pooling{
		Pool: s, oh: oh, ow: ow,
		rows: poolAxis{s.H, oh, s.KH, s.StrideH, s.DilationH, s.Top, s.Adaptive},
		cols: poolAxis{s.W, ow, s.KW, s.StrideW, s.DilationW, s.Left, s.Adaptive},
	}
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

// flops counts an operation for each place of each window.
func (q *pooling) flops() int64 {
	n := int64(q.N) * int64(q.C)
	if q.Adaptive {
		return n * int64(q.H) * int64(q.W)
	}
	return n * int64(q.oh) * int64(q.ow) * int64(q.KH) * int64(q.KW)
}

// eachWindow plans task for every window and every run of channels that fits
// scratch: at is the run's place in the result, c and cc its first channel and
// its length. A row of windows is one task of the plan.
func (q *pooling) eachWindow(p *plan, task func(w poolWindow, worker int)) {
	if q.C*q.ow == 0 {
		return
	}
	p.each(q.N*q.oh, func(i, worker int) {
		w := poolWindow{image: i / q.oh, rows: q.rows.reach(i % q.oh)}
		for j := range q.ow {
			w.cols = q.cols.reach(j)
			for w.c = 0; w.c < q.C; w.c += tileLen {
				w.cc = min(tileLen, q.C-w.c)
				w.at = (i*q.ow+j)*q.C + w.c
				task(w, worker)
			}
		}
	})
}

// A poolWindow is one window on some channels of one image.
type poolWindow struct {
	image      int
	rows, cols reach
	c, cc      int // the first channel and how many
	at         int // of the first channel in the result
}

// lines calls f for the window's places in each row of the image, as strips of x
// that fit scratch, with the first of these places and how far apart they are.
func (q *pooling) lines(x *buffer, w poolWindow, tmp []float32, f func(v strip, place, step int)) {
	most := max(1, tileLen/w.cc)
	for row := w.rows.first; row < w.rows.end; row += w.rows.step {
		for cols := w.cols; cols.count() > 0; cols.first += most * cols.step {
			v := loadStrip(x, q.tap(w, row, cols.first), min(most, cols.count()), w.cc, q.C*cols.step, tmp)
			f(v, row*q.W+cols.first, cols.step)
		}
	}
}

// tap is where the channels of the place h, w begin in x.
func (q *pooling) tap(w poolWindow, row, col int) int {
	return ((w.image*q.H+row)*q.W+col)*q.C + w.c
}

// An imagePart is some channels of one image as float32, those of each place
// stride elements after those of the place before.
type imagePart struct {
	v          []float32
	stride, cc int
}

// at is the channels of a place.
func (to imagePart) at(place int) []float32 { return to.v[place*to.stride:][:to.cc] }

// taps begins with the channels of a place and ends with those of the last of
// cols.
func (to imagePart) taps(place int, cols reach) []float32 {
	last := (cols.count() - 1) * cols.step
	return to.v[place*to.stride:][:last*to.stride+to.cc]
}

// clear sets places lo to hi to zero, and returns the larger of both.
func (to imagePart) clear(lo, hi int) int {
	switch {
	case lo >= hi:
		return lo
	case to.stride == to.cc:
		clear(to.v[lo*to.stride : hi*to.stride])
	default:
		for place := lo; place < hi; place++ {
			clear(to.at(place))
		}
	}
	return hi
}

// gradChannels is the most channels of a part, so that even a batch of one image
// makes several tasks.
const gradChannels = 64

// eachImage plans a derivative: grad adds to a part of dx, zero at first, what
// one window gives it. Each part is one task, so windows may overlap.
func (q *pooling) eachImage(p *plan, dx device.Dst, grad func(to imagePart, w poolWindow, worker int)) {
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
		w := poolWindow{image: i / blocks, c: i % blocks * block}
		w.cc = min(block, q.C-w.c)
		base := q.tap(w, 0, 0)
		var to imagePart
		if direct {
			to = imagePart{b.f32[base:], q.C, w.cc}
		} else {
			to = imagePart{scratch[worker*size:], w.cc, w.cc}
		}
		q.windows(to, w, worker, grad)
		for place := 0; !direct && place < q.H*q.W; place++ {
			out{b, dx.Add, base + place*q.C, to.at(place)}.commit()
		}
	})
}

// windows calls grad for every window on the channels of w. The rows of to become
// zero just before the first window that reaches them.
func (q *pooling) windows(to imagePart, w poolWindow, worker int, grad func(to imagePart, w poolWindow, worker int)) {
	w.at = w.image*q.oh*q.ow*q.C + w.c
	cleared := 0
	for i := range q.oh {
		w.rows = q.rows.reach(i)
		cleared = to.clear(cleared, w.rows.end*q.W)
		for j := range q.ow {
			w.cols = q.cols.reach(j)
			grad(to, w, worker)
			w.at += q.C
		}
	}
	to.clear(cleared, q.H*q.W)
}
