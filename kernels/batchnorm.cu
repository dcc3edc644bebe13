// Batch normalisation of the columns of [rows, C], Ioffe and Szegedy 2015: moments,
// y = f(gamma (x - mean) / sqrt(variance + e) + beta + residual), the derivatives.
//
// A team takes a column, or four beside each other (wide.cuh), or a part of them,
// blockIdx.y (team.cuh); neighbours take neighbouring columns. Sums over the rows are
// those of the parts, a number that the shape alone decides, added by a second kernel
// in a fixed order. dz is computed for the sums and again for dx: that is cheaper than
// memory.
//
// Moments: a thread takes GROUP rows at a time, finds their mean and then the squares
// about it, and merges the groups as Chan, Golub and LeVeque 1983, eq. 2.1, says. All
// elements are taken from the column's first one: a large mean costs no digits.
//
//   block      256 threads: 16 by 16 for 64 columns; 9.5 KB shared (moments), 8.4 KB
//              (grad_sums), else nothing
//   registers  57 (moments), 48 (value), 52 (grad_sums), 58 (grad; ptxas, sm_80)
//   bytes      an element of float32: 4 (moments), 8 (value), 12 (grad_sums), 16
//              (grad); half in bfloat16
//   bound      memory: 17, 14, 17 and 22 instructions an element with ReLU
#include "activation.cuh"
#include "reducers.cuh"
#include "wide.cuh"

#define GROUP 4

// wide_team is the team of a thread's columns, which are the width * t.row-th and on.
__device__ __forceinline__ team wide_team(int rows, int columns, int chunk) {
    int groups = columns / width_of(columns);
    return team_of(groups, rows, groups, chunk);
}

// Moments merges the moments of four columns.
struct Moments {
    struct state {
        float n;
        quad mean, squares; // about the mean
    };
    __device__ static state merge(const state &a, const state &b) {
        if (b.n == 0) return a;
        float n = a.n + b.n, share = b.n / n;
        quad d = b.mean - a.mean;
        return {n, a.mean + d * share, a.squares + b.squares + d * d * (a.n * share)};
    }
};

// group_moments are those of x - shift for the rows k, k + step, ... that t has.
template <class In>
__device__ __forceinline__ Moments::state group_moments(const In *x, quad shift, const team &t, unsigned k, int width) {
    quad v[GROUP];
    Moments::state a = {};
#pragma unroll
    for (int j = 0; j < GROUP; j++) {
        bool there = k + j * t.step < t.end;
        v[j] = there ? load_wide(x, t.at(k + j * t.step), width) - shift : quad{};
        a.mean = a.mean + v[j];
        a.n += there;
    }
    a.mean = a.mean * (1 / a.n);
#pragma unroll
    for (int j = 0; j < GROUP; j++) {
        quad d = v[j] - a.mean;
        if (k + j * t.step < t.end) a.squares = a.squares + d * d;
    }
    return a;
}

// moments sets parts, [parts, 3, C].
template <class In>
__device__ __forceinline__ void moments(float *parts, const In *x, int rows, int columns, int chunk) {
    int width = width_of(columns);
    team t = wide_team(rows, columns, chunk);
    quad shift = {};
    if (t.first < t.end) shift = load_wide(x, t.row, width);
    Moments::state a = {};
    for (unsigned k = t.first; k < t.end; k += GROUP * t.step)
        a = Moments::merge(a, group_moments(x, shift, t, k, width));
    a = merge(Moments(), a, t);
    if (!t.leads) return;
    parts += (index_t)blockIdx.y * 3 * columns;
    store_wide(parts, t.row, {{a.n, a.n, a.n, a.n}}, 0, width);
    store_wide(parts + columns, t.row, a.mean, 0, width);
    store_wide(parts + 2 * columns, t.row, a.squares, 0, width);
}

template <class In>
__device__ __forceinline__ void moments_merge(float *mean, int add_mean, float *variance, int add_variance,
                                              const float *parts, const In *x, int count, int columns) {
    int width = width_of(columns);
    team t = wide_team(count, columns, count);
    Moments::state a = {};
    for (unsigned k = t.first; k < t.end; k += t.step) {
        const float *part = parts + (index_t)k * 3 * columns;
        a = Moments::merge(a, {load_wide(part, t.row, width).v[0], load_wide(part + columns, t.row, width),
                               load_wide(part + 2 * columns, t.row, width)});
    }
    a = merge(Moments(), a, t);
    if (!t.leads) return;
    quad shift = {{NOT_A_NUMBER, NOT_A_NUMBER, NOT_A_NUMBER, NOT_A_NUMBER}};
    if (a.n > 0) shift = load_wide(x, t.row, width);
    if (mean) store_wide(mean, t.row, shift + a.mean, add_mean, width);
    if (variance) store_wide(variance, t.row, a.squares * (1 / a.n), add_variance, width);
}

#define MOMENTS(column, In)                                                                                          \
    extern "C" __global__ void batchnorm_moments_##column(float *__restrict__ parts, const In *__restrict__ x,       \
                                                          int rows, int columns, int chunk) {                        \
        moments(parts, x, rows, columns, chunk);                                                                     \
    }                                                                                                                \
    extern "C" __global__ void batchnorm_moments_merge_##column(                                                     \
        float *__restrict__ mean, int add_mean, float *__restrict__ variance, int add_variance,                      \
        const float *__restrict__ parts, const In *__restrict__ x, int count, int columns) {                         \
        moments_merge(mean, add_mean, variance, add_variance, parts, x, count, columns);                             \
    }
MOMENTS(f32, float)
MOMENTS(bf16, bf16)

// statistics of the columns, with gamma.
struct statistics {
    const float *mean, *variance, *gamma;
    float epsilon;

    // inverse_deviation is 1/sqrt(variance + epsilon).
    __device__ quad inverse_deviation(unsigned group, int width) const {
        float e = epsilon;
        return map(load_wide(variance, group, width), width, [=](float v) { return 1 / sqrtf(v + e); });
    }
};

// activation is a function with its constants. The loops stay loops, so that the
// table of functions is compiled once and not four times; ReLU, which most networks
// have, goes without.
struct activation {
    int func;
    float a, b;

    __device__ quad value(quad z) const {
        if (func == UNARY_identity) return z;
        if (func == UNARY_relu) return map(z, 4, [](float v) { return activate(UNARY_relu, v, 0, 0); });
#pragma unroll 1
        for (int k = 0; k < 4; k++) z = push(z, activate(func, z.v[0], a, b));
        return z;
    }
    __device__ quad grad(quad v) const {
        if (func == UNARY_relu) return map(v, 4, [](float v) { return activate_grad(UNARY_relu, v, 0, 0); });
#pragma unroll 1
        for (int k = 0; k < 4; k++) v = push(v, activate_grad(func, v.v[0], a, b));
        return v;
    }
};

template <class In, class Out>
__device__ __forceinline__ void normalize(Out *y, int add, Out *pre, int add_pre, const In *x, const In *residual,
                                          statistics s, const float *beta, activation f, int rows, int columns,
                                          int chunk) {
    int width = width_of(columns);
    team t = wide_team(rows, columns, chunk);
    if (t.first >= t.end) return;
    quad mean = load_wide(s.mean, t.row, width), shift = load_wide(beta, t.row, width);
    quad scale = load_wide(s.gamma, t.row, width) * s.inverse_deviation(t.row, width);
    for (unsigned k = t.first; k < t.end; k += t.step) {
        quad z = scale * (load_wide(x, t.at(k), width) - mean) + shift;
        if (residual) z = z + load_wide(residual, t.at(k), width);
        if (pre) store_wide(pre, t.at(k), z, add_pre, width);
        if (y) store_wide(y, t.at(k), f.value(z), add, width);
    }
}

#define BATCHNORM(column, In, Out)                                                                                   \
    extern "C" __global__ void batchnorm_##column(                                                                   \
        Out *__restrict__ y, int add, Out *__restrict__ pre, int add_pre, const In *__restrict__ x,                  \
        const In *__restrict__ residual, const float *__restrict__ mean, const float *__restrict__ variance,         \
        const float *__restrict__ gamma, const float *__restrict__ beta, int func, float a, float b, float epsilon,  \
        int rows, int columns, int chunk) {                                                                          \
        normalize(y, add, pre, add_pre, x, residual, {mean, variance, gamma, epsilon}, beta, {func, a, b}, rows,     \
                  columns, chunk);                                                                                   \
    }
COLUMNS(BATCHNORM)

// slopes are dz = dy f'(v); v is null for the identity.
template <class In>
__device__ __forceinline__ quad slopes(const In *dy, const In *v, index_t i, const activation &f, int width) {
    quad dz = load_wide(dy, i, width);
    return v ? dz * f.grad(load_wide(v, i, width)) : dz;
}

// Dots merges sum dz and sum dz (x - mean) of four columns.
struct Dots {
    struct state {
        quad sum, dot;
    };
    __device__ static state merge(const state &a, const state &b) { return {a.sum + b.sum, a.dot + b.dot}; }
};

// grad_sums sets parts, [parts, 2, C].
template <class In>
__device__ __forceinline__ void grad_sums(float *parts, const In *dy, const In *x, const In *v, const float *means,
                                          activation f, int rows, int columns, int chunk) {
    int width = width_of(columns);
    team t = wide_team(rows, columns, chunk);
    Dots::state a = {};
    quad mean = {};
    if (t.first < t.end) mean = load_wide(means, t.row, width);
    for (unsigned k = t.first; k < t.end; k += t.step) {
        quad dz = slopes(dy, v, t.at(k), f, width);
        a = Dots::merge(a, {dz, dz * (load_wide(x, t.at(k), width) - mean)});
    }
    a = merge(Dots(), a, t);
    if (!t.leads) return;
    parts += (index_t)blockIdx.y * 2 * columns;
    store_wide(parts, t.row, a.sum, 0, width);
    store_wide(parts + columns, t.row, a.dot, 0, width);
}

#define GRAD_SUMS(column, In)                                                                                        \
    extern "C" __global__ void batchnorm_grad_sums_##column(                                                         \
        float *__restrict__ parts, const In *__restrict__ dy, const In *__restrict__ x, const In *__restrict__ v,    \
        const float *__restrict__ mean, int func, float a, float b, int rows, int columns, int chunk) {              \
        grad_sums(parts, dy, x, v, mean, {func, a, b}, rows, columns, chunk);                                        \
    }
GRAD_SUMS(f32, float)
GRAD_SUMS(bf16, bf16)

// batchnorm_grad_merge adds the parts up to dbeta and dgamma, which may be null, and
// to sums, [2, C].
extern "C" __global__ void batchnorm_grad_merge(float *__restrict__ dgamma, int add_gamma, float *__restrict__ dbeta,
                                                int add_beta, float *__restrict__ sums, const float *__restrict__ parts,
                                                const float *__restrict__ variance, float epsilon, int count,
                                                int columns) {
    int width = width_of(columns);
    team t = wide_team(count, columns, count);
    Dots::state a = {};
    for (unsigned k = t.first; k < t.end; k += t.step) {
        const float *part = parts + (index_t)k * 2 * columns;
        a = Dots::merge(a, {load_wide(part, t.row, width), load_wide(part + columns, t.row, width)});
    }
    a = merge(Dots(), a, t);
    if (!t.leads) return;
    store_wide(sums, t.row, a.sum, 0, width);
    store_wide(sums + columns, t.row, a.dot, 0, width);
    statistics s = {0, variance, 0, epsilon};
    if (dbeta) store_wide(dbeta, t.row, a.sum, add_beta, width);
    if (dgamma) store_wide(dgamma, t.row, a.dot * s.inverse_deviation(t.row, width), add_gamma, width);
}

// spread sets dx = scale (dz - even - tilt (x - mean)); sums are null where mean and
// variance are constants, and then dx = scale dz.
template <class In, class Out>
__device__ __forceinline__ void spread(Out *dx, int add, Out *dresidual, int add_residual, const In *dy, const In *x,
                                       const In *v, statistics s, const float *sums, activation f, int rows,
                                       int columns, int chunk) {
    int width = width_of(columns);
    team t = wide_team(rows, columns, chunk);
    if (t.first >= t.end) return;
    quad inverse = s.inverse_deviation(t.row, width), scale = load_wide(s.gamma, t.row, width) * inverse;
    quad mean = load_wide(s.mean, t.row, width), even = {}, tilt = {};
    if (sums) {
        even = load_wide(sums, t.row, width) * (1.0f / rows);
        tilt = load_wide(sums + columns, t.row, width) * inverse * inverse * (1.0f / rows);
    }
    for (unsigned k = t.first; k < t.end; k += t.step) {
        quad dz = slopes(dy, v, t.at(k), f, width);
        if (dresidual) store_wide(dresidual, t.at(k), dz, add_residual, width);
        if (!dx) continue;
        if (sums) dz = dz - even - tilt * (load_wide(x, t.at(k), width) - mean);
        store_wide(dx, t.at(k), scale * dz, add, width);
    }
}

#define BATCHNORM_GRAD(column, In, Out)                                                                              \
    extern "C" __global__ void batchnorm_grad_##column(                                                              \
        Out *__restrict__ dx, int add, Out *__restrict__ dresidual, int add_residual, const In *__restrict__ dy,     \
        const In *__restrict__ x, const In *__restrict__ v, const float *__restrict__ mean,                          \
        const float *__restrict__ variance, const float *__restrict__ gamma, const float *__restrict__ sums,         \
        int func, float a, float b, float epsilon, int rows, int columns, int chunk) {                               \
        spread(dx, add, dresidual, add_residual, dy, x, v, {mean, variance, gamma, epsilon}, sums, {func, a, b},     \
               rows, columns, chunk);                                                                                \
    }
COLUMNS(BATCHNORM_GRAD)
