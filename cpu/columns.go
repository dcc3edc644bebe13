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

// periodOf is the largest multiple of cols within periodLen, cols at least.
func periodOf(cols int) int { return cols * max(1, periodLen/cols) }

// periodLen is long beside what starting a loop costs, and short beside a tile.
const periodLen = 512

// rowStride is the distance of rows of period elements.
func (s strip) rowStride(period int) int { return max(s.stride, period) }

// repeat fills dst with copies of period, the last one cut short.
func repeat[T float32 | int32](dst, period []T) {
	for n := copy(dst, period); n < len(dst) && n > 0; {
		n += copy(dst[n:], dst[:n])
	}
}

// fill sets every element of dst to v.
func fill[T float32 | int32](dst []T, v T) {
	first := dst[:min(len(dst), 16)]
	for i := range first {
		first[i] = v
	}
	repeat(dst, first)
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

// columnKernels are loops over a row and what is kept for each column: spans of
// one length; see the rows of these names.
type columnKernels struct {
	add, addSquares, largest, smallest rowFunc
	expDistances                       func(y, x, m []float32)
	mul                                func(y, a, b []float32)
	countSame                          func(n, x, y []float32)
	keepSame                           func(g, x, y []float32)
	normGrad                           func(g, x, y []float32)
	addMoments                         func(s1, s2, m, x []float32)
	addDots                            func(sum, dot, m, dz, x []float32)
	batchNorm                          func(z, x, mean, scale, beta []float32)
	batchNormGrad                      func(dx, dz, x, mean, scale, shift, slope []float32)
}

var goColumns = columnKernels{
	addRow, addSquaresRow, largestRow, smallestRow, expDistancesRow, mulRow, countSameRow, keepSameRow, normGradRow,
	addMomentsRow, addDotsRow, batchNormRow, batchNormGradRow,
}

// A rowFunc takes x into acc, element by element.
type rowFunc func(acc, x []float32)

// rows takes the rows of x, which begin stride elements apart, into acc. The last
// row may be shorter than acc.
func (f rowFunc) rows(acc, x []float32, stride int) {
	for ; len(x) > 0; x = x[min(stride, len(x)):] {
		n := min(len(acc), len(x))
		f(acc[:n], x[:n])
	}
}

// fold sets y to all rows of s taken together by f; start is the value of none.
func (s strip) fold(y []float32, start float32, f rowFunc, wide []float32) {
	wide = wide[:s.period(len(y))]
	fill(wide, start)
	f.rows(wide, s.v, s.rowStride(len(wide)))
	f.period(y, wide)
}

// period sets y to the copies of its columns within wide taken together, half of
// them at a time. wide is scratch afterwards.
func (f rowFunc) period(y, wide []float32) {
	for n := len(wide); n > len(y); {
		half := n / len(y) / 2 * len(y)
		f(wide[:half], wide[n-half:n])
		n -= half
	}
	copy(y, wide)
}

// addRow sets y += x.
func addRow(y, x []float32) {
	x = x[:len(y)]
	for i := range y {
		y[i] += x[i]
	}
}

// addSquaresRow sets y += x².
func addSquaresRow(y, x []float32) {
	x = x[:len(y)]
	for i := range y {
		y[i] += x[i] * x[i]
	}
}

// largestRow sets y to the larger of y and x; NaN where either is.
func largestRow(y, x []float32) {
	x = x[:len(y)]
	for i := range y {
		y[i] = max(y[i], x[i])
	}
}

// smallestRow sets y to the smaller of y and x; NaN where either is.
func smallestRow(y, x []float32) {
	x = x[:len(y)]
	for i := range y {
		y[i] = min(y[i], x[i])
	}
}

// expDistancesRow sets y = exp(x - m).
func expDistancesRow(y, x, m []float32) {
	x, m = x[:len(y)], m[:len(y)]
	for j := range y {
		y[j] = x[j] - m[j]
	}
	each(y, y, exp)
}

// mulRow sets y = a b.
func mulRow(y, a, b []float32) {
	a, b = a[:len(y)], b[:len(y)]
	for j := range y {
		y[j] = a[j] * b[j]
	}
}

// same reports whether x is y; NaN is NaN.
func same(x, y float32) bool { return x == y || x != x && y != y }

// countSameRow adds 1 to n where x is y.
func countSameRow(n, x, y []float32) {
	x, y = x[:len(n)], y[:len(n)]
	for j := range n {
		if same(x[j], y[j]) {
			n[j]++
		}
	}
}

// keepSameRow sets g to 0 where x is not y.
func keepSameRow(g, x, y []float32) {
	x, y = x[:len(g)], y[:len(g)]
	for i := range g {
		if !same(x[i], y[i]) {
			g[i] = 0
		}
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
