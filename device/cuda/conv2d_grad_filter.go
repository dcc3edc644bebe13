package cuda

import (
	"example.org/chainrule/device"
	"example.org/chainrule/device/cuda/driver"
)

// Conv2DGradFilter sums dy x over all images and positions; see device.Spatial.
func (d *Device) Conv2DGradFilter(dw device.Dst, dy, x device.Buffer, s device.Conv2D) {
	call := device.Call{Op: "Conv2DGradFilter", Dst: [4]device.Dst{dw}, Src: [8]device.Buffer{dy, x}, FLOPs: s.FLOPs()}
	d.run(call, func(l *launcher) {
		if dw.Wanted() {
			l.gradFilter(gradFilterSplit(x, s, l.properties()), dw, dy, x, s)
		}
	})
}

// A split is how the sums of a filter's gradient are made. Few filters and many
// positions would leave most of a GPU idle, so each sum is made in parts, each
// over so many lines (naive) or positions (tiled), and a second kernel adds the
// parts in order.
type split struct {
	tile
	parts, each int
}

// gradFilterSplit takes the number of parts from the shape and the dtype alone; only
// the tile that makes them depends on the device's model.
func gradFilterSplit(x device.Buffer, s device.Conv2D, on *driver.Properties) split {
	const (
		threads   = 1 << 17 // enough for any GPU
		tiles     = 256     // two for each multiprocessor of the large ones
		lines     = 4       // the least that a part is worth
		positions = 256
		slice     = 64 // positions of the deepest slice of kernels/tile_mma.cuh: parts are whole ones
	)
	m := gradFilterProduct(x, s)
	oh, _ := s.Out()
	if m.small() {
		return splitOf(naive, s.N*oh, min(threads/max(1, m.count*m.rows*m.columns), s.N*oh/lines), 1)
	}
	largest := tile64
	if m.fills128() {
		largest = tile128
	}
	c := splitOf(tile64, m.depth, min(ceilDiv(tiles, m.tiles(largest)), m.depth/positions), slice)
	m.count *= c.parts
	c.tile = m.tile(on)
	return c
}

// splitOf divides n lines or positions into at most so many parts of equal
// multiples of unit.
func splitOf(t tile, n, parts, unit int) split {
	each := max(1, ceilDiv(n, unit*max(1, parts))) * unit
	return split{t, max(1, ceilDiv(n, each)), each}
}

// gradFilter makes the parts and, where there are several, their sum.
func (l *launcher) gradFilter(t split, dw device.Dst, dy, x device.Buffer, s device.Conv2D) {
	m := gradFilterProduct(x, s)
	size := m.count * m.rows * m.columns
	m.count *= t.parts
	if t.parts == 1 {
		p := l.args().dst(dw).ptr(dy).ptr(x).i32(1, t.each).conv2d(s)
		column := column(dw, dy)
		l.launch("conv2d", gradFilterKernels[t.tile], column, m.geometry(t.tile, column), p)
		return
	}
	sums := l.floats(t.parts * size)
	p := l.args().at(sums).flag(false).ptr(dy).ptr(x).i32(t.parts, t.each).conv2d(s)
	column := floatColumns[dy.DType()]
	l.launch("conv2d", gradFilterKernels[t.tile], column, m.geometry(t.tile, column), p)
	l.launch("conv2d", "sum_parts", sumColumns[dw.Buf.DType()], each(size), l.args().dst(dw).at(sums).i32(t.parts, size))
}

var (
	gradFilterKernels = [...]string{naive: "grad_filter_naive", tile64: "grad_filter_tile64", tile128: "grad_filter_tile128"}
	floatColumns      = [...]string{device.Float32: "f32", device.BFloat16: "bf16f32"} // to Float32
	sumColumns        = [...]string{device.Float32: "f32", device.BFloat16: "f32bf16"} // from Float32
)

// gradFilterProduct is what s asks for of data like x: filters by their elements.
func gradFilterProduct(x device.Buffer, s device.Conv2D) product {
	oh, ow := s.Out()
	channels, outputs := s.C/s.Groups, s.K/s.Groups
	return product{
		count: s.Groups, rows: outputs, columns: s.KH * s.KW * channels, depth: s.N * oh * ow,
		whole: wholeGroups(x, channels, outputs),
	}
}
