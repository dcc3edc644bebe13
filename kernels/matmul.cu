// Matrix product: c[i] = f(a[i] b[i] + bias), a: [M, K], b: [K, N], either stored
// transposed, either shared by the whole batch.
//
// Idea. naive: a thread makes one sum, straight from the formula. tile64, tile128: a
// block makes a square of sums from slices in shared memory, where each element is
// read once and used 64 or 128 times (tile_f32.cuh; on tensor cores, tile_mma.cuh);
// the epilogue is fused (epilogue.cuh). tile128 takes only operands whose lines are
// whole groups of 16 bytes.
//
//                  block  grid                     shared  registers (sm_80, sm_90)
//   naive            256  sums / 256                    0   56   56
//   tile64  f32      256  tiles of 64 by 64          17 KB   75   79
//   tile128 f32      256  tiles of 128 by 128        17 KB  123  123
//   tile64  bf16     256  tiles of 64 by 64          48 KB   78   75
//   tile128 bf16     256  tiles of 128 by 128        64 KB  117  121
//
// An element of c takes 2 K operations; naive reads 2 K elements for it, a tile
// 2 K / side. Bound of large products: arithmetic. At 1.56 TB/s an A100's 19.5
// TFLOP/s of FMA want 12 operations a byte, its 312 TFLOP/s of mma 200; tile128
// makes 32 and 64, and L2, which serves the tiles that share a row or a column, the
// rest. Bound of small K or N: memory, of a, b and c once each.
#include "epilogue.cuh"
#include "tile_f32.cuh"
#include "tile_mma.cuh"

// matmul is device.MatMul's extents and layouts.
struct matmul {
    int batch, m, n, k, trans_a, trans_b, shared_a, shared_b;

    // a_of and b_of are where the factors of product i begin.
    __device__ index_t a_of(int i) const { return shared_a ? 0 : (index_t)i * m * k; }
    __device__ index_t b_of(int i) const { return shared_b ? 0 : (index_t)i * k * n; }
};

// matmul_naive: one thread makes one element of c, a row of a times a column of b.
template <class In, class Out>
__device__ void matmul_naive(const epilogue<Out> &to, const In *a, const In *b, const matmul &s) {
    unsigned at = thread_index();
    if (at >= s.batch * s.m * s.n) return;
    int column = at % s.n, row = at / s.n % s.m, i = at / s.n / s.m;
    a += s.a_of(i), b += s.b_of(i);
    float sum = 0;
    for (int k = 0; k < s.k; k++) {
        float x = load(a, s.trans_a ? k * s.m + row : row * s.k + k);
        float y = load(b, s.trans_b ? column * s.k + k : k * s.n + column);
        sum += x * y;
    }
    to.put(at, sum + to.bias_of(column));
}

// matmul_tiled: one block makes one tile of c.
template <class Tile, class In, class Out>
__device__ void matmul_tiled(const epilogue<Out> &to, const In *a, const In *b, const matmul &s) {
    grid<Tile> g(s.m, s.n);
    stored<In> left(a + s.a_of(g.product), s.m, s.k, s.trans_a ? s.m : s.k, s.trans_a);
    stored<In> right(b + s.b_of(g.product), s.n, s.k, s.trans_b ? s.k : s.n, !s.trans_b);
    typename Tile::sums sum = {};
    Tile::accumulate(sum, left, right, g.row, g.column, 0, s.k);

    int column = g.column + Tile::column(), n = inside(column, s.n);
    quad bias = to.bias_some(column, n);
    Tile::drain(sum, [&](int y, quad sums) {
        int row = g.row + y;
        if (row < s.m) to.put_some((g.product * s.m + row) * s.n + column, sums + bias, n);
    });
}

// MATMUL writes the kernel matmul_<name>_<column>, of which at least so many blocks fit
// on a multiprocessor and whose work is the last argument's.
#define MATMUL(name, column, In, Out, blocks, ...)                                                             \
    extern "C" __global__ void __launch_bounds__(256, blocks)                                                  \
        matmul_##name##_##column(Out *c, int add_c, Out *pre, int add_pre, const In *a, const In *b,           \
                                 const float *bias, int f, float fa, float fb, matmul s) {                     \
        __VA_ARGS__(epilogue<Out>{c, add_c, pre, add_pre, bias, f, fa, fb}, a, b, s);                          \
    }

#define MATMUL_NAIVE(column, In, Out) MATMUL(naive, column, In, Out, 2, matmul_naive)
COLUMNS(MATMUL_NAIVE)

#define MATMUL_TILED(column, In, Out, Tile)                                         \
    MATMUL(tile64, column, In, Out, Tile<64>::BLOCKS, matmul_tiled<Tile<64>>)       \
    MATMUL(tile128, column, In, Out, Tile<128>::BLOCKS, matmul_tiled<Tile<128>>)
MATMUL_TILED(f32, float, float, tile_f32)
MATMUL_TILED(bf16, bf16, bf16, tile_mma)
MATMUL_TILED(bf16f32, bf16, float, tile_mma)
