package cpu

import (
	"iter"

	"example.org/chainrule/device"
)

// A tiling cuts [Outer, N, Inner] into tiles that fit scratch: some rows and
// columns of one outer index or, where these are all, of several.
type tiling struct {
	device.Reduce
	outers, rows, cols int // of a tile, at most
	deep, tall, wide   int // tiles along each axis
}

// A tile is a part of a tiling: the first of its outers, rows and columns, and
// how many there are of each.
type tile struct {
	outer, row, col    int
	outers, rows, cols int
	to                 int // where it goes if tiles become rows: [Outer, tall, Inner]
}

// tilesOf cuts by the shape alone. There is a tile even where N is 0.
func tilesOf(s device.Reduce) tiling {
	t := tiling{Reduce: s, outers: 1, cols: min(s.Inner, stripCols)}
	if s.Outer == 0 || s.Inner == 0 {
		return t
	}
	t.rows = min(s.N, tileLen/t.cols)
	t.tall = max(1, ceilDiv(s.N, tileLen/t.cols))
	t.wide = ceilDiv(s.Inner, t.cols)
	if t.tall == 1 && t.wide == 1 {
		t.outers = tileLen / (max(s.N, 1) * s.Inner)
	}
	t.deep = ceilDiv(s.Outer, t.outers)
	return t
}

// wholeColumns is the tiling whose tiles have all N rows. They need not fit
// scratch.
func (t tiling) wholeColumns() tiling {
	t.rows, t.tall = t.N, min(t.tall, 1)
	return t
}

// taller is the tiling whose tiles have n times the rows. They do not fit
// scratch; see tile.slices.
func (t tiling) taller(n int) tiling {
	if t.tall > 1 {
		t.tall = ceilDiv(t.N, n*t.rows)
		t.rows = min(t.N, n*t.rows)
	}
	return t
}

// slices cuts a tile of one outer index into tiles of at most size elements, one
// at least.
func (k tile) slices(size int) iter.Seq[tile] {
	return func(yield func(tile) bool) {
		end, rows := k.row+k.rows, size/k.cols
		for k.rows = min(rows, k.rows); yield(k) && k.row+rows < end; k.rows = min(rows, end-k.row) {
			k.row += rows
		}
	}
}

// load is the elements of a tile of x, which has stride columns, as a strip.
func (k tile) load(x *buffer, stride int, tmp []float32) strip {
	return loadStrip(x, k.row*stride+k.col, k.rows, k.cols, stride, tmp)
}

func (t tiling) tiles() int { return t.deep * t.tall * t.wide }

// at is tile number i.
func (t tiling) at(i int) tile {
	o, high, c := i/(t.tall*t.wide)*t.outers, i/t.wide%t.tall, i%t.wide*t.cols
	r := high * t.rows
	return tile{
		outer: o, outers: min(t.outers, t.Outer-o),
		row: r, rows: min(t.rows, t.N-r),
		col: c, cols: min(t.cols, t.Inner-c),
		to: (o*t.tall+high)*t.Inner + c,
	}
}
