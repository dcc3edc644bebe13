package cpu

import "example.org/chainrule/device"

// A tileGrid cuts the outputs of a convolution into tiles.
type tileGrid struct {
	device.Conv2D
	oh, ow       int
	outputs      int // of a tile, in each axis
	down, across int // tiles of an image
}

func tilesOfConv2D(s device.Conv2D) tileGrid {
	g := tileGrid{Conv2D: s, outputs: winogradTile + 1 - s.KH}
	g.oh, g.ow = s.Out()
	g.down, g.across = ceilDiv(g.oh, g.outputs), ceilDiv(g.ow, g.outputs)
	return g
}

// tiles is how many there are.
func (g *tileGrid) tiles() int { return g.N * g.down * g.across }

// at is the image of a tile and its first output there.
func (g *tileGrid) at(tile int) (image, h, w int) {
	return tile / g.across / g.down, tile / g.across % g.down * g.outputs, tile % g.across * g.outputs
}

// inside has a bit set for every one of the n indices from at on that is in an
// extent of size.
func inside(at, n, size int) uint {
	lo, hi := max(-at, 0), min(size-at, n)
	if hi <= lo {
		return 0
	}
	return 1<<hi - 1<<lo
}

// transformPixels sets v to the values of tiles, for some channels of x, which
// are apart from tile to tile.
func (g *tileGrid) transformPixels(transform tileTransform, v []float32, step int, x []float32, tiles, channels span) {
	for t := tiles.lo; t < tiles.hi; t++ {
		image, h, w := g.at(t)
		h, w = h-g.Top, w-g.Left
		transform(v[(t-tiles.lo)*channels.len():], step, x, ((image*g.H+h)*g.W+w)*g.C+channels.lo, g.W*g.C, g.C,
			inside(h, winogradTile, g.H), inside(w, winogradTile, g.W), channels.len())
	}
}

// values are the 36 of tiles, or of filters: those of one are step apart.
type values struct {
	of   [][]float32 // of each worker, or the one that all share
	step int
}

// valuesOf is workspace for 36 times n elements, count times. The step is an odd
// number of cache lines, so that the values of a tile meet different sets of a
// cache.
func valuesOf(p *plan, count, n int) values {
	v := values{step: spread(n)}
	for range count {
		v.of = append(v.of, p.floats(36*v.step))
	}
	return v
}
