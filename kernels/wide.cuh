// Wide access: a thread takes four neighbours of a row in one access of 128 bits
// (64 of bfloat16) where all rows have a multiple of four, and else one, as the
// first of a quad whose others are 0. The width is the same for all threads of a
// launch.
#pragma once
#include "column.cuh"

__device__ __forceinline__ int width_of(int n) { return n % 4 == 0 ? 4 : 1; }

// load_wide is elements width * g and on.
template <class T> __device__ __forceinline__ quad load_wide(const T *x, index_t g, int width) {
    if (width == 4) return load4(x, g);
    return {{load(x, g), 0, 0, 0}};
}

// store_wide sets the same elements, or adds to them.
template <class T> __device__ __forceinline__ void store_wide(T *y, index_t g, quad q, int add, int width) {
    if (width == 4) return store4(y, g, q, add);
    store(y, g, q.v[0], add);
}

// each calls f(w, element w) for the elements that there are.
template <class F> __device__ __forceinline__ void each(quad q, int width, F f) {
#pragma unroll
    for (int w = 0; w < 4; w++)
        if (w < width) f(w, q.v[w]);
}

// map is q with f of every element that there is.
template <class F> __device__ __forceinline__ quad map(quad q, int width, F f) {
    each(q, width, [&](int w, float v) { q.v[w] = f(v); });
    return q;
}

__device__ __forceinline__ quad operator+(quad a, quad b) {
    return {{a.v[0] + b.v[0], a.v[1] + b.v[1], a.v[2] + b.v[2], a.v[3] + b.v[3]}};
}
__device__ __forceinline__ quad operator-(quad a, quad b) {
    return {{a.v[0] - b.v[0], a.v[1] - b.v[1], a.v[2] - b.v[2], a.v[3] - b.v[3]}};
}
__device__ __forceinline__ quad operator*(quad a, float b) {
    return {{a.v[0] * b, a.v[1] * b, a.v[2] * b, a.v[3] * b}};
}
