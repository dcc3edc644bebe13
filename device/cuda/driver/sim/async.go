package sim

import (
	"math/bits"

	"example.org/chainrule/device/cuda/driver"
)

// A transfer is one lane's cp.async on its way. Its bytes land when the lane
// waits; until then nobody may read where they go.
type transfer struct {
	lane, at, size int
	data           [16]byte
}

// asyncCopy issues cp.async: size bytes to shared memory, of which the first c
// come from global memory and the rest are zero.
func asyncCopy(m *machine, w *warp, in *instruction, lanes uint32) {
	m.addresses = *w.columns[in.d]
	for q := lanes; q != 0; q &= q - 1 {
		l := bits.TrailingZeros32(q) & 31
		t := transfer{lane: l, at: m.sharedAt(l, in.size, "cp.async"), size: in.size}
		m.writeShared(w, l, t.at, t.size, 0)
		unmark(m.shared.written, t.at, t.size)
		w.open = append(w.open, t)
	}
	m.countShared(in, lanes, &m.counters.SharedStores)
	m.aim(w, in)
	i, reading := len(w.open)-bits.OnesCount32(lanes), uint32(0)
	for q := lanes; q != 0; q &= q - 1 {
		l := bits.TrailingZeros32(q) & 31
		if n := min(int(w.columns[in.c][l]), in.size); n > 0 {
			reading |= 1 << l
			copy(w.open[i].data[:], m.readAsync(l, n, in.size))
		}
		i++
	}
	if reading != 0 {
		load := *in
		load.request++ // the second of its two
		m.countGlobal(&load, reading, &m.counters.GlobalLoads)
	}
}

// readAsync is n bytes of global memory at a lane's address, which is aligned
// to the whole copy's size.
func (m *machine) readAsync(l, n, size int) []byte {
	if m.addresses[l]&uint64(size-1) != 0 {
		m.fault(1<<l, Misaligned, "cp.async of %d bytes from %#x", size, m.addresses[l])
	}
	a, o := m.memory.span(driver.Ptr(m.addresses[l]), n)
	if a == nil {
		m.global(l, n, "cp.async") // says what is wrong
	}
	if !marked(a.written, o, n) {
		m.fault(1<<l, Uninitialized, "cp.async of %d bytes at offset %d of an allocation of %d bytes", n, o, len(a.data))
	}
	if m.blocks > 1 {
		m.readBetweenBlocks(a, o, n, l)
	}
	return a.data[o : o+n]
}

func commitGroup(_ *machine, w *warp, _ *instruction, _ uint32) {
	w.groups = append(w.groups, w.open)
	w.open = nil
}

// waitGroup lands all groups but the newest in.offset.
func waitGroup(m *machine, w *warp, in *instruction, _ uint32) {
	n := max(len(w.groups)-int(in.offset), 0)
	for _, g := range w.groups[:n] {
		m.land(w, g)
	}
	w.groups = w.groups[n:]
}

func waitAll(m *machine, w *warp, in *instruction, lanes uint32) {
	commitGroup(m, w, in, lanes)
	waitGroup(m, w, &instruction{}, lanes)
}

func (m *machine) land(w *warp, group []transfer) {
	for i := range group {
		t := &group[i]
		m.writeShared(w, t.lane, t.at, t.size, 0)
		copy(m.shared.data[t.at:], t.data[:t.size])
		mark(m.shared.written, t.at, t.size)
	}
}

// inFlight is a transfer of the warp that covers some of n bytes at o, or nil.
func (w *warp) inFlight(o, n int) *transfer {
	for _, g := range append(w.groups[:len(w.groups):len(w.groups)], w.open) {
		for i := range g {
			if t := &g[i]; t.at < o+n && o < t.at+t.size {
				return t
			}
		}
	}
	return nil
}
