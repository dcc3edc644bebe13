package cpu

// amxPairs are for tiles of 16 x 16 sums, two by two: a step of 16 words is four
// loads, of 8 cycles each where the first cache has them, for four products of 16.
// The narrow kernel has two sums only, and each product takes 52 cycles before the
// next one on its sum may begin: it comes to two thirds of the rate at best. Intel 64
// and IA-32 Architectures Optimization Reference Manual, chapter on AMX.
var amxPairs = pairKernels{
	productKernels: productKernels{mr: 32, nr: 32, wide: tdp32x32, narrow: tdp32x16, row: tdpRow, transpose: transpose8, copyRows: copyRows, alongK: true},
	reducer:        batchReducer{mr: 32, nr: 32, wide: brtdp32x32, narrow: brtdp32x16, alongK: true},
	interleave:     interleaveAVX512,
	rate:           9,
}

// A tileSum says how a pass goes through memory; distances are in bytes.
type tileSum struct {
	shapes tileShapes // first, where LDTILECFG reads them

	ldc, ldi, rs, ldb int // from row to row, as in strides
	steps             int // of a term
	nextA, nextB      int // from step to step
	tiles, nextTile   int // micro-tiles side by side, and from one to the next in b
}

// tileShapes is what LDTILECFG reads: it faults where what means nothing is not 0.
type tileShapes struct {
	palette [16]uint8  // in the first
	bytes   [16]uint16 // of a row of each tile; there are eight
	rows    [16]uint8  // of each tile
}

// tileSumOf is pass p of s on n micro-tiles whose columns in b are strip words apart,
// with sums in tiles 0 to 3, a in 4 and 5, b in 6 and 7.
func tileSumOf(s *strides, p tilePass, n, strip int) tileSum {
	t := tileSum{
		ldc: 4 * s.ldc, ldi: 4 * s.ldi, rs: 4 * s.rs, ldb: 4 * s.ldb,
		steps: p.steps, nextA: 4 * p.words, nextB: 4 * p.words * s.ldb,
		tiles: n, nextTile: 4 * strip,
	}
	t.shapes.palette[0] = 1
	for i := range 8 {
		t.shapes.bytes[i], t.shapes.rows[i] = 64, 16
	}
	t.shapes.bytes[4], t.shapes.bytes[5] = uint16(4*p.words), uint16(4*p.words)
	t.shapes.rows[6], t.shapes.rows[7] = uint8(p.words), uint8(p.words)
	return t
}

// brtdp32x32 is a batchKernel of words, for ks = 1.
func brtdp32x32(c, init, a, b []float32, terms []term, s *strides) {
	brtdpRow(1, c, init, a, b, 0, terms, s)
}

// brtdpRow is brtdp32x32 on n micro-tiles side by side, whose columns in b are strip
// words apart. Tiles are configured once for all, which takes as long as three steps.
func brtdpRow(n int, c, init, a, b []float32, strip int, terms []term, s *strides) {
	first, rest := tilePasses(s.k)
	t := tileSumOf(s, first, n, strip)
	tiles32x32(c, init, a, b, terms, &t)
	if rest.steps > 0 && len(terms) > 0 {
		t = tileSumOf(s, rest, n, strip)
		t.ldi = t.ldc
		tiles32x32(c, c, a[rest.at:], b[rest.at*s.ldb:], terms, &t)
	}
}

// brtdp32x16 is brtdp32x32 on 16 columns.
func brtdp32x16(c, init, a, b []float32, terms []term, s *strides) {
	first, rest := tilePasses(s.k)
	t := tileSumOf(s, first, 1, 0)
	tiles32x16(c, init, a, b, terms, &t)
	if rest.steps > 0 && len(terms) > 0 {
		t = tileSumOf(s, rest, 1, 0)
		t.ldi = t.ldc
		tiles32x16(c, c, a[rest.at:], b[rest.at*s.ldb:], terms, &t)
	}
}

// tdp32x32 is a microKernel of words, for ks = 1: a batchKernel of one term.
func tdp32x32(c []float32, ldc int, init []float32, ldi int, a []float32, rs, _ int, b []float32, ldb, k int) {
	brtdp32x32(c, init, a, b, []term{{}}, &strides{ldc: ldc, ldi: ldi, rs: rs, ldb: ldb, k: k})
}

// tdp32x16 is the same on 16 columns.
func tdp32x16(c []float32, ldc int, init []float32, ldi int, a []float32, rs, _ int, b []float32, ldb, k int) {
	brtdp32x16(c, init, a, b, []term{{}}, &strides{ldc: ldc, ldi: ldi, rs: rs, ldb: ldb, k: k})
}

// tdpRow is a rowKernel of words, for ks = 1.
func tdpRow(n int, c []float32, ldc int, init []float32, ldi int, a []float32, rs, _ int, b []float32, strip, ldb, k int) {
	brtdpRow(n, c, init, a, b, strip, []term{{}}, &strides{ldc: ldc, ldi: ldi, rs: rs, ldb: ldb, k: k})
}

// tiles32x32 adds the steps of every term to init, on tiles, and puts the sums into
// c: what tilePass.add computes, for 32 rows and 32 columns, and for as many on the
// right of these as s says. No bound is checked; s.tiles ends as 0.
//
//go:noescape
func tiles32x32(c, init, a, b []float32, terms []term, s *tileSum)

// tiles32x16 is the same for 16 columns.
//
//go:noescape
func tiles32x16(c, init, a, b []float32, terms []term, s *tileSum)
