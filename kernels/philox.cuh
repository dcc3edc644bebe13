// Philox4x32-10: four random words for a counter under a key. Salmon et al.,
// "Parallel random numbers: as easy as 1, 2, 3" (2011). The bits are those of
// device.Philox.
#pragma once

__device__ __forceinline__ uint4 philox(uint4 c, uint2 key) {
#pragma unroll
    for (int round = 0; round < 10; round++) {
        unsigned hi0 = __umulhi(0xD2511F53u, c.x), lo0 = 0xD2511F53u * c.x;
        unsigned hi1 = __umulhi(0xCD9E8D57u, c.z), lo1 = 0xCD9E8D57u * c.z;
        c = make_uint4(hi1 ^ c.y ^ key.x, lo1, hi0 ^ c.w ^ key.y, lo0);
        key.x += 0x9E3779B9u; // the golden ratio
        key.y += 0xBB67AE85u; // sqrt(3) - 1
    }
    return c;
}
