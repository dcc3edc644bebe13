// Permute: y's axis i is x's axis axes[i].
//
// The axes are those of y, with the strides of x and y. Where the innermost one stays
// innermost, threads copy in the order of y (order). Else a block moves a tile of 32
// by 32 elements through shared memory (tile): it reads along x's innermost axis and
// writes along y's, so that both are contiguous; a row of the tile has a word more,
// so that its columns lie in different banks.
//
//   block      256 threads; tile: a block each, 4224 bytes shared; order: at most 4096 blocks
//   registers  24 (tile), 18 (order; ptxas, sm_80)
//   bytes      twice an element's
//   bound      memory
#include "axes.cuh"
#include "move.cuh"

#define TILE 32
#define ROWS 8 // of a tile, at once: 256 threads

// A plane is the two innermost axes: width along x's, with a stride in y, height
// along y's, with a stride in x; and how many tiles cover them.
struct plane {
    int width, height, x_stride, y_stride, across, down;
};

// move_tile moves the tile of this block.
template <class In, class Out>
__device__ __forceinline__ void move_tile(Out *y, int add, const In *x, const plane &p, const axes &outer) {
    typedef decltype(load(x, 0)) word;
    __shared__ word tile[TILE][TILE + 1];
    unsigned t = blockIdx.x, lane = threadIdx.x % TILE, row = threadIdx.x / TILE;
    unsigned left = t % p.across * TILE, top = t / p.across % p.down * TILE;
    places at = place(outer, t / p.across / p.down);
    for (int r = row; r < TILE; r += ROWS)
        if (top + r < p.height && left + lane < p.width)
            tile[r][lane] = load(x, at.a + (unsigned)(top + r) * p.x_stride + left + lane);
    __syncthreads();
    for (int r = row; r < TILE; r += ROWS)
        if (left + r < p.width && top + lane < p.height)
            store(y, at.b + (unsigned)(left + r) * p.y_stride + top + lane, tile[lane][r], add);
}

#define PERMUTE(column, In, Out)                                                                          \
    extern "C" __global__ void permute_order_##column(Out *y, int add, const In *x, axes s, int n) {      \
        for (index_t i = thread_index(); i < n; i += thread_count())                                      \
            store(y, i, load(x, place(s, i).a), add);                                                     \
    }                                                                                                     \
    extern "C" __global__ void permute_tile_##column(Out *y, int add, const In *x, plane p, axes outer) { \
        move_tile(y, add, x, p, outer);                                                                   \
    }
MOVES(PERMUTE)
