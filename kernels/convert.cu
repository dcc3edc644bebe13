// Conversions, y = x between float32 and bfloat16; constants, y = v; and images,
// y[i, c] = scale[c] x[i, c] + shift[c] from bytes.
//
// A thread takes groups of four elements, a grid apart. Rounding to bfloat16 is to
// nearest, ties to even: the hardware's cvt.rn.
//
//   block      256 threads, at most 4096 blocks; nothing shared
//   registers  30 (cast), 32 (normalize; ptxas, sm_80)
//   bytes      2 to 8 an element and destination; 5 normalizing to float32
//   bound      memory
#include "column.cuh"

#define CAST(column, In, Out)                                                                      \
    extern "C" __global__ void convert_cast_##column(Out *y, int add, const In *x, int n) {        \
        each4(n, [=](index_t g) { store4(y, g, load4(x, g, n), add, n); });                        \
    }
COLUMNS(CAST)
CAST(f32bf16, float, bf16)

// normalize_group is group g of bytes, each scaled and shifted as its channel says.
__device__ __forceinline__ quad normalize_group(const unsigned char *x, const float *scale, const float *shift,
                                                int channels, index_t g, int n) {
    uchar4 bytes = {};
    if (4 * g + 4 <= n) bytes = ((const uchar4 *)x)[g];
    else {
        bytes.x = x[4 * g];
        if (4 * g + 1 < n) bytes.y = x[4 * g + 1];
        if (4 * g + 2 < n) bytes.z = x[4 * g + 2];
    }
    quad q = {{(float)bytes.x, (float)bytes.y, (float)bytes.z, (float)bytes.w}};
    int c = (unsigned)(4 * g) % channels;
    for (int k = 0; k < 4; k++) {
        q.v[k] = scale[c] * q.v[k] + shift[c];
        c = c + 1 < channels ? c + 1 : 0;
    }
    return q;
}

#define MAKE(column, Out)                                                                                \
    extern "C" __global__ void convert_fill_##column(Out *y, int add, float v, int n) {                  \
        each4(n, [=](index_t g) { store4(y, g, {{v, v, v, v}}, add, n); });                              \
    }                                                                                                    \
    extern "C" __global__ void convert_normalize_##column(Out *y, int add, const unsigned char *x,       \
                                                          const float *scale, const float *shift,        \
                                                          int channels, int n) {                         \
        each4(n, [=](index_t g) {                                                                        \
            store4(y, g, normalize_group(x, scale, shift, channels, g, n), add, n);                      \
        });                                                                                              \
    }
MAKE(f32, float)
MAKE(bf16, bf16)
