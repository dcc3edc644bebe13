//go:build linux && !race

package cpu

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// newRegion maps size bytes and asks for huge pages; false where there is no
// memory.
func newRegion(size int) (region, bool) {
	mapped, err := unix.Mmap(-1, 0, size+hugePage, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON)
	if err != nil {
		return region{}, false
	}
	skip := int(-uintptr(unsafe.Pointer(unsafe.SliceData(mapped))) & (hugePage - 1))
	mem := mapped[skip : skip+size]
	_ = unix.Madvise(mem, unix.MADV_HUGEPAGE) // small pages do too
	return region{mem: mem, mapped: mapped}, true
}

func (r region) unmap() { _ = unix.Munmap(r.mapped) }
