package device

import "math/bits"

// Philox is the Philox4x32-10 generator: four random words for a counter under
// a key. Salmon et al., "Parallel random numbers: as easy as 1, 2, 3" (2011).
func Philox(counter [4]uint32, key [2]uint32) [4]uint32 {
	c0, c1, c2, c3 := counter[0], counter[1], counter[2], counter[3]
	k0, k1 := key[0], key[1]
	for range 10 {
		hi0, lo0 := bits.Mul32(0xD2511F53, c0)
		hi1, lo1 := bits.Mul32(0xCD9E8D57, c2)
		c0, c1, c2, c3 = hi1^c1^k0, lo1, hi0^c3^k1, lo0
		k0 += 0x9E3779B9 // the golden ratio
		k1 += 0xBB67AE85 // √3 - 1
	}
	return [4]uint32{c0, c1, c2, c3}
}
