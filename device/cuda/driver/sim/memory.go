package sim

import (
	"encoding/binary"

	"example.org/chainrule/device/cuda/driver"
)

// Addresses. Every allocation lies alone in 64 GiB of address space, so that an
// overrun of any size stays within its own and is told from a wild address; and
// none is used twice, so that what was freed stays known as freed.
const (
	slotBits     = 36
	slotBase     = 1 << 20
	sharedWindow = 1 << 24 // generic addresses of shared memory
	localWindow  = 1 << 28 // and of local memory; both lie below the first slot
)

var little = binary.LittleEndian

// A memory is the global memory of a context.
type memory struct {
	slots []*allocation // nil where freed
	free  uint64
	total uint64
}

// An allocation is its bytes, and what is known of each.
type allocation struct {
	base    uint64
	data    []byte
	written []byte // one bit a byte
	pages   []*racePage
	name    string // of a variable
}

// alloc returns nil when there is no room.
func (m *memory) alloc(n int, name string) *allocation {
	if uint64(n) > m.free {
		return nil
	}
	m.free -= uint64(n)
	a := &allocation{
		base: uint64(len(m.slots)+1)<<slotBits + slotBase,
		data: make([]byte, n), written: make([]byte, n/8+1), name: name,
	}
	m.slots = append(m.slots, a)
	return a
}

// release frees the allocation that begins at p; false if none does.
func (m *memory) release(p driver.Ptr) bool {
	a := m.find(uint64(p))
	if a == nil || a.base != uint64(p) {
		return false
	}
	m.slots[p>>slotBits-1] = nil
	m.free += uint64(len(a.data))
	return true
}

// find is the allocation in an address's slot, or nil.
func (m *memory) find(address uint64) *allocation {
	i := address>>slotBits - 1
	if i < uint64(len(m.slots)) {
		return m.slots[i]
	}
	return nil
}

// freed reports whether there was an allocation in the address's slot.
func (m *memory) freed(address uint64) bool {
	i := address>>slotBits - 1
	return i < uint64(len(m.slots)) && m.slots[i] == nil
}

// span is n bytes from p on, with their offset, or nil if they are not all there.
func (m *memory) span(p driver.Ptr, n int) (a *allocation, offset int) {
	a = m.find(uint64(p))
	if a == nil {
		return nil, 0
	}
	offset = int(uint64(p) - a.base)
	if offset < 0 || n < 0 || offset+n > len(a.data) {
		return nil, 0
	}
	return a, offset
}

// marked reports whether n bits from i on are all set.
func marked(bitmap []byte, i, n int) bool {
	switch {
	case n == 4 && i&3 == 0:
		return bitmap[i>>3]>>(i&7)&15 == 15
	case n == 16 && i&7 == 0:
		return bitmap[i>>3]&bitmap[i>>3+1] == 255
	case n == 2 && i&1 == 0:
		return bitmap[i>>3]>>(i&7)&3 == 3
	}
	for end := i + n; i < end; i++ {
		if bitmap[i>>3]>>(i&7)&1 == 0 {
			return false
		}
	}
	return true
}

// mark sets n bits from i on.
func mark(bitmap []byte, i, n int) {
	if n == 4 && i&3 == 0 {
		bitmap[i>>3] |= 15 << (i & 7)
		return
	}
	end := i + n
	for ; i < end && i&7 != 0; i++ {
		bitmap[i>>3] |= 1 << (i & 7)
	}
	for ; i+8 <= end; i += 8 {
		bitmap[i>>3] = 255
	}
	for ; i < end; i++ {
		bitmap[i>>3] |= 1 << (i & 7)
	}
}

// unmark clears n bits from i on.
func unmark(bitmap []byte, i, n int) {
	for end := i + n; i < end; i++ {
		bitmap[i>>3] &^= 1 << (i & 7)
	}
}

// copyMarks gives n bits from i on those from j on of another bitmap.
func copyMarks(to []byte, i int, from []byte, j, n int) {
	if i&7 == 0 && j&7 == 0 {
		copy(to[i>>3:], from[j>>3:j>>3+n>>3])
		i, j, n = i+n&^7, j+n&^7, n&7
	}
	for k := range n {
		if from[(j+k)>>3]>>((j+k)&7)&1 != 0 {
			to[(i+k)>>3] |= 1 << ((i + k) & 7)
		} else {
			to[(i+k)>>3] &^= 1 << ((i + k) & 7)
		}
	}
}

func readWord(b []byte, width int) uint64 {
	switch width {
	case 1:
		return uint64(b[0])
	case 2:
		return uint64(little.Uint16(b))
	case 4:
		return uint64(little.Uint32(b))
	}
	return little.Uint64(b)
}

func writeWord(b []byte, width int, v uint64) {
	switch width {
	case 1:
		b[0] = byte(v)
	case 2:
		little.PutUint16(b, uint16(v))
	case 4:
		little.PutUint32(b, uint32(v))
	default:
		little.PutUint64(b, v)
	}
}
