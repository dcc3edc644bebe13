// The tiled product of float operands: a block of 256 threads makes a square tile
// of the result.
//
// Idea. Slices of both operands, SIDE by DEPTH, go through shared memory, k by k;
// there they lie k-major, so that a thread reads the rows and columns of its
// SIDE/16 by SIDE/16 sums as float4. The next slice is on its way into registers
// while this one is multiplied (double buffering): one barrier a slice. The sums
// leave through shared memory, so that neighbouring threads store neighbouring
// elements and the epilogue's code stands here once.
//
// Shared: 4 (SIDE+4) DEPTH floats, 17 KB. A slice takes 8 SIDE DEPTH bytes from
// memory for 2 SIDE SIDE DEPTH operations: SIDE/4 operations a byte. tile128 issues
// 1.4 instructions of PTX for each fused multiply-add.
#pragma once
#include "product.cuh"

template <int SIDE> struct tile_f32 {
    static constexpr int THREADS = 256;
    static constexpr int BLOCKS = 2; // on a multiprocessor
    static constexpr int ROWS = SIDE, COLUMNS = SIDE; // of the tile
    static constexpr bool GUARDED = SIDE < 128;       // takes operands that are not whole
    static constexpr int DEPTH = 1024 / SIDE;         // of a slice: a group of each operand a thread
    static constexpr int PITCH = SIDE + 4;            // aligned, and other banks for other k
    static constexpr int QUADS = SIDE / 64;           // of rows of a thread, and of columns
    static constexpr int LEAVING = 4096 / SIDE;       // rows that leave at a time

    typedef float slice[DEPTH][PITCH];
    union memory {
        slice in[2][2]; // of each operand: this one, the next
        float out[LEAVING][PITCH];
    };

    static __device__ memory &shared() {
        __shared__ __align__(16) memory all;
        return all;
    }

    // outer_of and depth_of say which group of a slice this thread loads. Along k,
    // two neighbouring threads share a sector of 32 bytes, and the 16 outers of a
    // warp are in other banks for the one than for the other.
    static __device__ int outer_of(bool across) {
        return across ? threadIdx.x % (SIDE / 4) * 4 : threadIdx.x / 2 % SIDE;
    }
    static __device__ int depth_of(bool across) {
        return across ? threadIdx.x / (SIDE / 4) : (threadIdx.x % 2 + threadIdx.x / (2 * SIDE) * 2) * 4;
    }

    // fetch is this thread's group of the slice at (outer, k).
    template <class Operand> static __device__ float4 fetch(const Operand &x, int outer, int k) {
        outer += outer_of(x.across), k += depth_of(x.across);
        union {
            uint4 all;
            float4 v;
        } g;
        if (GUARDED && !x.whole)
            g.all = gather(x, outer, k);
        else if (const float *p = element(x, outer, k))
            g.v = *(const float4 *)p;
        else
            g.v = make_float4(0, 0, 0, 0);
        return g.v;
    }

    // keep puts what fetch returned into a slice.
    template <class Operand> static __device__ void keep(slice to, const Operand &x, float4 v) {
        int outer = outer_of(x.across), k = depth_of(x.across);
        if (x.across) {
            *(float4 *)&to[k][outer] = v;
            return;
        }
        to[k][outer] = v.x, to[k + 1][outer] = v.y, to[k + 2][outer] = v.z, to[k + 3][outer] = v.w;
    }

    // This thread's first row and column: a warp has 4 by 8 threads.
    static __device__ int row_of() { return (threadIdx.x / 64 * 4 + threadIdx.x % 32 / 8) * 4; }
    static __device__ int column_of() { return (threadIdx.x / 32 % 2 * 8 + threadIdx.x % 8) * 4; }

    typedef float sums[4 * QUADS][4 * QUADS];

    // multiply adds the product of two slices.
    static __device__ void multiply(sums sum, slice a, slice b) {
#pragma unroll
        for (int k = 0; k < DEPTH; k++) {
            float x[4 * QUADS], y[4 * QUADS];
#pragma unroll
            for (int q = 0; q < QUADS; q++) {
                *(float4 *)&x[4 * q] = *(float4 *)&a[k][row_of() + 64 * q];
                *(float4 *)&y[4 * q] = *(float4 *)&b[k][column_of() + 64 * q];
            }
#pragma unroll
            for (int i = 0; i < 4 * QUADS; i++)
#pragma unroll
                for (int j = 0; j < 4 * QUADS; j++) sum[i][j] += x[i] * y[j];
        }
    }

    // accumulate adds the tile at (row, column) of a b, summed over k from first to
    // last.
    template <class A, class B>
    static __device__ void accumulate(sums sum, const A &a, const B &b, int row, int column, int first, int last) {
        slice(*in)[2] = shared().in;
        int now = 1;
#pragma unroll 1
        for (int k = first - DEPTH; k < last; k += DEPTH, now ^= 1) {
            float4 next_a, next_b;
            bool more = k + DEPTH < last;
            if (more) next_a = fetch(a, row, k + DEPTH), next_b = fetch(b, column, k + DEPTH);
            if (k >= first) multiply(sum, in[now][0], in[now][1]);
            if (more) keep(in[now ^ 1][0], a, next_a), keep(in[now ^ 1][1], b, next_b);
            __syncthreads();
        }
    }

    // column is the first of four whose sums this thread ends.
    static __device__ int column() { return threadIdx.x % (SIDE / 4) * 4; }

    // drain calls put(row, sums) for the whole tile, LEAVING rows at a time: the sums
    // of the row from column() on.
    template <class Put> static __device__ void drain(sums sum, Put put) {
        float(*out)[PITCH] = shared().out;
#pragma unroll 1
        for (int first = 0; first < SIDE; first += LEAVING) {
            __syncthreads();
#pragma unroll
            for (int i = 0; i < 4 * QUADS; i++) {
                int row = row_of() + i / 4 * 64 + i % 4 - first;
#pragma unroll
                for (int q = 0; q < QUADS; q++)
                    if (row >= 0 && row < LEAVING)
                        *(float4 *)&out[row][column_of() + 64 * q] = *(float4 *)&sum[i][4 * q];
            }
            __syncthreads();
#pragma unroll 1
            for (int row = threadIdx.x / (SIDE / 4); row < LEAVING; row += THREADS / (SIDE / 4))
                put(first + row, load4(&out[row][column()], 0));
        }
    }
};
