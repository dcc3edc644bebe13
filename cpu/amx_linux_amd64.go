//go:build !amxsim

package cpu

import (
	"syscall"

	"golang.org/x/sys/cpu"
)

// hasAMX reports whether the processor multiplies tiles of BFloat16 and the system
// lets the threads of this process use them. Linux wants to be asked, since it saves
// 8 KiB more with a thread that does, also where signals have a stack: it says no if
// one is too small for that, which Go's are not. Asking again changes nothing.
func hasAMX() bool {
	if !cpu.X86.HasAMXTile || !cpu.X86.HasAMXBF16 {
		return false
	}
	const ask, tileData = 0x1023, 18 // ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA
	_, _, errno := syscall.RawSyscall(syscall.SYS_ARCH_PRCTL, ask, tileData, 0)
	return errno == 0
}
