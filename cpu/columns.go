package cpu

import "example.org/chainrule/device"

// stripCols is the most columns a strip has: a tile then holds 16 rows or more,
// and what is kept for each column of a tile is small beside the tile.
const stripCols = 256

// A strip is a block of rows and columns of a matrix as float32. Its rows begin
// stride elements apart.
type strip struct {
	v      []float32
	stride int
}

// loadStrip is the strip of rows by cols elements whose first one is at, of a
// matrix with stride columns: a view of b, or widened into tmp.
func loadStrip(b *buffer, at, rows, cols, stride int, tmp []float32) strip {
	switch {
	case rows == 0:
		return strip{stride: cols}
	case cols == stride:
		return strip{load(b, at, at+rows*cols, tmp), cols}
	case b.dtype == device.Float32:
		return strip{b.f32[at : at+(rows-1)*stride+cols], stride}
	}
	for r := range rows {
		load(b, at+r*stride, at+r*stride+cols, tmp[r*cols:(r+1)*cols])
	}
	return strip{tmp[:rows*cols], cols}
}

// period is how many elements the sums over columns of s should have. Where the
// rows follow each other, several are taken as one long row: column j of it is
// column j % cols. Loops over few columns are long that way.
func (s strip) period(cols int) int {
	if s.stride != cols {
		return cols
	}
	return min(periodOf(cols), max(cols, len(s.v)))
}

// periodOf is the largest multiple of cols within stripCols, cols at least.
func periodOf(cols int) int { return cols * max(1, stripCols/cols) }

// rowStride is the distance of rows of period elements.
func (s strip) rowStride(period int) int { return max(s.stride, period) }

// repeat fills dst with copies of period, the last one cut short.
func repeat(dst, period []float32) {
	for n := copy(dst, period); n < len(dst) && n > 0; {
		n += copy(dst[n:], dst[:n])
	}
}

// fill sets every element of dst to v.
func fill[T float32 | int32](dst []T, v T) {
	for i := range dst {
		dst[i] = v
	}
}

// float32s is all of b as float32: a view, or a copy that the plan widens first.
func (p *plan) float32s(b *buffer) []float32 {
	if b.dtype == device.Float32 {
		return b.f32
	}
	v := p.floats(b.Len())
	p.eachTile(b.Len(), func(lo, hi, _ int) { load(b, lo, hi, v[lo:hi]) })
	return v
}

// A rowsFunc takes the rows of x, which begin stride elements apart, into acc,
// element by element. The last row may be shorter than acc.
type rowsFunc func(acc, x []float32, stride int)

// fold sets y to all rows of s taken together by f; start is the value of none.
func (s strip) fold(y []float32, start float32, f rowsFunc, wide []float32) {
	wide = wide[:s.period(len(y))]
	fill(wide, start)
	f(wide, s.v, s.rowStride(len(wide)))
	foldPeriod(y, wide, f)
}

// foldPeriod sets y to the copies of its columns within wide taken together.
func foldPeriod(y, wide []float32, f rowsFunc) {
	copy(y, wide)
	f(y, wide[len(y):], len(y))
}

// addRows sets acc[j] += Σ_r x[r stride + j].
func addRows(acc, x []float32, stride int) {
	n := len(acc)
	for len(x) >= 3*stride+n {
		x0, x1, x2, x3 := x[:n], x[stride:][:n], x[2*stride:][:n], x[3*stride:][:n]
		for j := range acc {
			acc[j] += (x0[j] + x1[j]) + (x2[j] + x3[j])
		}
		x = x[min(4*stride, len(x)):]
	}
	for ; len(x) > 0; x = x[min(stride, len(x)):] {
		add(acc[:min(n, len(x))], x)
	}
}

// maxRows sets acc[j] to the largest of itself and the column j of x.
func maxRows(acc, x []float32, stride int) {
	for ; len(x) > 0; x = x[min(stride, len(x)):] {
		acc := acc[:min(len(acc), len(x))]
		for j, v := range x[:len(acc)] {
			acc[j] = max(acc[j], v)
		}
	}
}

// minRows sets acc[j] to the smallest of itself and the column j of x.
func minRows(acc, x []float32, stride int) {
	for ; len(x) > 0; x = x[min(stride, len(x)):] {
		acc := acc[:min(len(acc), len(x))]
		for j, v := range x[:len(acc)] {
			acc[j] = min(acc[j], v)
		}
	}
}

// add sets y[i] += x[i] for every i of y.
func add(y, x []float32) {
	x = x[:len(y)]
	for i := range y {
		y[i] += x[i]
	}
}

// scale sets y[i] *= k.
func scale(y []float32, k float32) {
	for i := range y {
		y[i] *= k
	}
}

// put writes one element of a result that is always Float32.
func put(d device.Dst, i int, v float32) {
	switch {
	case !d.Wanted():
	case d.Add:
		f32(d.Buf)[i] += v
	default:
		f32(d.Buf)[i] = v
	}
}

// divide sets y[i] /= k.
func divide(y []float32, k float32) {
	for i := range y {
		y[i] /= k
	}
}
