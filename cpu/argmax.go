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
					arg[0] = argMax(x, o*s.N, (o+1)*s.N, d.tile(worker, 0))
				} else {
					argMaxColumns(arg, x, o*s.N*s.Inner+k.col, s, d.tile(worker, 0), d.tile(worker, 1))
				}
			}
		})
	})
}

// argMax is the place, from lo, of the first largest of elements lo to hi; 0 for
// none.
func argMax(x *buffer, lo, hi int, tmp []float32) int32 {
	largest, arg := infinity(-1), int32(0)
	for at := lo; at < hi; at += tileLen {
		for i, v := range load(x, at, min(at+tileLen, hi), tmp) {
			if exceeds(v, largest) {
				largest, arg = v, int32(at-lo+i)
			}
		}
	}
	return arg
}

// argMaxColumns is the same for len(arg) columns, the first of which begins at
// element at.
func argMaxColumns(arg []int32, x *buffer, at int, s device.Reduce, tmp, largest []float32) {
	largest = largest[:len(arg)]
	fill(largest, infinity(-1))
	clear(arg)
	for n := range s.N {
		row := load(x, at+n*s.Inner, at+n*s.Inner+len(arg), tmp)
		for j, v := range row[:len(arg)] {
			if exceeds(v, largest[j]) {
				largest[j], arg[j] = v, int32(n)
			}
		}
	}
}

// exceeds reports whether v takes the place of the largest so far: a NaN is
// larger than all, the first one stays.
func exceeds(v, largest float32) bool { return !(v <= largest) && largest == largest }
