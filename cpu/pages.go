package cpu

// A heap hands out the memory that blocks are made of. It asks the system for
// regions, in huge pages where there are any, so that a walk through matrices
// does not wait for the translation of addresses; a region's end that was never
// touched costs nothing. Memory returns to the system with close.
type heap struct {
	regions []region
	free    []byte // the largest rest of a region
}

// A region is memory from the system, from a huge page's boundary on.
type region struct {
	mem    []byte
	mapped []byte // what mem is a part of, for unmapping
}

const (
	hugePage   = 2 << 20  // bytes: on amd64, and on arm64 with small pages of 4 KiB
	regionSize = 32 << 20 // so that few pages are used in part
	blockAlign = 256
)

// take returns size bytes, a multiple of blockAlign, or nil where the system has
// no more.
func (h *heap) take(size int64) []byte {
	if size > int64(len(h.free)) {
		r, ok := newRegion(max(regionSize, roundUp(int(size), hugePage)))
		if !ok {
			return nil
		}
		h.regions = append(h.regions, r)
		if rest := r.mem[size:]; len(rest) > len(h.free) {
			h.free = rest
		}
		return r.mem[:size:size]
	}
	mem := h.free[:size:size]
	h.free = h.free[size:]
	return mem
}

// close returns all memory.
func (h *heap) close() {
	for _, r := range h.regions {
		r.unmap()
	}
	h.regions, h.free = nil, nil
}
