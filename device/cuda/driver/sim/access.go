package sim

import (
	"math"
	"math/bits"

	"example.org/chainrule/device/cuda/driver/sim/ptx"
)

// aim computes the lanes' addresses.
func (m *machine) aim(w *warp, in *instruction) {
	a := w.columns[in.a]
	for l := range a {
		m.addresses[l] = a[l] + in.offset
	}
}

// global is where one lane's access of n bytes lies, checked.
func (m *machine) global(l int, n int, what string) (*allocation, int) {
	address := m.addresses[l]
	a := m.memory.find(address)
	if a == nil {
		kind := Wild
		if m.memory.freed(address) {
			kind = UseAfterFree
		}
		m.fault(1<<l, kind, "%s of %d bytes at %#x: no allocation is there", what, n, address)
	}
	o := int(address - a.base)
	if uint(o) > uint(len(a.data)-n) || n > len(a.data) {
		m.fault(1<<l, OutOfBounds, "%s of %d bytes at offset %d of an allocation%s of %d bytes", what, n, o, a.label(), len(a.data))
	}
	if o&(n-1) != 0 {
		m.fault(1<<l, Misaligned, "%s of %d bytes at offset %d", what, n, o)
	}
	return a, o
}

func (a *allocation) label() string {
	if a.name == "" {
		return ""
	}
	return " (" + a.name + ")"
}

func loadGlobal(m *machine, w *warp, in *instruction, lanes uint32) {
	m.aim(w, in)
	for q := lanes; q != 0; q &= q - 1 {
		l := bits.TrailingZeros32(q) & 31
		a, o := m.global(l, in.size, "read")
		if !marked(a.written, o, in.size) {
			m.fault(1<<l, Uninitialized, "%d bytes at offset %d of an allocation of %d bytes", in.size, o, len(a.data))
		}
		if m.blocks > 1 {
			m.readBetweenBlocks(a, o, in.size, l)
		}
		w.fetch(in, l, a.data[o:o+in.size])
	}
	m.countGlobal(in, lanes, &m.counters.GlobalLoads)
}

func storeGlobal(m *machine, w *warp, in *instruction, lanes uint32) {
	m.aim(w, in)
	for q := lanes; q != 0; q &= q - 1 {
		l := bits.TrailingZeros32(q) & 31
		a, o := m.global(l, in.size, "write")
		if m.blocks > 1 {
			m.writeBetweenBlocks(a, o, in.size, l, 0)
		}
		w.give(in, l, a.data[o:o+in.size])
		mark(a.written, o, in.size)
	}
	m.countGlobal(in, lanes, &m.counters.GlobalStores)
}

// sharedAt is where one lane's access of n bytes lies in shared memory, checked.
func (m *machine) sharedAt(l, n int, what string) int {
	o := m.addresses[l]
	if size := uint64(len(m.shared.data)); o > size || o+uint64(n) > size {
		m.fault(1<<l, OutOfBounds, "%s of %d bytes at %d of %d bytes of shared memory", what, n, int64(o), size)
	}
	if o&uint64(n-1) != 0 {
		m.fault(1<<l, Misaligned, "%s of %d bytes at %d of shared memory", what, n, o)
	}
	return int(o)
}

func loadShared(m *machine, w *warp, in *instruction, lanes uint32) {
	m.aim(w, in)
	s := &m.shared
	for q := lanes; q != 0; q &= q - 1 {
		l := bits.TrailingZeros32(q) & 31
		o := m.sharedAt(l, in.size, "read")
		m.readShared(w, l, o, in.size, q&(q-1), lanes)
		w.fetch(in, l, s.data[o:o+in.size])
	}
	m.countShared(in, lanes, &m.counters.SharedLoads)
}

func storeShared(m *machine, w *warp, in *instruction, lanes uint32) {
	m.aim(w, in)
	s := &m.shared
	for q := lanes; q != 0; q &= q - 1 {
		l := bits.TrailingZeros32(q) & 31
		o := m.sharedAt(l, in.size, "write")
		m.writeShared(w, l, o, in.size, 0)
		w.give(in, l, s.data[o:o+in.size])
		mark(s.written, o, in.size)
	}
	m.countShared(in, lanes, &m.counters.SharedStores)
}

// localAt is one lane's bytes of local memory, checked.
func (m *machine) localAt(w *warp, in *instruction, l int) []byte {
	size, o, n := m.program.local, m.addresses[l], in.size
	if o > uint64(size) || o+uint64(n) > uint64(size) {
		m.fault(1<<l, OutOfBounds, "%d bytes at %d of %d bytes of local memory", n, int64(o), size)
	}
	if o&uint64(n-1) != 0 {
		m.fault(1<<l, Misaligned, "%d bytes at %d of local memory", n, o)
	}
	at := l*size + int(o)
	return w.local[at : at+n]
}

func loadLocal(m *machine, w *warp, in *instruction, lanes uint32) {
	m.aim(w, in)
	for q := lanes; q != 0; q &= q - 1 {
		l := bits.TrailingZeros32(q) & 31
		w.fetch(in, l, m.localAt(w, in, l))
	}
}

func storeLocal(m *machine, w *warp, in *instruction, lanes uint32) {
	m.aim(w, in)
	for q := lanes; q != 0; q &= q - 1 {
		l := bits.TrailingZeros32(q) & 31
		w.give(in, l, m.localAt(w, in, l))
	}
}

// loadGeneric and storeGeneric find the space by the first lane's address.
func loadGeneric(m *machine, w *warp, in *instruction, lanes uint32) {
	at := m.resolve(w, in, lanes)
	map[ptx.Space]func(*machine, *warp, *instruction, uint32){
		ptx.Global: loadGlobal, ptx.Shared: loadShared, ptx.Local: loadLocal,
	}[at.space](m, w, &at, lanes)
}

func storeGeneric(m *machine, w *warp, in *instruction, lanes uint32) {
	at := m.resolve(w, in, lanes)
	map[ptx.Space]func(*machine, *warp, *instruction, uint32){
		ptx.Global: storeGlobal, ptx.Shared: storeShared, ptx.Local: storeLocal,
	}[at.space](m, w, &at, lanes)
}

// resolve is the instruction with its generic address in a space's own terms.
func (m *machine) resolve(w *warp, in *instruction, lanes uint32) instruction {
	at := *in
	address := w.columns[in.a][bits.TrailingZeros32(lanes)] + in.offset
	switch {
	case address >= sharedWindow && address < localWindow:
		at.space, at.offset = ptx.Shared, in.offset-sharedWindow
	case address >= localWindow && address < 1<<slotBits:
		at.space, at.offset = ptx.Local, in.offset-localWindow
	default:
		at.space = ptx.Global
	}
	return at
}

// loadParam reads parameters, which are the same for all lanes unless they are
// indexed.
func loadParam(m *machine, w *warp, in *instruction, lanes uint32) {
	m.aim(w, in)
	for q := lanes; q != 0; q &= q - 1 {
		l := bits.TrailingZeros32(q) & 31
		w.fetch(in, l, m.paramsAt(l, in.size))
	}
}

// loadNamedParam reads a parameter by its name: once for all lanes.
func loadNamedParam(m *machine, w *warp, in *instruction, lanes uint32) {
	first := bits.TrailingZeros32(lanes) & 31
	m.addresses[first] = w.columns[in.a][first] + in.offset
	b := m.paramsAt(first, in.size)
	for i, c := range in.columns {
		if c >= 0 {
			blend(w.columns[c], in.widen(readWord(b[i*in.width:], in.width)), lanes)
		}
	}
}

// paramsAt is n bytes of the parameters at a lane's address, checked.
func (m *machine) paramsAt(l, n int) []byte {
	o := m.addresses[l]
	if size := uint64(len(m.params)); o > size || o+uint64(n) > size {
		m.fault(1<<l, OutOfBounds, "%d bytes at %d of %d bytes of parameters", n, int64(o), size)
	}
	return m.params[o : o+uint64(n)]
}

// fetch loads a lane's registers from b; the commonest width has a path of its
// own.
func (w *warp) fetch(in *instruction, l int, b []byte) {
	if in.width == 4 && in.extend == 0 {
		for i, c := range in.columns {
			if c >= 0 {
				w.columns[c][l] = uint64(little.Uint32(b[4*i:]))
			}
		}
		return
	}
	for i, c := range in.columns {
		if c >= 0 {
			w.columns[c][l] = in.widen(readWord(b[i*in.width:], in.width))
		}
	}
}

// give stores a lane's registers to b.
func (w *warp) give(in *instruction, l int, b []byte) {
	if in.width == 4 {
		for i, c := range in.columns {
			little.PutUint32(b[4*i:], uint32(w.columns[c][l]))
		}
		return
	}
	for i, c := range in.columns {
		writeWord(b[i*in.width:], in.width, w.columns[c][l])
	}
}

// widen spreads the sign of a narrow value over a wider register.
func (in *instruction) widen(v uint64) uint64 {
	if in.extend <= 0 {
		return v
	}
	top := 64 - 8*in.width
	return uint64(int64(v<<top)>>top) & (math.MaxUint64 >> (top - in.extend))
}

// pack joins registers into one, the first lowest; unpack takes one apart.
func pack(_ *machine, w *warp, in *instruction, lanes uint32) {
	joined := &w.scratch
	clear(joined[:])
	mask := uint64(1)<<(8*in.width) - 1
	for i, c := range in.columns {
		part, shift := w.columns[c], 8*in.width*i
		for l := range joined {
			joined[l] |= part[l] & mask << shift
		}
	}
	d := w.columns[in.d]
	for q := lanes; q != 0; q &= q - 1 {
		l := bits.TrailingZeros32(q) & 31
		d[l] = joined[l]
	}
}

func unpack(_ *machine, w *warp, in *instruction, lanes uint32) {
	whole := *w.columns[in.a]
	mask := uint64(1)<<(8*in.width) - 1
	for i, c := range in.columns {
		if c < 0 {
			continue
		}
		part, shift := w.columns[c], 8*in.width*i
		for q := lanes; q != 0; q &= q - 1 {
			l := bits.TrailingZeros32(q) & 31
			part[l] = whole[l] >> shift & mask
		}
	}
}
