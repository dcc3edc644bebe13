//go:build !linux || race

package cpu

import "unsafe"

// newRegion takes memory from Go, which is also what the race detector sees.
func newRegion(size int) (region, bool) {
	mem := make([]byte, size+blockAlign)
	skip := int(-uintptr(unsafe.Pointer(unsafe.SliceData(mem))) & (blockAlign - 1))
	return region{mem: mem[skip : skip+size]}, true
}

func (region) unmap() {}
