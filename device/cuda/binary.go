package cuda

import (
	"example.org/chainrule/device"
	"example.org/chainrule/device/cuda/driver"
)

// Binary sets y = f(a, b); see device.Elementwise.
func (d *Device) Binary(y device.Dst, a, b device.Buffer, s device.Binary) {
	n := s.Dims.Len()
	call := device.Call{Op: "Binary", Dst: [4]device.Dst{y}, Src: [8]device.Buffer{a, b}, FLOPs: int64(n)}
	d.run(call, func(l *launcher) {
		if y.Wanted() {
			axes := broadcast(s)
			p := l.args().dst(y).ptr(a).ptr(b).i32(int(s.Func)).flag(axes.inQuads()).axes(&axes).i32(n)
			l.launch("binary", "value", column(y, a), elements(n), p)
		}
	})
}

// BinaryGrad sets da and db; see device.Elementwise.
func (d *Device) BinaryGrad(da, db device.Dst, dy, a, b device.Buffer, s device.Binary) {
	n := s.Dims.Len()
	call := device.Call{
		Op: "BinaryGrad", Dst: [4]device.Dst{da, db}, Src: [8]device.Buffer{dy, a, b}, FLOPs: 4 * int64(n),
	}
	d.run(call, func(l *launcher) {
		g := binaryGrad{l, dy, [2]device.Buffer{a, b}, s.Func, n, broadcast(s)}
		g.run(da, db)
	})
}

// A binaryGrad launches both derivatives of a call.
type binaryGrad struct {
	*launcher
	dy       device.Buffer
	operands [2]device.Buffer
	function device.BinaryFunc
	n        int
	axes     axes
}

// run takes sums over repeated axes first: what does not repeat may be written over
// a source. Their workspace is there before anything is written.
func (g *binaryGrad) run(da, db device.Dst) {
	var sums [2]partSums
	for i, dst := range [2]device.Dst{da, db} {
		if dst.Wanted() && g.axes.repeats(i) {
			sums[i] = g.parts(i)
		}
	}
	var wide, rest [2]device.Dst // those that do not repeat: Float32 under BFloat16, and as the sources are
	for i, dst := range [2]device.Dst{da, db} {
		switch {
		case !dst.Wanted():
		case g.axes.repeats(i):
			g.sum(dst, i, &sums[i])
		case dst.Buf.DType() != g.dy.DType():
			wide[i] = dst
		default:
			rest[i] = dst
		}
	}
	g.each(wide)
	g.each(rest)
}

// each launches derivatives by operands that do not repeat, of one dtype.
func (g *binaryGrad) each(dst [2]device.Dst) {
	wanted := dst[0]
	if !wanted.Wanted() {
		wanted = dst[1]
	}
	if !wanted.Wanted() {
		return
	}
	p := g.args().dst(dst[0]).dst(dst[1]).ptr(g.dy).ptr(g.operands[0]).ptr(g.operands[1])
	p.i32(int(g.function)).flag(g.axes.inQuads()).axes(&g.axes).i32(g.n)
	g.launch("binary", "grad", column(wanted, g.dy), elements(g.n), p)
}

// partSums are the derivative by an operand that repeats, in parts: over which axes
// they run, how they are cut, and where they are.
type partSums struct {
	sumCut
	kept, repeated axes
	at             driver.Ptr
}

// parts takes workspace for the derivative by operand i.
func (g *binaryGrad) parts(i int) (s partSums) {
	s.kept, s.repeated = g.axes.split(i)
	s.sumCut = cutSums(s.kept.len(), s.repeated.len(), g.axes.strides[i][0] == 0)
	s.at = g.floats(s.count * s.parts)
	return s
}

// sum launches the derivative by operand i, which repeats: parts of the sums into
// workspace, then the parts into dst.
func (g *binaryGrad) sum(dst device.Dst, i int, s *partSums) {
	p := g.args().at(s.at).ptr(g.dy).ptr(g.operands[i]).ptr(g.operands[1-i]).i32(int(g.function), i)
	p.axes(&s.kept).axes(&s.repeated).i32(s.count, s.terms, s.parts, s.length, s.lanes)
	g.launch("binary", "sum", column(device.Dst{}, g.dy), threads(s.count*s.parts*s.lanes), p)
	g.launch("binary", "add", column(dst, dst.Buf), threads(s.count*32), g.args().dst(dst).at(s.at).i32(s.count, s.parts))
}

// A sumCut says how sums are shared out, by the shape alone: parts of length terms,
// by lanes threads each.
type sumCut struct{ count, terms, parts, length, lanes int }

// cutSums cuts count sums of terms each. together says that neighbouring elements
// belong to one sum: then a warp adds a part, else a thread.
func cutSums(count, terms int, together bool) sumCut {
	const (
		thread   = 32      // terms that are worth a thread
		busy     = 1 << 16 // threads that fill a device
		maxParts = 1024
	)
	c := sumCut{count: count, terms: terms, parts: 1, lanes: 1}
	if together {
		c.lanes = 32
	}
	if count == 0 || terms == 0 {
		return c
	}
	parts := min(ceilDiv(terms, thread*c.lanes), max(1, busy/(count*c.lanes)), maxParts)
	c.length = ceilDiv(terms, parts)
	c.parts = ceilDiv(terms, c.length)
	return c
}

// threads spreads n threads, which stride over their work.
func threads(n int) geometry {
	return blocksOf(min(ceilDiv(n, elementThreads), maxElementBlocks), elementThreads)
}
