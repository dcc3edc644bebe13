package cpu

import "example.org/chainrule/device"

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

// eachTile plans elementwise work on n elements, a tile at a time.
func (p *plan) eachTile(n int, task func(lo, hi, worker int)) {
	p.each((n+tileLen-1)/tileLen, func(i, worker int) {
		lo := i * tileLen
		task(lo, min(lo+tileLen, n), worker)
	})
}
