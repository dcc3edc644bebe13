package cpu

import (
	"slices"
	"unsafe"
)

// A heap hands out the memory that blocks are made of. It asks the system for
// regions, in huge pages where there are any, so that a walk through matrices
// does not wait for the translation of addresses; a region's end that was never
// touched costs nothing. A region that is free again returns to the system.
type heap struct{ regions []region }

// A region is memory from the system, from a huge page's boundary on.
type region struct {
	mem    []byte
	mapped []byte // what mem is a part of, for unmapping
	free   []gap  // in order, none next to another
}

// A gap is the free bytes lo to hi of a region.
type gap struct{ lo, hi int }

const (
	hugePage   = 2 << 20  // bytes: on amd64, and on arm64 with small pages of 4 KiB
	regionSize = 32 << 20 // so that few pages are used in part
	blockAlign = 256
)

// take returns size bytes, a multiple of blockAlign, or nil where the system has
// no more.
func (h *heap) take(size int64) []byte {
	for i := range h.regions {
		if mem := h.regions[i].take(int(size)); mem != nil {
			return mem
		}
	}
	r, ok := regionFor(int(size), newRegion)
	if !ok {
		return nil
	}
	mem := r.take(int(size))
	h.regions = append(h.regions, r)
	return mem
}

// regionFor asks the system for a region that holds size bytes: a large one or, where
// it refuses, one that is just as large.
func regionFor(size int, ask func(size int) (region, bool)) (region, bool) {
	least := roundUp(size, hugePage)
	r, ok := ask(max(regionSize, least))
	if !ok && least < regionSize {
		r, ok = ask(least)
	}
	r.free = []gap{{0, len(r.mem)}}
	return r, ok
}

// take cuts size bytes off the first gap that has them; nil where none has.
func (r *region) take(size int) []byte {
	for i, s := range r.free {
		if s.hi-s.lo < size {
			continue
		}
		r.free[i].lo += size
		if r.free[i].lo == s.hi {
			r.free = slices.Delete(r.free, i, i+1)
		}
		return r.mem[s.lo : s.lo+size : s.lo+size]
	}
	return nil
}

// give takes back what take returned.
func (h *heap) give(mem []byte) {
	i := slices.IndexFunc(h.regions, func(r region) bool { return r.offset(mem) < uintptr(len(r.mem)) })
	r := &h.regions[i]
	at := int(r.offset(mem))
	r.give(gap{at, at + len(mem)})
	if r.free[0] == (gap{0, len(r.mem)}) {
		r.unmap()
		h.regions = slices.Delete(h.regions, i, i+1)
	}
}

// offset is where mem begins in r; more than r is long for what is not of r.
func (r region) offset(mem []byte) uintptr {
	return uintptr(unsafe.Pointer(unsafe.SliceData(mem))) - uintptr(unsafe.Pointer(unsafe.SliceData(r.mem)))
}

// give frees s, and joins it with the gaps next to it.
func (r *region) give(s gap) {
	i, _ := slices.BinarySearchFunc(r.free, s.lo, func(f gap, lo int) int { return f.lo - lo })
	if i < len(r.free) && r.free[i].lo == s.hi {
		s.hi = r.free[i].hi
		r.free = slices.Delete(r.free, i, i+1)
	}
	if i > 0 && r.free[i-1].hi == s.lo {
		r.free[i-1].hi = s.hi
		return
	}
	r.free = slices.Insert(r.free, i, s)
}

// close returns all memory.
func (h *heap) close() {
	for _, r := range h.regions {
		r.unmap()
	}
	h.regions = nil
}
