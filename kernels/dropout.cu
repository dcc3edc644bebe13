// Dropout, y[i] = x[i] / (1-p) where element i is kept, else 0; and the counter of
// its random stream.
//
// One block of Philox has four words: one for each element of a group. The key is
// the stream's seed, the counter (group, site, pass), so that the bits are those of
// device.Philox on any machine; the backward pass makes them again.
//
//   block      256 threads, at most 4096 blocks; nothing shared
//   registers  25 (ptxas, sm_80)
//   bytes      8 an element of float32, 4 of bfloat16
//   bound      memory: 20 integer multiplications an element stay below it
#include "column.cuh"
#include "philox.cuh"

// scaled is v times what each element is kept with, 0 where its word is below the
// threshold.
__device__ __forceinline__ quad scaled(quad q, uint4 words, unsigned threshold, float kept) {
    return {{words.x < threshold ? 0 : kept * q.v[0], words.y < threshold ? 0 : kept * q.v[1],
             words.z < threshold ? 0 : kept * q.v[2], words.w < threshold ? 0 : kept * q.v[3]}};
}

#define DROPOUT(column, In, Out)                                                                      \
    extern "C" __global__ void dropout_keep_##column(Out *y, int add, const In *x, const uint4 *cell, \
                                                     unsigned site, unsigned threshold, float kept,   \
                                                     int n) {                                         \
        uint4 now = *cell; /* seed and pass, low words first */                                       \
        each4(n, [=](index_t g) {                                                                     \
            uint4 words = philox(make_uint4(g, site, now.z, now.w), make_uint2(now.x, now.y));        \
            store4(y, g, scaled(load4(x, g, n), words, threshold, kept), add, n);                     \
        });                                                                                           \
    }
COLUMNS(DROPOUT)

// dropout_next_i32 copies a stream to a cell and counts the stream's pass. One
// thread.
extern "C" __global__ void dropout_next_i32(uint4 *cell, uint4 *stream) {
    uint4 now = *stream;
    *cell = now;
    now.z++;
    now.w += now.z == 0;
    *stream = now;
}
