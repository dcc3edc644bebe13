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

// tap is where the channels of the place h, w begin in x.
func (q *pooling) tap(w poolWindow, row, col int) int {
	return ((w.image*q.H+row)*q.W+col)*q.C + w.c
}

// MaxPool sets y to the largest element of each window and index to its place.
func (d *Device) MaxPool(y, index device.Dst, x device.Buffer, s device.Pool) {
	q := newPooling(s)
	d.run(device.Call{
		Op: "MaxPool", Dst: [4]device.Dst{y, index}, Src: [8]device.Buffer{x},
		FLOPs: q.flops(),
	}, func(p *plan) {
		if !y.Wanted() && !index.Wanted() {
			return
		}
		x, places := of(x), i32(index.Buf)
		q.eachWindow(p, func(w poolWindow, worker int) {
			out := open(y, w.at, w.at+w.cc, d.tile(worker, 0))
			if places == nil {
				q.max(out.v, x, w, d.tile(worker, 1))
			} else {
				q.argMax(out.v, places[w.at:w.at+w.cc], x, w, d.tile(worker, 1))
			}
			out.commit()
		})
	})
}

// max sets y to the largest of each channel.
func (q *pooling) max(y []float32, x *buffer, w poolWindow, tmp []float32) {
	fill(y, infinity(-1))
	for row := w.rows.first; row < w.rows.end; row += w.rows.step {
		for col := w.cols.first; col < w.cols.end; col += w.cols.step {
			at := q.tap(w, row, col)
			maxRows(y, load(x, at, at+w.cc, tmp), w.cc)
		}
	}
}

// argMax does the same, and sets index to the first place of the largest.
func (q *pooling) argMax(y []float32, index []int32, x *buffer, w poolWindow, tmp []float32) {
	seen := false
	for row := w.rows.first; row < w.rows.end; row += w.rows.step {
		for col := w.cols.first; col < w.cols.end; col += w.cols.step {
			at, place := q.tap(w, row, col), int32(row*q.W+col)
			v := load(x, at, at+w.cc, tmp)
			if seen {
				maxTap(y, index, v, place)
				continue
			}
			seen = true
			copy(y, v)
			fill(index, place)
		}
	}
	if !seen {
		fill(y, infinity(-1))
		fill(index, -1)
	}
}

// maxTap puts v into y, and place into index, where v exceeds y. Nobody can
// predict where that is, so the comparisons are conditional moves.
func maxTap(y []float32, index []int32, v []float32, place int32) {
	index, v = index[:len(y)], v[:len(y)]
	for c, largest := range y {
		old, at := index[c], place
		if v[c] <= largest {
			at = old
		}
		if largest != largest { // NaN stays
			at = old
		}
		index[c] = at
		y[c] = max(largest, v[c])
	}
}

// MaxPoolGrad sets dx[n, h, w, c] = Σ dy over the windows whose index is there.
func (d *Device) MaxPoolGrad(dx device.Dst, dy, index device.Buffer, s device.Pool) {
	q := newPooling(s)
	d.run(device.Call{
		Op: "MaxPoolGrad", Dst: [4]device.Dst{dx}, Src: [8]device.Buffer{dy, index},
		FLOPs: int64(dy.Len()),
	}, func(p *plan) {
		if !dx.Wanted() {
			return
		}
		dy, index := of(dy), i32(index)
		q.eachImage(p, dx, func(to imagePart, w poolWindow, worker int) {
			to.scatter(load(dy, w.at, w.at+w.cc, d.tile(worker, 0)), index[w.at:w.at+w.cc])
		})
	})
}

// An imagePart is some channels of one image as float32, those of each place
// stride elements after those of the place before.
type imagePart struct {
	v          []float32
	stride, cc int
}

// at is the channels of a place.
func (to imagePart) at(place int) []float32 { return to.v[place*to.stride:][:to.cc] }

// scatter adds g[c] to channel c of the place index[c]; negative ones are
// nowhere.
func (to imagePart) scatter(g []float32, index []int32) {
	index = index[:len(g)]
	for c, v := range g {
		if i := index[c]; i >= 0 {
			to.v[int(i)*to.stride+c] += v
		}
	}
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
		for place := range q.H * q.W {
			clear(to.at(place))
		}
		q.windows(to, w, worker, grad)
		for place := 0; !direct && place < q.H*q.W; place++ {
			out{b, dx.Add, base + place*q.C, to.at(place)}.commit()
		}
	})
}

// windows calls grad for every window on the channels of w.
func (q *pooling) windows(to imagePart, w poolWindow, worker int, grad func(to imagePart, w poolWindow, worker int)) {
	w.at = w.image*q.oh*q.ow*q.C + w.c
	for i := range q.oh {
		w.rows = q.rows.reach(i)
		for j := range q.ow {
			w.cols = q.cols.reach(j)
			grad(to, w, worker)
			w.at += q.C
		}
	}
}

// AvgPool sets y to the mean of each window.
func (d *Device) AvgPool(y device.Dst, x device.Buffer, s device.Pool) {
	q := newPooling(s)
	d.run(device.Call{
		Op: "AvgPool", Dst: [4]device.Dst{y}, Src: [8]device.Buffer{x},
		FLOPs: q.flops(),
	}, func(p *plan) {
		if !y.Wanted() {
			return
		}
		x := of(x)
		q.eachWindow(p, func(w poolWindow, worker int) {
			out := open(y, w.at, w.at+w.cc, d.tile(worker, 0))
			clear(out.v)
			for row := w.rows.first; row < w.rows.end; row += w.rows.step {
				for col := w.cols.first; col < w.cols.end; col += w.cols.step {
					at := q.tap(w, row, col)
					add(out.v, load(x, at, at+w.cc, d.tile(worker, 1)))
				}
			}
			scale(out.v, 1/q.places(w))
			out.commit()
		})
	})
}

// places is what the sum over a window is divided by.
func (q *pooling) places(w poolWindow) float32 {
	if q.CountPad && !q.Adaptive {
		return float32(q.KH * q.KW)
	}
	return float32(max(1, w.rows.count()*w.cols.count()))
}

// AvgPoolGrad spreads dy evenly over each window.
func (d *Device) AvgPoolGrad(dx device.Dst, dy device.Buffer, s device.Pool) {
	q := newPooling(s)
	d.run(device.Call{
		Op: "AvgPoolGrad", Dst: [4]device.Dst{dx}, Src: [8]device.Buffer{dy},
		FLOPs: q.flops(),
	}, func(p *plan) {
		if !dx.Wanted() {
			return
		}
		dy := of(dy)
		q.eachImage(p, dx, func(to imagePart, w poolWindow, worker int) {
			g := d.tile(worker, 0)[:w.cc]
			scaleRow(g, load(dy, w.at, w.at+w.cc, d.tile(worker, 1)), 1/q.places(w))
			for row := w.rows.first; row < w.rows.end; row += w.rows.step {
				for col := w.cols.first; col < w.cols.end; col += w.cols.step {
					add(to.at(row*q.W+col), g)
				}
			}
		})
	})
}
