// The tiled product of bfloat16 operands on tensor cores: a block of 8 warps, 2
// down and 4 across, makes a square tile of the result.
//
// Idea. Slices of both operands, SIDE by DEPTH, stream into a ring of three in
// shared memory (cp.async): two are on their way while one is multiplied, at one
// barrier a slice. ldmatrix hands each warp 16 by 16 fragments, transposed on the
// way where the operand lies across, and mma.sync multiplies 16 by 16 by 8 at a
// time. Groups of 16 bytes are swizzled: the eight that ldmatrix or a quarter of
// a warp touches at once lie in different banks, without padding. The sums leave
// through shared memory, so that neighbouring threads store neighbouring elements
// and the epilogue's code stands here once.
//
// Shared: 12 SIDE DEPTH bytes, 48 KB. A slice takes 4 SIDE DEPTH bytes from memory
// for 2 SIDE SIDE DEPTH operations: SIDE/2 operations a byte. tile128 issues 5
// instructions of PTX for each mma.
#pragma once
#include "product.cuh"

// copy_async copies the 16 bytes at from to shared memory, or zeros where from is
// null; any is a valid address.
__device__ __forceinline__ void copy_async(uint4 *to, const bf16 *from, const bf16 *any) {
    unsigned shared = __cvta_generic_to_shared(to);
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(shared), "l"(from ? from : any),
                 "r"(from ? 16 : 0));
}

// commit closes a batch of copies; wait_but waits for all batches but the newest.
__device__ __forceinline__ void commit() { asm volatile("cp.async.commit_group;" ::: "memory"); }
template <int NEWEST> __device__ __forceinline__ void wait_but() {
    asm volatile("cp.async.wait_group %0;" ::"n"(NEWEST) : "memory");
}

// load_matrices loads four 8 by 8 matrices; lane 8 i + r says where row r of matrix
// i is. TRANSPOSED hands out their columns.
template <bool TRANSPOSED> __device__ __forceinline__ void load_matrices(unsigned r[4], const uint4 *row) {
    unsigned shared = __cvta_generic_to_shared(row);
    if (TRANSPOSED)
        asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
                     : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3]) : "r"(shared));
    else
        asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
                     : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3]) : "r"(shared));
}

// mma adds the product of 16 by 16 and 16 by 8 elements to 16 by 8 sums.
__device__ __forceinline__ void mma(float sum[4], const unsigned a[4], unsigned b0, unsigned b1) {
    asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 "
                 "{%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
                 : "+f"(sum[0]), "+f"(sum[1]), "+f"(sum[2]), "+f"(sum[3])
                 : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}

template <int SIDE> struct tile_mma {
    static constexpr int THREADS = 256;
    static constexpr int ROWS = SIDE, COLUMNS = SIDE;              // of the tile
    static constexpr bool GUARDED = SIDE < 128;                    // takes operands that are not whole
    static constexpr int DEPTH = 4096 / SIDE;                      // of a slice
    static constexpr int GROUPS = SIDE * DEPTH / 8;                // of 8 elements in a slice: two a thread
    static constexpr int STAGES = 3, AHEAD = (STAGES - 1) * DEPTH; // of the ring
    static constexpr int FRAGMENTS = SIDE / 32; // of a warp: of 16 rows down, of 8 columns across
    static constexpr int LEAVING = SIDE / 2;    // rows that leave at a time: those of 4 warps
    static constexpr int PITCH = SIDE + 8;      // so that the 4 rows of half a warp are in other banks

    typedef uint4 slice[GROUPS];
    union memory {
        slice in[STAGES][2];
        float out[LEAVING][PITCH];
    };

    static __device__ memory &shared() {
        __shared__ __align__(16) memory all;
        return all;
    }

    // place is where the group of the element (outer, k) lies in its slice.
    static __device__ int place(bool across, unsigned outer, unsigned k) {
        if (across) return k * (SIDE / 8) + (outer / 8 ^ k % 8);
        return outer * (DEPTH / 8) + (k / 8 ^ outer * DEPTH / 64 % (DEPTH / 8));
    }

    // outer_of and depth_of say where group i of a slice begins.
    static __device__ int outer_of(bool across, unsigned i) {
        return across ? i % (SIDE / 8) * 8 : i / (DEPTH / 8);
    }
    static __device__ int depth_of(bool across, unsigned i) {
        return across ? i / (SIDE / 8) : i % (DEPTH / 8) * 8;
    }

    // fetch starts to load the slice at (outer, k).
    template <class Operand> static __device__ void fetch(slice to, const Operand &x, int outer, int k) {
        if (!GUARDED || x.whole)
#pragma unroll
            for (unsigned i = threadIdx.x, n = 0; n < GROUPS / THREADS; i += THREADS, n++) {
                int o = outer_of(x.across, i), d = depth_of(x.across, i);
                copy_async(&to[place(x.across, o, d)], x.at(outer + o, k + d), x.from);
            }
        else
#pragma unroll 1
            for (unsigned i = threadIdx.x; i < GROUPS; i += THREADS) {
                int o = outer_of(x.across, i), d = depth_of(x.across, i);
                to[place(x.across, o, d)] = gather(x, outer + o, k + d);
            }
    }

    // fragment is the 16 outers by 16 k at (outer, k): as mma takes the rows of a,
    // or twice 8 columns of b in elements 0, 2 and 1, 3.
    static __device__ void fragment(unsigned r[4], slice from, bool across, int outer, int k) {
        int lane = threadIdx.x % 32;
        if (across)
            load_matrices<true>(r, &from[place(true, outer + lane / 8 % 2 * 8, k + lane % 8 + lane / 16 * 8)]);
        else
            load_matrices<false>(r, &from[place(false, outer + lane % 16, k + lane / 16 * 8)]);
    }

    // This warp's first row and column.
    static __device__ int row_of() { return threadIdx.x / 128 * (SIDE / 2); }
    static __device__ int column_of() { return threadIdx.x / 32 % 4 * (SIDE / 4); }

    typedef float sums[FRAGMENTS][FRAGMENTS][4];

    // multiply adds the product of two slices.
    static __device__ void multiply(sums sum, slice a, bool a_across, slice b, bool b_across) {
#pragma unroll
        for (int k = 0; k < DEPTH; k += 16) {
            unsigned x[FRAGMENTS][4], y[FRAGMENTS / 2][4];
#pragma unroll
            for (int i = 0; i < FRAGMENTS; i++) fragment(x[i], a, a_across, row_of() + 16 * i, k);
#pragma unroll
            for (int j = 0; j < FRAGMENTS / 2; j++) fragment(y[j], b, b_across, column_of() + 16 * j, k);
#pragma unroll
            for (int i = 0; i < FRAGMENTS; i++)
#pragma unroll
                for (int j = 0; j < FRAGMENTS; j++) mma(sum[i][j], x[i], y[j / 2][j % 2], y[j / 2][j % 2 + 2]);
        }
    }

    // pipeline adds the product of a and b from first to last.
    template <bool A_ACROSS, bool B_ACROSS, class A, class B>
    static __device__ void pipeline(sums sum, A a, B b, int row, int column, int first, int last) {
        a.across = A_ACROSS, b.across = B_ACROSS; // constants from here on
        slice(*in)[2] = shared().in;
        int now = 0, next = 0;
#pragma unroll 1
        for (int k = first - AHEAD; k < last; k += DEPTH) {
            if (k >= first) {
                wait_but<STAGES - 2>();
                __syncthreads();
            }
            if (k + AHEAD < last) {
                fetch(in[next][0], a, row, k + AHEAD);
                fetch(in[next][1], b, column, k + AHEAD);
            }
            commit();
            next = next == STAGES - 1 ? 0 : next + 1;
            if (k < first) continue;
            multiply(sum, in[now][0], a.across, in[now][1], b.across);
            now = now == STAGES - 1 ? 0 : now + 1;
        }
    }

    // accumulate adds the tile at (row, column) of a b, summed over k from first to
    // last.
    template <class A, class B>
    static __device__ void accumulate(sums sum, const A &a, const B &b, int row, int column, int first, int last) {
        if (a.across && b.across)
            pipeline<true, true>(sum, a, b, row, column, first, last);
        else if (a.across)
            pipeline<true, false>(sum, a, b, row, column, first, last);
        else if (b.across)
            pipeline<false, true>(sum, a, b, row, column, first, last);
        else
            pipeline<false, false>(sum, a, b, row, column, first, last);
    }

    // column is the first of four whose sums this thread ends.
    static __device__ int column() { return threadIdx.x % (SIDE / 4) * 4; }

    // drain calls put(row, sums) for the whole tile, LEAVING rows at a time: the sums
    // of the row from column() on.
    template <class Put> static __device__ void drain(sums sum, Put put) {
        float(*out)[PITCH] = shared().out;
        int lane = threadIdx.x % 32;
#pragma unroll 1
        for (int first = 0; first < SIDE; first += LEAVING) {
            __syncthreads();
            if (row_of() == first)
#pragma unroll
                for (int i = 0; i < FRAGMENTS; i++)
#pragma unroll
                    for (int j = 0; j < FRAGMENTS; j++) {
                        float *to = &out[16 * i + lane / 4][column_of() + 8 * j + lane % 4 * 2];
                        *(float2 *)to = make_float2(sum[i][j][0], sum[i][j][1]);
                        *(float2 *)(to + 8 * PITCH) = make_float2(sum[i][j][2], sum[i][j][3]);
                    }
            __syncthreads();
#pragma unroll 1
            for (int row = threadIdx.x / (SIDE / 4); row < LEAVING; row += THREADS / (SIDE / 4))
                put(first + row, load4(&out[row][column()], 0));
        }
    }
};
