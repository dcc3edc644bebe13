package sim

import (
	"math/bits"

	"example.org/chainrule/device/cuda/driver/sim/ptx"
)

// atomics are the updates of integers: old and the operands to new.
var atomics = map[string]func(old, b, c uint64) uint64{
	"add.u32":  func(old, b, _ uint64) uint64 { return uint64(uint32(old) + uint32(b)) },
	"add.s32":  func(old, b, _ uint64) uint64 { return uint64(uint32(old) + uint32(b)) },
	"add.u64":  func(old, b, _ uint64) uint64 { return old + b },
	"min.u32":  func(old, b, _ uint64) uint64 { return uint64(min(uint32(old), uint32(b))) },
	"max.u32":  func(old, b, _ uint64) uint64 { return uint64(max(uint32(old), uint32(b))) },
	"min.s32":  func(old, b, _ uint64) uint64 { return uint64(uint32(min(int32(old), int32(b)))) },
	"max.s32":  func(old, b, _ uint64) uint64 { return uint64(uint32(max(int32(old), int32(b)))) },
	"min.u64":  func(old, b, _ uint64) uint64 { return min(old, b) },
	"max.u64":  func(old, b, _ uint64) uint64 { return max(old, b) },
	"and.b32":  func(old, b, _ uint64) uint64 { return old & b },
	"or.b32":   func(old, b, _ uint64) uint64 { return old | b },
	"xor.b32":  func(old, b, _ uint64) uint64 { return old ^ b },
	"exch.b32": func(_, b, _ uint64) uint64 { return b },
	"exch.b64": func(_, b, _ uint64) uint64 { return b },
	"cas.b32":  compareAndSwap,
	"cas.b64":  compareAndSwap,
	"inc.u32": func(old, b, _ uint64) uint64 {
		if old >= b {
			return 0
		}
		return old + 1
	},
}

func compareAndSwap(old, b, c uint64) uint64 {
	if old == b {
		return c
	}
	return old
}

// runAtomic updates memory lane by lane.
func runAtomic(m *machine, w *warp, in *instruction, lanes uint32) {
	if in.space == "" {
		at := m.resolve(w, in, lanes)
		in = &at
	}
	m.aim(w, in)
	for q := lanes; q != 0; q &= q - 1 {
		l := bits.TrailingZeros32(q) & 31
		b := m.atomicAt(w, in, l)
		old := readWord(b, in.width)
		writeWord(b, in.width, in.update(old, w.columns[in.b][l], w.columns[in.c][l]))
		if in.d >= 0 {
			w.columns[in.d][l] = old
		}
	}
}

// atomicAt is the word that a lane's atomic updates, checked.
func (m *machine) atomicAt(w *warp, in *instruction, l int) []byte {
	n := in.width
	if in.space == ptx.Shared {
		o := m.sharedAt(l, n, "atomic")
		if !marked(m.shared.written, o, n) {
			m.unreadable(w, l, o, n)
		}
		m.writeShared(w, l, o, n, atomicBit)
		return m.shared.data[o : o+n]
	}
	a, o := m.global(l, n, "atomic")
	if !marked(a.written, o, n) {
		m.fault(1<<l, Uninitialized, "atomic of %d bytes at offset %d of an allocation of %d bytes", n, o, len(a.data))
	}
	if m.blocks > 1 {
		m.writeBetweenBlocks(a, o, n, l, atomicFlag)
	}
	return a.data[o : o+n]
}

// The shuffles: each lane reads register a of another. b is the distance or the
// index, c clamps it to a segment of the warp.

func shuffleUp(m *machine, w *warp, in *instruction, lanes uint32) {
	m.shuffle(w, in, lanes, func(l, b, last, _ int) (int, bool) { return l - b, l-b >= last })
}

func shuffleDown(m *machine, w *warp, in *instruction, lanes uint32) {
	m.shuffle(w, in, lanes, func(l, b, last, _ int) (int, bool) { return l + b, l+b <= last })
}

func shuffleXor(m *machine, w *warp, in *instruction, lanes uint32) {
	m.shuffle(w, in, lanes, func(l, b, last, _ int) (int, bool) { return l ^ b, l^b <= last })
}

func shuffleIndex(m *machine, w *warp, in *instruction, lanes uint32) {
	m.shuffle(w, in, lanes, func(l, b, last, segment int) (int, bool) {
		j := l&segment | b&^segment
		return j, j <= last
	})
}

// shuffle gives each lane another's register, or its own where the source is
// out of range. from says which; last ends the lane's part of the warp, whose
// number is in the bits of segment (PTX ISA, shfl.sync).
func (m *machine) shuffle(w *warp, in *instruction, lanes uint32, from func(l, b, last, segment int) (int, bool)) {
	d, a, inRange := w.columns[in.d], *w.columns[in.a], uint32(0)
	for q := lanes; q != 0; q &= q - 1 {
		l := bits.TrailingZeros32(q) & 31
		b, c := int(w.columns[in.b][l]&31), int(w.columns[in.c][l])
		segment, clamp := c>>8&31, c&31
		j, ok := from(l, b, l&segment|clamp&^segment, segment)
		if ok {
			inRange |= 1 << l
		} else {
			j = l
		}
		if lanes>>j&1 == 0 {
			m.faultOther(1<<l, w.id*32+j, SplitWarp, "reads lane %d, which does not take part (%08x)", j, lanes)
		}
		d[l] = a[j]
	}
	if in.e >= 0 {
		w.setPredicate(in.e, inRange, lanes)
	}
}

// yes are the lanes whose predicate holds.
func (w *warp) yes(in *instruction, lanes uint32) uint32 {
	return (w.predicates[in.a] ^ -bit(in.negatedC)) & lanes
}

func ballot(_ *machine, w *warp, in *instruction, lanes uint32) {
	blend(w.columns[in.d], uint64(w.yes(in, lanes)), lanes)
}

func voteAny(_ *machine, w *warp, in *instruction, lanes uint32) {
	w.setPredicate(in.d, -bit(w.yes(in, lanes) != 0), lanes)
}

func voteAll(_ *machine, w *warp, in *instruction, lanes uint32) {
	w.setPredicate(in.d, -bit(w.yes(in, lanes) == lanes), lanes)
}

// reduceWarp is redux.sync: an integer reduction over the lanes.
func reduceWarp(_ *machine, w *warp, in *instruction, lanes uint32) {
	a := w.columns[in.a]
	first := bits.TrailingZeros32(lanes)
	v := a[first]
	for q := lanes & (lanes - 1); q != 0; q &= q - 1 {
		v = in.update(v, a[bits.TrailingZeros32(q)&31], 0)
	}
	blend(w.columns[in.d], v, lanes)
}
