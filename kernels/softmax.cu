// Softmax: y[r, c] = exp(x[r, c]) / sum exp(x[r, :]), or its logarithm, and the
// derivative dx = y (dy - sum dy y), with log dx = dy - exp(y) sum dy.
//
// A team takes a row (team.cuh): a few threads for a few columns, a warp up to 1024,
// a block beyond. The first walk along the row finds its maximum and its sum together
// (LogSumExp in reducers.cuh); the second, out of the cache, writes.
//
//   block      256 threads: 8 rows of a warp or more, or 1 row; 64 bytes shared
//   registers  28, 31 (grad; ptxas, sm_80)
//   bytes      8 an element of float32 forward, 12 backward; half in bfloat16
//   bound      memory: 37 instructions an element, 17 backward; in bfloat16 the
//              forward pass is about as long in its instructions
#include "reducers.cuh"

template <class In, class Out>
__device__ __forceinline__ void softmax(Out *y, int add, const In *x, int rows, int cols, int log) {
    int width = width_of(cols);
    team t = team_of(rows, cols / width, 1, cols);
    LogSumExp::state a = merge_x(LogSumExp(), reduce_row(LogSumExp(), x, t, width));
    float scale = 1 / a.sum, shift = logf(a.sum);
    for (unsigned k = t.first; k < t.end; k += t.step) {
        quad v = map(load_wide(x, t.at(k), width), width, [=](float v) {
            v -= a.max;
            return log ? v - shift : expf(v) * scale;
        });
        store_wide(y, t.at(k), v, add, width);
    }
}

template <class In, class Out>
__device__ __forceinline__ void softmax_grad(Out *dx, int add, const In *dy, const In *y, int rows, int cols, int log) {
    int width = width_of(cols);
    team t = team_of(rows, cols / width, 1, cols);
    float sum = 0;
    for (unsigned k = t.first; k < t.end; k += t.step) {
        quad g = load_wide(dy, t.at(k), width);
        if (!log) g = g * load_wide(y, t.at(k), width);
        each(g, width, [&](int, float v) { sum += v; });
    }
    sum = merge_x(Sum(), sum);
    for (unsigned k = t.first; k < t.end; k += t.step) {
        quad g = load_wide(dy, t.at(k), width), p = load_wide(y, t.at(k), width);
        if (log)
            g = g - map(p, width, [](float v) { return expf(v); }) * sum;
        else
            each(g, width, [&](int w, float v) { g.v[w] = p.v[w] * (v - sum); });
        store_wide(dx, t.at(k), g, add, width);
    }
}

#define SOFTMAX(column, In, Out)                                                                                     \
    extern "C" __global__ void softmax_##column(Out *__restrict__ y, int add, const In *__restrict__ x, int rows,    \
                                                int cols, int log) {                                                 \
        softmax(y, add, x, rows, cols, log);                                                                         \
    }                                                                                                                \
    extern "C" __global__ void softmax_grad_##column(Out *__restrict__ dx, int add, const In *__restrict__ dy,       \
                                                     const In *__restrict__ y, int rows, int cols, int log) {        \
        softmax_grad(dx, add, dy, y, rows, cols, log);                                                               \
    }
COLUMNS(SOFTMAX)
