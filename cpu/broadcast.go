package cpu

import "example.org/chainrule/device"

// A broadcast is an operand that repeats along some axes of a result. Neighbouring
// axes of one kind are merged, so that kinds alternate.
type broadcast struct {
	buf  *buffer
	axes []axis // outermost first; none for a single element
}

// An axis has stride 0 where the operand repeats, else the distance of its
// steps in the operand.
type axis struct{ extent, stride int }

func newBroadcast(b device.Buffer, dims device.Dims, repeats [device.MaxDims]bool) *broadcast {
	o := &broadcast{buf: of(b)}
	stride := 1
	for k := device.MaxDims - 1; k >= 0; k-- {
		a := axis{extent: dims[k]}
		if !repeats[k] {
			a.stride = stride
			stride *= a.extent
		}
		if a.extent != 1 {
			o.prepend(a)
		}
	}
	return o
}

// prepend adds an outer axis.
func (o *broadcast) prepend(a axis) {
	if len(o.axes) > 0 {
		if inner := &o.axes[0]; (a.stride == 0) == (inner.stride == 0) {
			inner.extent *= a.extent
			return
		}
	}
	o.axes = append([]axis{a}, o.axes...)
}

// repeating reports whether the operand is smaller than the result.
func (o *broadcast) repeating() bool {
	return len(o.axes) > 1 || len(o.axes) == 1 && o.axes[0].stride == 0
}

// row is where row r of the result's innermost merged axis begins.
func (o *broadcast) row(r int) (at int) {
	for k := len(o.axes) - 2; k > 0; k-- {
		a := o.axes[k]
		at += r % a.extent * a.stride
		r /= a.extent
	}
	if len(o.axes) > 1 {
		at += r * o.axes[0].stride
	}
	return at
}

// eachRun goes through elements lo to hi of the result, row by row: v holds
// those of one row, and begins at element at of the operand.
func (o *broadcast) eachRun(v []float32, lo int, run func(v []float32, at int)) {
	inner := o.axes[len(o.axes)-1]
	r, c := lo/inner.extent, lo%inner.extent
	for len(v) > 0 {
		n := min(len(v), inner.extent-c)
		run(v[:n], o.row(r)+c*inner.stride)
		v, r, c = v[n:], r+1, 0
	}
}

// load is elements lo to hi of the result, as the operand gives them: a view,
// or spread into tmp.
func (o *broadcast) load(lo, hi int, tmp []float32) []float32 {
	if !o.repeating() {
		return load(o.buf, lo, hi, tmp)
	}
	tmp = tmp[:hi-lo]
	repeats := o.axes[len(o.axes)-1].stride == 0
	o.eachRun(tmp, lo, func(v []float32, at int) {
		if repeats {
			fill(v, load(o.buf, at, at+1, v)[0])
		} else {
			copy(v, load(o.buf, at, at+len(v), v))
		}
	})
	return tmp
}

// add adds elements of the result, from lo on, to the sums of the operand's
// elements; sums begins with that of element base.
func (o *broadcast) add(sums []float32, base int, v []float32, lo int) {
	repeats := o.axes[len(o.axes)-1].stride == 0
	o.eachRun(v, lo, func(v []float32, at int) {
		if repeats {
			sums[at-base] += float32(sumRow(v))
		} else {
			addRow(sums[at-base:at-base+len(v)], v)
		}
	})
}

// A sumCut divides the sums over an operand's repeated axes among tasks, by the
// shape alone: the outermost axis, where it repeats, into parts with partial
// sums of their own, and the axis below it into pieces.
type sumCut struct {
	parts, pieces int
	rows, allRows int // steps of the outermost axis: of a part, in all
	row           int // elements of the result in one such step
	span          int // elements of the result in one piece of a row
	kept          int // elements of the operand in one piece
}

const maxParts = 32 // of one sum: enough to share out, few enough to add up

func (o *broadcast) cut(n int) sumCut {
	c := sumCut{parts: 1, pieces: 1, kept: o.buf.Len()}
	if n == 0 {
		return c
	}
	axes := o.axes
	c.allRows = 1
	if axes[0].stride == 0 {
		c.allRows, axes = axes[0].extent, axes[1:]
	}
	c.row = n / c.allRows
	steps := 1
	if len(axes) > 0 {
		steps = axes[0].extent
	}
	each := min(steps, ceilDiv(tileLen, c.row/steps))
	c.pieces = ceilDiv(steps, each)
	c.span, c.kept = each*c.row/steps, each*o.buf.Len()/steps
	c.parts = max(1, min(c.allRows, maxParts/c.pieces, c.allRows*c.span/(4*tileLen)))
	c.rows = ceilDiv(c.allRows, c.parts)
	c.parts = ceilDiv(c.allRows, c.rows)
	return c
}

// eachTile goes through the elements of the result that belong to a piece of a
// part, in order.
func (c sumCut) eachTile(part, piece int, tile func(lo, hi int)) {
	first, last := part*c.rows, min((part+1)*c.rows, c.allRows)
	if c.pieces == 1 {
		eachTile(first*c.row, last*c.row, tile)
		return
	}
	for r := first; r < last; r++ {
		lo := r*c.row + piece*c.span
		eachTile(lo, min(lo+c.span, (r+1)*c.row), tile)
	}
}

func eachTile(lo, hi int, tile func(lo, hi int)) {
	for ; lo < hi; lo += tileLen {
		tile(lo, min(lo+tileLen, hi))
	}
}
