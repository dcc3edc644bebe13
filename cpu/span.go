package cpu

import (
	"slices"

	"example.org/chainrule/device"
)

// load is elements lo to hi of data as float32: a view of them, or widened
// into tmp.
func load(b *buffer, lo, hi int, tmp []float32) []float32 {
	if b.dtype == device.Float32 {
		return b.f32[lo:hi]
	}
	tmp = tmp[:hi-lo]
	b.dev.kernel.widen(tmp, b.bf16[lo:hi])
	return tmp
}

// An out is where a kernel puts results for elements lo to hi of a
// destination: straight into it where that is Float32 and overwritten, else
// into scratch that commit rounds or adds.
type out struct {
	dst *buffer
	add bool
	lo  int
	v   []float32
}

// open gives a place for elements lo to hi of d; v has that length. Where d is
// not wanted it is scratch, and commit does nothing.
func open(d device.Dst, lo, hi int, tmp []float32) out {
	if !d.Wanted() {
		return out{v: tmp[:hi-lo]}
	}
	b := of(d.Buf)
	if b.dtype == device.Float32 && !d.Add {
		return out{dst: b, lo: lo, v: b.f32[lo:hi]}
	}
	return out{dst: b, add: d.Add, lo: lo, v: tmp[:hi-lo]}
}

// commit finishes what open began.
func (o out) commit() {
	switch {
	case o.dst == nil:
	case o.dst.dtype == device.BFloat16 && o.add:
		o.dst.dev.kernel.addRound(o.dst.bf16[o.lo:][:len(o.v)], o.v)
	case o.dst.dtype == device.BFloat16:
		o.dst.dev.kernel.round(o.dst.bf16[o.lo:][:len(o.v)], o.v)
	case o.add:
		o.dst.dev.kernel.add(o.dst.f32[o.lo:][:len(o.v)], o.v)
	}
}

// eachSpan plans elementwise work on n elements of y and of sources, a tile at a
// time. Where the result will have left the caches before anybody reads it, the
// spans are longer, and the loops store it past the caches: a line that is written
// whole need not be read first.
func (p *plan) eachSpan(n int, y device.Dst, sources []*buffer, task func(lo, hi, worker int)) {
	if !p.leavesCaches(y, sources) {
		p.eachTile(n, task)
		return
	}
	const span = 8 * tileLen
	p.each(ceilDiv(n, span), func(i, worker int) {
		task(i*span, min((i+1)*span, n), worker)
	})
}

// leavesCaches reports whether y and sources are as many elements of Float32, y is
// overwritten, and together they are twice what the last cache holds.
func (p *plan) leavesCaches(y device.Dst, sources []*buffer) bool {
	b := of(y.Buf)
	if b.dtype != device.Float32 || y.Add || 4*b.Len()*(1+len(sources)) <= 2*p.dev.caches.last {
		return false
	}
	return !slices.ContainsFunc(sources, func(s *buffer) bool { return s.dtype != device.Float32 || s.Len() != b.Len() })
}

// eachTile plans elementwise work on n elements, a tile at a time or, where spans
// are shorter, those of a tile one after the other.
func (p *plan) eachTile(n int, task func(lo, hi, worker int)) {
	span := p.spanLen
	p.each(ceilDiv(n, tileLen), func(i, worker int) {
		end := min((i+1)*tileLen, n)
		for lo := i * tileLen; lo < end; lo += span {
			task(lo, min(lo+span, end), worker)
		}
	})
}

// spanLenOf is how many elements the work of c takes at a time: a tile, or so much
// of it that the scratch where BFloat16 is converted stays in the first cache.
func spanLenOf(c *device.Call) int {
	low := func(b device.Buffer) bool { return b != nil && b.DType() == device.BFloat16 }
	lowDst := func(y device.Dst) bool { return low(y.Buf) }
	if slices.ContainsFunc(c.Src[:], low) || slices.ContainsFunc(c.Dst[:], lowDst) {
		return tileLen / 4
	}
	return tileLen
}
