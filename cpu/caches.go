package cpu

import "github.com/klauspost/cpuid/v2"

// caches are the sizes in bytes of the data caches of one core, and of the last
// one, which cores share.
type caches struct{ l1, l2, last int }

// machineCaches asks the processor; where it does not tell, they are as small as
// those of most machines.
func machineCaches() caches {
	c := caches{l1: cpuid.CPU.Cache.L1D, l2: cpuid.CPU.Cache.L2, last: cpuid.CPU.Cache.L3}
	if c.l1 <= 0 {
		c.l1 = 32 << 10
	}
	if c.l2 <= 0 {
		c.l2 = 512 << 10
	}
	if c.last <= 0 {
		c.last = 32 << 20
	}
	return c
}
