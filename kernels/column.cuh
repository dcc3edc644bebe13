// Columns: the three pairs of storage types that data kernels come in.
//
//   f32      float in, float out
//   bf16     bfloat16 in, bfloat16 out
//   bf16f32  bfloat16 in, float out
//
// A kernel is written once, as a template over In and Out, in floats; COLUMNS
// makes the three of it. Elements are numbered by 64-bit integers where a byte
// offset may pass 2^31. Buffers and slices begin at a multiple of 64 elements of
// an allocation aligned to 256 bytes: groups of four elements from the start of
// one are always aligned for load4 and store4.
#pragma once

typedef long long index_t;
typedef unsigned short bf16; // a bfloat16 in storage: the upper half of a float

// to_bf16 rounds to nearest, ties to even.
__device__ __forceinline__ bf16 to_bf16(float v) {
    bf16 h;
    asm("cvt.rn.bf16.f32 %0, %1;" : "=h"(h) : "f"(v));
    return h;
}

__device__ __forceinline__ float to_float(bf16 h) { return __uint_as_float((unsigned)h << 16); }

// load is element i as a float.
__device__ __forceinline__ float load(const float *x, index_t i) { return x[i]; }
__device__ __forceinline__ float load(const bf16 *x, index_t i) { return to_float(x[i]); }

// store sets element i to v, or adds v to it.
__device__ __forceinline__ void store(float *y, index_t i, float v, int add) { y[i] = add ? y[i] + v : v; }
__device__ __forceinline__ void store(bf16 *y, index_t i, float v, int add) {
    y[i] = to_bf16(add ? to_float(y[i]) + v : v);
}

// quad is four neighbouring elements as floats.
struct quad {
    float v[4];
};

__device__ __forceinline__ quad operator*(quad a, quad b) {
    return {{a.v[0] * b.v[0], a.v[1] * b.v[1], a.v[2] * b.v[2], a.v[3] * b.v[3]}};
}

// push appends v and drops the first: a loop over a quad that is not unrolled goes by
// it, since registers have no index.
__device__ __forceinline__ quad push(quad q, float v) { return {{q.v[1], q.v[2], q.v[3], v}}; }

// load4 is elements 4 g to 4 g + 3: one access of 128 bits, or 64 of a bfloat16.
__device__ __forceinline__ quad load4(const float *x, index_t g) {
    float4 f = ((const float4 *)x)[g];
    return {{f.x, f.y, f.z, f.w}};
}
__device__ __forceinline__ quad load4(const bf16 *x, index_t g) {
    uint2 w = ((const uint2 *)x)[g];
    return {{__uint_as_float(w.x << 16), __uint_as_float(w.x & 0xffff0000u), __uint_as_float(w.y << 16),
             __uint_as_float(w.y & 0xffff0000u)}};
}

__device__ __forceinline__ void put4(float *y, index_t g, quad q) {
    ((float4 *)y)[g] = make_float4(q.v[0], q.v[1], q.v[2], q.v[3]);
}
__device__ __forceinline__ void put4(bf16 *y, index_t g, quad q) {
    ((uint2 *)y)[g] = make_uint2(to_bf16(q.v[0]) | (unsigned)to_bf16(q.v[1]) << 16,
                                 to_bf16(q.v[2]) | (unsigned)to_bf16(q.v[3]) << 16);
}

// store4 sets elements 4 g to 4 g + 3, or adds to them.
template <class T> __device__ __forceinline__ void store4(T *y, index_t g, quad q, int add) {
    if (add) {
        quad old = load4(y, g);
        for (int k = 0; k < 4; k++) q.v[k] = old.v[k] + q.v[k];
    }
    put4(y, g, q);
}

// thread_index and thread_count number the threads of a grid of one dimension.
__device__ __forceinline__ index_t thread_index() { return (index_t)blockIdx.x * blockDim.x + threadIdx.x; }
__device__ __forceinline__ index_t thread_count() { return (index_t)gridDim.x * blockDim.x; }

// each4 goes through n elements in groups of four with all threads of the grid.
// The last group may be shorter: body loads and stores it with n.
template <class Body> __device__ __forceinline__ void each4(int n, Body body) {
    index_t groups = ((unsigned)n + 3) / 4;
    for (index_t g = thread_index(); g < groups; g += thread_count()) body(g);
}

// load4 and store4 with n leave out what lies at n and beyond: 0 stands there.
template <class T> __device__ __forceinline__ quad load4(const T *x, index_t g, int n) {
    if (4 * g + 4 <= n) return load4(x, g);
    quad q = {};
    for (int k = 0; k < 3; k++)
        if (4 * g + k < n) q.v[k] = load(x, 4 * g + k);
    return q;
}
template <class T> __device__ __forceinline__ void store4(T *y, index_t g, quad q, int add, int n) {
    if (4 * g + 4 <= n) return store4(y, g, q, add);
    for (int k = 0; k < 3; k++)
        if (4 * g + k < n) store(y, 4 * g + k, q.v[k], add);
}

// COLUMNS(KERNEL) writes KERNEL(column, In, Out) for each column; a stem's KERNEL
// defines one extern "C" __global__ function with that column as its suffix.
#define COLUMNS(KERNEL)           \
    KERNEL(f32, float, float)     \
    KERNEL(bf16, bf16, bf16)      \
    KERNEL(bf16f32, bf16, float)
