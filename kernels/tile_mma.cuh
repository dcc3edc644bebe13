// The tiled product of bfloat16 operands on tensor cores: a block of 8 warps, 2
// down and 4 across, makes a square tile of the result.
//
// Idea. Slices of both operands, SIDE by DEPTH, stream into a ring in shared memory
// (cp.async): all but one are on their way while that is multiplied, at one barrier a
// slice. ldmatrix hands each warp 16 by 16 fragments, transposed on the way where the
// operand lies across, and mma.sync multiplies 16 by 16 by 8 at a time. Groups of 16
// bytes are swizzled: the eight that ldmatrix or a quarter of a warp touches at once
// lie in different banks, without padding. The sums leave through shared memory, so
// that neighbouring threads store neighbouring elements and the epilogue's code stands
// here once.
//
// What a thread asks of a slice is the same for each: where its groups go and where its
// fragments lie is found once, and where its groups come from goes on from slice to
// slice (walk). Shared memory is addressed by 32 bits.
//
// Shared: 16 KB for each stage of the ring, asked of the launch (device/cuda/tiling.go):
// 48 KB for tiles of 64, of which three then fit on a multiprocessor, 64 KB for tiles of
// 128, of which registers let no more than two. A slice takes 4 SIDE DEPTH bytes from
// memory for 2 SIDE SIDE DEPTH operations: SIDE/2 operations a byte.
#pragma once
#include "product.cuh"

// dynamic_shared is the shared memory that a launch asks for.
__device__ __forceinline__ uint4 *dynamic_shared() {
    extern __shared__ uint4 asked_for[];
    return asked_for;
}

// keep holds a value in a register: the compiler would rather find it anew each time.
__device__ __forceinline__ void keep(unsigned &v) { asm volatile("" : "+r"(v)); }
__device__ __forceinline__ void keep(const bf16 *&p) { asm volatile("" : "+l"(p)); }

// copy_async copies the 16 bytes at from to shared memory, or zeros where there are
// none; from is a valid address all the same.
__device__ __forceinline__ void copy_async(unsigned to, const bf16 *from, bool any) {
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(to), "l"(from), "r"(any ? 16 : 0));
}

// commit closes a batch of copies; wait_but waits for all batches but the newest.
__device__ __forceinline__ void commit() { asm volatile("cp.async.commit_group;" ::: "memory"); }
template <int NEWEST> __device__ __forceinline__ void wait_but() {
    asm volatile("cp.async.wait_group %0;" ::"n"(NEWEST) : "memory");
}

// load_matrices loads four 8 by 8 matrices; lane 8 i + r says where row r of matrix
// i is. TRANSPOSED hands out their columns.
template <bool TRANSPOSED> __device__ __forceinline__ void load_matrices(unsigned r[4], unsigned row) {
    if (TRANSPOSED)
        asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
                     : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3]) : "r"(row));
    else
        asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
                     : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3]) : "r"(row));
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
    static constexpr int GROUPS = SIDE * DEPTH / 8;                // of 8 elements in a slice
    static constexpr int EACH = GROUPS / THREADS;                  // of them a thread loads: two
    static constexpr int BYTES = 16 * GROUPS;                      // of a slice
    static constexpr int STAGES = SIDE == 128 ? 4 : 3;             // of the ring
    static constexpr int AHEAD = (STAGES - 1) * DEPTH;
    static constexpr int BLOCKS = SIDE == 128 ? 2 : 3; // on a multiprocessor
    static constexpr int FRAGMENTS = SIDE / 32; // of a warp: of 16 rows down, of 8 columns across
    static constexpr int LEAVING = SIDE / 2;    // rows that leave at a time: those of 4 warps
    static constexpr int PITCH = SIDE + 8;      // so that the 4 rows of half a warp are in other banks

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

    // walk is this thread's way through the slices of an operand: two lines of memory
    // at one spot each time, of which the spot goes on or, across, the lines.
    template <class Operand, bool ACROSS> struct walk {
        Operand x;
        typename Operand::line line[EACH];
        typename Operand::spot spot;
        typename Operand::step step;
        unsigned to[EACH]; // bytes from the start of a slice

        // Slices begin at (outer, k).
        __device__ walk(const Operand &from, int outer, int k)
            : x(from), spot(x.spot_at(ACROSS ? outer + outer_of(true, threadIdx.x) : k + depth_of(false, threadIdx.x))),
              step(ACROSS ? x.line_step(DEPTH) : x.spot_step(DEPTH)) {
            x.across = ACROSS; // a constant from here on
#pragma unroll
            for (int n = 0; n < EACH; n++) {
                int i = threadIdx.x + n * THREADS, o = outer_of(ACROSS, i), d = depth_of(ACROSS, i);
                line[n] = x.line_at(ACROSS ? k + d : outer + o);
                to[n] = 16 * place(ACROSS, o, d);
                keep(to[n]);
            }
            keep(x.from);
        }

        // fetch starts to load the next slice, which begins at (outer, k).
        __device__ void fetch(unsigned slice, int outer, int k) {
            if (GUARDED && !x.whole) {
                fetch_guarded((uint4 *)__cvta_shared_to_generic(slice), outer, k);
                return;
            }
#pragma unroll
            for (int n = 0; n < EACH; n++) {
                bool any = x.has(line[n], spot);
                copy_async(slice + to[n], x.from + (any ? x.at(line[n], spot) : 0), any);
                if (ACROSS) x.pass(line[n], step);
            }
            if (!ACROSS) x.pass(spot, step);
        }

        __device__ void fetch_guarded(uint4 *slice, int outer, int k) const {
#pragma unroll 1
            for (unsigned i = threadIdx.x; i < GROUPS; i += THREADS) {
                int o = outer_of(ACROSS, i), d = depth_of(ACROSS, i);
                slice[place(ACROSS, o, d)] = gather(x, outer + o, k + d);
            }
        }
    };

    // view is how this lane sees a slice: fragments of 16 outers by 16 k, as mma takes
    // the rows of a, or twice 8 columns of b in elements 0, 2 and 1, 3. place() without
    // what all fragments have in common: of i and k only bits that are 0 in the rest
    // of the swizzle are set.
    template <bool ACROSS> struct view {
        unsigned start, swizzle;

        __device__ view(int outer) {
            int lane = threadIdx.x % 32;
            if (ACROSS) {
                start = 16 * (lane % 8 + lane / 16 * 8) * (SIDE / 8);
                swizzle = 16 * (outer / 8 ^ lane / 8 % 2 ^ lane % 8);
            } else {
                start = 16 * (outer + lane % 16) * (DEPTH / 8);
                swizzle = 16 * (lane / 16 ^ lane % 16 * DEPTH / 64 % (DEPTH / 8));
            }
            keep(start), keep(swizzle);
        }

        // fragment loads the i-th at k.
        __device__ void fragment(unsigned r[4], unsigned slice, int i, int k) const {
            if (ACROSS)
                load_matrices<true>(r, slice + start + 2 * k * SIDE + (swizzle ^ 32 * i));
            else
                load_matrices<false>(r, slice + start + (swizzle ^ 2 * k) + 32 * i * DEPTH);
        }
    };

    // This warp's first row and column.
    static __device__ int row_of() { return threadIdx.x / 128 * (SIDE / 2); }
    static __device__ int column_of() { return threadIdx.x / 32 % 4 * (SIDE / 4); }

    typedef float sums[FRAGMENTS][FRAGMENTS][4];

    // multiply adds the product of two slices.
    template <class A, class B> static __device__ void multiply(sums sum, const A &a, const B &b, unsigned slices) {
#pragma unroll
        for (int k = 0; k < DEPTH; k += 16) {
            unsigned x[FRAGMENTS][4], y[FRAGMENTS / 2][4];
#pragma unroll
            for (int i = 0; i < FRAGMENTS; i++) a.fragment(x[i], slices, i, k);
#pragma unroll
            for (int j = 0; j < FRAGMENTS / 2; j++) b.fragment(y[j], slices + BYTES, j, k);
#pragma unroll
            for (int i = 0; i < FRAGMENTS; i++)
#pragma unroll
                for (int j = 0; j < FRAGMENTS; j++) mma(sum[i][j], x[i], y[j / 2][j % 2], y[j / 2][j % 2 + 2]);
        }
    }

    // pipeline adds the product of a and b from first to last.
    template <bool A_ACROSS, bool B_ACROSS, class A, class B>
    static __device__ void pipeline(sums sum, const A &a, const B &b, int row, int column, int first, int last) {
        walk<A, A_ACROSS> left(a, row, first);
        walk<B, B_ACROSS> right(b, column, first);
        view<A_ACROSS> rows(row_of());
        view<B_ACROSS> columns(column_of());
        unsigned ring = __cvta_generic_to_shared(dynamic_shared()), now = ring, next = ring;
        auto go_on = [=](unsigned &at) { at = at == ring + (STAGES - 1) * 2 * BYTES ? ring : at + 2 * BYTES; };
#pragma unroll 1
        for (int k = first - AHEAD; k < last; k += DEPTH) {
            if (k >= first) {
                wait_but<STAGES - 2>();
                __syncthreads();
            }
            if (k + AHEAD < last) {
                left.fetch(next, row, k + AHEAD);
                right.fetch(next + BYTES, column, k + AHEAD);
            }
            commit();
            go_on(next);
            if (k < first) continue;
            multiply(sum, rows, columns, now);
            go_on(now);
        }
    }

    // accumulate adds the tile at (row, column) of a b, summed over k from first to
    // last.
    template <class A, class B>
    static __device__ void accumulate(sums sum, const A &a, const B &b, int row, int column, int first, int last) {
        if (first >= last) return;
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
        float(*out)[PITCH] = (float(*)[PITCH])dynamic_shared();
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
