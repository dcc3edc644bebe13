package cuda

import (
	"example.org/chainrule/device"
	"example.org/chainrule/device/cuda/driver"
)

// A product is a number of matrix products of one size, however their factors
// are stored.
type product struct {
	count, rows, columns, depth int
	// whole says that the lines of both factors are whole groups of 16 bytes.
	whole bool
}

// A tile is the kind of kernel that makes a product.
type tile int

const (
	naive   tile = iota // one thread makes one sum
	tile64              // a block makes 64 by 64 sums
	tile128             // a block makes 128 by 128 sums, of whole factors
)

const (
	tileThreads = 256 // of the block that makes a tile
	leastTiled  = 16  // of rows, columns and depth
)

// kernel chooses the kind of kernel for p.
func (p product) kernel(on *driver.Properties) tile {
	if p.small() {
		return naive
	}
	return p.tile(on)
}

// small reports whether most of any tile would be wasted.
func (p product) small() bool { return min(p.rows, p.columns, p.depth) < leastTiled }

// fills128 reports whether tiles of 128 can be used and are not mostly empty.
func (p product) fills128() bool { return p.whole && min(p.rows, p.columns) > 64 }

// tile chooses the largest tile that is not mostly empty and leaves no
// multiprocessor without one.
func (p product) tile(on *driver.Properties) tile {
	if p.fills128() && p.tiles(tile128) >= on.Multiprocessors {
		return tile128
	}
	return tile64
}

// tiles is how many tiles of a kind the sums take.
func (p product) tiles(t tile) int {
	side := 64
	if t == tile128 {
		side = 128
	}
	return p.count * ceilDiv(p.rows, side) * ceilDiv(p.columns, side)
}

// geometry is that of a launch of a kind of kernel in a column.
func (p product) geometry(t tile, column string) geometry {
	if t == naive {
		return each(p.count * p.rows * p.columns)
	}
	g := blocksOf(p.tiles(t), tileThreads)
	if column != "f32" {
		g.shared = ringStages[t] * ringStage
	}
	return g
}

// The ring of slices in which kernels/tile_mma.cuh keeps BFloat16 operands.
const ringStage = 16 << 10 // bytes

var ringStages = [...]int{naive: 0, tile64: 3, tile128: 4}

// each gives each of n results a thread.
func each(n int) geometry { return blocksOf(ceilDiv(n, elementThreads), elementThreads) }

// wholeGroups reports whether lines of data like x, of these lengths, are whole
// groups of 16 bytes.
func wholeGroups(x device.Buffer, lines ...int) bool {
	for _, n := range lines {
		if n*x.DType().Size()%16 != 0 {
			return false
		}
	}
	return true
}

// activated are two destinations of one dtype: y = f(pre).
type activated struct{ y, pre device.Dst }

// alike gives y and pre to as few launches as their dtypes allow: none where
// neither is wanted, two where they differ. It is inlined and allocates nothing.
func alike(y, pre device.Dst) []activated {
	both := [2]activated{{y, pre}}
	return both[:launches(&both)]
}

// launches is how many it takes; it shares out the first one's destinations
// where that is two.
func launches(both *[2]activated) int {
	y, pre := both[0].y, both[0].pre
	switch {
	case !y.Wanted() && !pre.Wanted():
		return 0
	case y.Wanted() && pre.Wanted() && y.Buf.DType() != pre.Buf.DType():
		*both = [2]activated{{y: y}, {pre: pre}}
		return 2
	}
	return 1
}

// column is that of the destinations under data like x.
func (a activated) column(x device.Buffer) string {
	if a.y.Wanted() {
		return column(a.y, x)
	}
	return column(a.pre, x)
}
