package cpu

import "example.org/chainrule/device"

// ArgMax sets y[o, i] to the first n with the largest x[o, n, i].
func (d *Device) ArgMax(y device.Dst, x device.Buffer, s device.Reduce) {
	d.run(device.Call{
		Op: "ArgMax", Dst: [4]device.Dst{y}, Src: [8]device.Buffer{x},
		FLOPs: int64(x.Len()),
	}, func(p *plan) {
		if !y.Wanted() {
			return
		}
		x, y, t := of(x), of(y.Buf).i32, tilesOf(s).wholeColumns()
		p.each(t.tiles(), func(i, worker int) {
			k := t.at(i)
			for o := k.outer; o < k.outer+k.outers; o++ {
				arg := y[o*s.Inner+k.col:][:k.cols]
				if s.Inner == 1 {
					arg[0] = d.kernel.argMax(x, o*s.N, (o+1)*s.N, d.tile(worker, 0))
				} else {
					d.kernel.argMaxColumns(arg, x, o*s.N*s.Inner+k.col, s, d.tile(worker, 0), d.tile(worker, 1))
				}
			}
		})
	})
}

// argMaxLen is how many elements argMax takes the largest of at a time, before it
// looks where in the best of these spans it is.
const argMaxLen = 256

// argMax is the place, from lo, of the first largest of elements lo to hi, of which
// there is one at least.
func (k *kernels) argMax(x *buffer, lo, hi int, tmp []float32) int32 {
	largest, span := infinity(-1), lo
	for at := lo; at < hi; at += argMaxLen {
		if m := k.folds.max(load(x, at, min(at+argMaxLen, hi), tmp)); exceeds(m, largest) {
			largest, span = m, at
		}
	}
	for i, v := range load(x, span, min(span+argMaxLen, hi), tmp) {
		if same(v, largest) {
			return int32(span - lo + i)
		}
	}
	return 0
}

// argMaxColumns is the same for len(arg) columns, the first of which begins at
// element at.
func (k *kernels) argMaxColumns(arg []int32, x *buffer, at int, s device.Reduce, tmp, largest []float32) {
	rows := tileLen / len(arg)
	for n := 0; n < s.N; n += rows {
		x := loadStrip(x, at+n*s.Inner, min(rows, s.N-n), len(arg), s.Inner, tmp)
		k.maxTaps(largest, arg, x.v, tapRow{
			windows: 1, taps: min(rows, s.N-n), channels: len(arg), xStep: x.stride,
			place: n, placeStep: 1, more: n > 0,
		})
	}
}

// exceeds reports whether v takes the place of the largest so far: a NaN is
// larger than all, the first one stays.
func exceeds(v, largest float32) bool { return !(v <= largest) && largest == largest }
