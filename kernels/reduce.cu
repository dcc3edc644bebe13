// Reductions: y[o, i] = f over n of x[o, n, i], their derivatives, and ArgMax.
//
// A team of threads takes a row (team.cuh): threads in steps, then the threads
// together by shuffles or shared memory, in a fixed order. Where rows are few they
// are cut into parts, gridDim.y of them, a number that the shape alone decides: the
// parts' results are floats [outer, parts, inner], reduced by a second launch. They
// may be, because the largest of largest ones is the largest, and so is the sum of
// sums, the norm of norms and the LogSumExp of LogSumExps. The mean divides by count
// in the last launch.
//
// The derivative is elementwise: each thread keeps its row's dy and y, and walks as
// the forward pass does. Equal extrema share dy: ties counts them first.
//
//   block      256 threads: 8 rows of a warp, 1 row of a block, or 32 columns; at most
//              2.1 KB shared
//   registers  28 (sum), 31 (log_sum_exp), 24 (argmax), 30 (grad; ptxas, sm_80)
//   bytes      4 an element of float32 forward, 4 to 8 backward; half in bfloat16
//   bound      memory: 15 instructions an element (sum) to 30 (log_sum_exp)
#include "reducers.cuh"

// width is how many elements a thread takes at once.
__device__ __forceinline__ int width(int n, int inner) { return inner == 1 ? width_of(n) : 1; }

__device__ __forceinline__ team row_team(int rows, int n, int inner, int chunk) {
    int w = width(n, inner);
    return team_of(rows, n / w, inner, chunk / w);
}

template <class R, class In>
__device__ __forceinline__ typename R::state reduce_part(R r, const In *x, int rows, int n, int inner, int chunk) {
    team t = row_team(rows, n, inner, chunk);
    if (inner == 1) return merge_x(r, reduce_row(r, x, t, width_of(n)));
    return merge_y(r, reduce_column(r, x, t));
}

#define REDUCE(what, R, column, In, Out)                                                                             \
    extern "C" __global__ void reduce_##what##_##column(Out *__restrict__ y, int add, const In *__restrict__ x,      \
                                                        int rows, int n, int inner, int chunk, int count) {          \
        R::state a = reduce_part(R(), x, rows, n, inner, chunk);                                                     \
        team t = row_team(rows, n, inner, chunk);                                                                    \
        if (t.leads) store(y, t.part_row(), R().result(a, count), add);                                              \
    }
#define REDUCE_ALL(column, In, Out)                 \
    REDUCE(sum, Sum, column, In, Out)               \
    REDUCE(mean, Mean, column, In, Out)             \
    REDUCE(max, Max, column, In, Out)               \
    REDUCE(min, Min, column, In, Out)               \
    REDUCE(log_sum_exp, LogSumExp, column, In, Out) \
    REDUCE(norm2, Norm2, column, In, Out)
COLUMNS(REDUCE_ALL)
REDUCE_ALL(f32bf16, float, bf16) // the parts of a bfloat16 result

// reduce_argmax sets y to the place of each row's first largest element, and
// reduce_ties counts its elements that equal y.
#define ARGMAX_TIES(column, In)                                                                                      \
    extern "C" __global__ void reduce_argmax_##column(int *__restrict__ y, const In *__restrict__ x, int rows,       \
                                                      int n, int inner, int chunk) {                                 \
        ArgMax::state a = reduce_part(ArgMax(), x, rows, n, inner, chunk);                                           \
        team t = row_team(rows, n, inner, chunk);                                                                    \
        if (t.leads) y[t.row] = a.index;                                                                             \
    }                                                                                                                \
    extern "C" __global__ void reduce_ties_##column(float *__restrict__ ties, const In *__restrict__ x,              \
                                                    const In *__restrict__ y, int rows, int n, int inner,            \
                                                    int chunk) {                                                     \
        team t = row_team(rows, n, inner, chunk);                                                                    \
        float count = reduce_part(Ties(t.row < rows ? load(y, t.row) : 0), x, rows, n, inner, chunk);                \
        if (t.leads) ties[t.row] = count;                                                                            \
    }
ARGMAX_TIES(f32, float)
ARGMAX_TIES(bf16, bf16)

// row_value is v of the thread's row, 0 where v is null.
template <class In> __device__ __forceinline__ float row_value(const In *v, const team &t) {
    return v && t.first < t.end ? load(v, t.row) : 0;
}

// The derivatives: dx_formula in g, which is dy, and n, x, y and ties as it needs them.
#define GRAD(what, dx_formula, column, In, Out)                                                                      \
    extern "C" __global__ void reduce_##what##_grad_##column(                                                        \
        Out *__restrict__ dx, int add, const In *__restrict__ dy, const In *__restrict__ xs,                         \
        const In *__restrict__ ys, const float *__restrict__ counts, int rows, int n, int inner, int chunk) {        \
        team t = row_team(rows, n, inner, chunk);                                                                    \
        float g = row_value(dy, t), y = row_value(ys, t), ties = row_value(counts, t);                               \
        int w = width(n, inner);                                                                                     \
        for (unsigned k = t.first; k < t.end; k += t.step) {                                                         \
            quad v = xs ? load_wide(xs, t.at(k), w) : quad{};                                                        \
            store_wide(dx, t.at(k), map(v, w, [=](float x) { return dx_formula; }), add, w);                         \
        }                                                                                                            \
    }
#define GRAD_ALL(column, In, Out)                                    \
    GRAD(sum, g, column, In, Out)                                    \
    GRAD(mean, g / n, column, In, Out)                               \
    GRAD(extremum, Ties::same(x, y) ? g / ties : 0, column, In, Out) \
    GRAD(log_sum_exp, g * expf(x - y), column, In, Out)              \
    GRAD(norm2, y == 0 ? 0 : g * (x / y), column, In, Out)
COLUMNS(GRAD_ALL)
