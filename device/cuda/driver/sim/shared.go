package sim

import "math/bits"

// A stamp says who touched a cell of shared memory and when: an interval of the
// block's clock, an atomic bit, and the thread. Barriers and warp
// synchronisations begin new intervals.
type stamp uint32

const (
	threadBits  = 10
	atomicBit   = 1 << threadBits
	clockShift  = threadBits + 1
	maxInterval = 1<<(32-clockShift) - 1
)

func (s stamp) thread() int      { return int(s & (1<<threadBits - 1)) }
func (s stamp) warp() int        { return s.thread() >> 5 }
func (s stamp) interval() uint32 { return uint32(s >> clockShift) }

// A sharedCell holds the last write and two reads, as different as there were:
// of two warps, or else of two lanes.
type sharedCell struct{ writer, reader, second stamp }

// sharedMemory is a block's, with what is known of each byte.
type sharedMemory struct {
	data    []byte
	written []byte // one bit a byte
	cells   []sharedCell
	grain   int
	clock   uint32 // the current interval
	since   stamp  // stamps below this are from before the last barrier
}

// size makes room for a launch's blocks.
func (s *sharedMemory) size(n, grain int) {
	if cap(s.data) < n {
		s.data = make([]byte, n)
	}
	s.data = s.data[:n]
	s.written = cleared(s.written, n/8+2)
	if len(s.cells) != n>>grain+1 || s.grain != grain {
		s.cells = cleared(s.cells, n>>grain+1)
		s.grain = grain
	}
}

// reset makes all bytes unwritten, for the next block.
func (s *sharedMemory) reset() { clear(s.written) }

// barrier begins a new interval for all warps.
func (s *sharedMemory) barrier(warps []*warp) {
	s.tick(warps)
	s.since = stamp(s.clock << clockShift)
	for _, w := range warps {
		w.interval = s.clock
	}
}

// tick advances the clock. When it is full it starts anew, and the cells forget
// what they know.
func (s *sharedMemory) tick(warps []*warp) {
	if s.clock++; s.clock <= maxInterval {
		return
	}
	clear(s.cells)
	s.clock, s.since = 1, 1<<clockShift
	for _, w := range warps {
		w.interval = s.clock
	}
}

// syncWarp is bar.warp.sync: what the warp's lanes did before is ordered.
func syncWarp(m *machine, w *warp, _ *instruction, _ uint32) {
	m.shared.tick(m.warps)
	w.interval = m.shared.clock
}

// stamp is that of a lane's access.
func (w *warp) stamp(l int, flag stamp) stamp {
	return stamp(w.interval<<clockShift) | flag | stamp(w.id*32+l)
}

// unordered reports whether an access since the last barrier may happen at the
// same time as one by this lane: of another warp, or of another lane since the
// warp's last synchronisation.
func (w *warp) unordered(s stamp, l int) bool {
	if s.warp() != w.id {
		return true
	}
	return s.interval() == w.interval && s.thread() != w.id*32+l
}

// readShared notes a read, and faults where it races with a write. rest are the
// lanes still to come: of a run of lanes that read one address, as in a
// broadcast, the first and the last are enough.
func (m *machine) readShared(w *warp, l, o, n int, rest, lanes uint32) {
	s := &m.shared
	if !marked(s.written, o, n) {
		m.unreadable(w, l, o, n)
	}
	if next := bits.TrailingZeros32(rest); next < 32 && m.addresses[next] == m.addresses[l] {
		if before := 31 - bits.LeadingZeros32(lanes&(1<<l-1)); before >= 0 && m.addresses[before] == m.addresses[l] {
			return
		}
	}
	now := w.stamp(l, 0)
	for c := o >> s.grain; c <= (o+n-1)>>s.grain; c++ {
		cell := &s.cells[c]
		if cell.writer >= s.since && w.unordered(cell.writer, l) {
			m.faultOther(1<<l, cell.writer.thread(), SharedRace, "reads byte %d of shared memory, which the other wrote", c<<s.grain)
		}
		if cell.reader != now {
			cell.read(now, s.since)
		}
	}
}

// read remembers a reader beside the one before, if that still matters.
func (c *sharedCell) read(now, since stamp) {
	before := c.reader
	c.reader = now
	if before < since {
		return
	}
	if before.warp() != now.warp() || c.second < since || c.second.warp() == now.warp() {
		c.second = before
	}
}

// writeShared notes a write, and faults where it races with a write or a read.
func (m *machine) writeShared(w *warp, l, o, n int, flag stamp) {
	s := &m.shared
	now := w.stamp(l, flag)
	for c := o >> s.grain; c <= (o+n-1)>>s.grain; c++ {
		cell := &s.cells[c]
		if cell.writer >= s.since && cell.writer&flag == 0 && w.unordered(cell.writer, l) {
			m.faultOther(1<<l, cell.writer.thread(), SharedRace, "writes byte %d of shared memory, which the other wrote", c<<s.grain)
		}
		for _, r := range [2]stamp{cell.reader, cell.second} {
			if r >= s.since && w.unordered(r, l) {
				m.faultOther(1<<l, r.thread(), SharedRace, "writes byte %d of shared memory, which the other read", c<<s.grain)
			}
		}
		cell.writer = now
	}
}

// unreadable faults for bytes that nothing was written to, or whose cp.async has
// not landed.
func (m *machine) unreadable(w *warp, l, o, n int) {
	for _, owner := range m.warps {
		if t := owner.inFlight(o, n); t != nil {
			m.faultOther(1<<l, owner.id*32+t.lane, EarlyRead, "%d bytes at %d of shared memory, which the other's cp.async still fills", n, o)
		}
	}
	m.fault(1<<l, Uninitialized, "%d bytes at %d of shared memory", n, o)
}
