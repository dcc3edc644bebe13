// Epilogue: the end of a product, fused into the kernel that makes it.
#pragma once
#include "activation.cuh"
#include "column.cuh"

// store_some sets elements i to i + n - 1 of y to those of q, or adds: n <= 4, at
// once where they are an aligned group.
template <class T> __device__ __forceinline__ void store_some(T *y, int i, quad q, int n, int add) {
    y += i;
    if (n == 4 && (size_t)y % (4 * sizeof(T)) == 0) {
        store4(y, 0, q, add);
        return;
    }
#pragma unroll
    for (int k = 0; k < 4; k++)
        if (k < n) store(y, k, q.v[k], add);
}

__device__ __forceinline__ quad operator+(quad a, quad b) {
    return {{a.v[0] + b.v[0], a.v[1] + b.v[1], a.v[2] + b.v[2], a.v[3] + b.v[3]}};
}

// epilogue stores y = f(v) and pre = v for v = sum + bias. y, pre and bias may be
// null: not wanted, none.
template <class Out> struct epilogue {
    Out *y;
    int add_y;
    Out *pre;
    int add_pre;
    const float *bias;
    int f; // the activation and its constants
    float a, b;

    // bias_of is what is added to the sums of a column, bias_some of n columns.
    __device__ float bias_of(int column) const { return bias ? bias[column] : 0; }
    __device__ quad bias_some(int column, int n) const {
        quad q;
#pragma unroll
        for (int k = 0; k < 4; k++) q.v[k] = k < n ? bias_of(column + k) : 0;
        return q;
    }

    // put ends element i.
    __device__ void put(int i, float v) const {
        if (pre) store(pre, i, v, add_pre);
        if (y) store(y, i, activate(f, v, a, b), add_y);
    }

    // put_some ends elements i to i + n - 1. The loop goes round the quad, so that
    // the code of all functions stands here once.
    __device__ void put_some(int i, quad q, int n) const {
        if (pre) store_some(pre, i, q, n, add_pre);
        if (!y) return;
        if (f != UNARY_identity)
#pragma unroll 1
            for (int k = 0; k < 4; k++) q = {{q.v[1], q.v[2], q.v[3], activate(f, q.v[0], a, b)}};
        store_some(y, i, q, n, add_y);
    }
};
