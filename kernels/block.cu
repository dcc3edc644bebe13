// CopyBlock: y[r y_stride + y_offset + c] = x[r x_stride + x_offset + c].
//
// A thread takes elements a grid apart; where columns, strides and offsets are whole
// groups of four elements, it takes groups (quad).
//
//   block      256 threads, at most 4096 blocks; nothing shared
//   registers  18 (quad), 24 (copy; ptxas, sm_80)
//   bytes      twice an element's
//   bound      memory
#include "move.cuh"

// A rectangle within two arrays, in elements or in groups of four.
struct rectangle {
    int rows, cols, y_stride, y_offset, x_stride, x_offset;
};

// each_cell goes through a rectangle with all threads of the grid: body(y, x) has
// the places of a cell.
template <class Body> __device__ __forceinline__ void each_cell(rectangle s, Body body) {
    unsigned n = s.rows * s.cols;
    for (index_t i = thread_index(); i < n; i += thread_count()) {
        int r = (unsigned)i / s.cols, c = i - r * s.cols;
        body(r * s.y_stride + s.y_offset + c, r * s.x_stride + s.x_offset + c);
    }
}

#define QUAD(column, In, Out)                                                                     \
    extern "C" __global__ void block_quad_##column(Out *y, int add, const In *x, rectangle s) {   \
        each_cell(s, [=](int to, int from) { store4(y, to, load4(x, from), add); });              \
    }
#define COPY(column, In, Out)                                                                     \
    extern "C" __global__ void block_copy_##column(Out *y, int add, const In *x, rectangle s) {   \
        each_cell(s, [=](int to, int from) { store(y, to, load(x, from), add); });                \
    }
COLUMNS(QUAD)
MOVES(COPY)
