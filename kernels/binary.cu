// Functions of two arguments with broadcasting: y = f(a, b), and da = sum dy df/da,
// db = sum dy df/db over the axes along which the operand repeats.
//
// Equal shapes and scalars are one axis and need no division, a bias or a column is
// two (axes.cuh). Where the innermost axis is one of whole groups of four elements, an
// operand's share of a group is one vector or one scalar (quads). Sums over repeated
// axes are cut into parts by the shape alone; a thread, or a warp where neighbouring
// elements belong to one sum, adds each part, and a second kernel adds the parts,
// both in a fixed order.
//
//   block      256 threads, at most 4096 blocks; nothing shared
//   registers  23 (value), 40 (grad), 28 (sum; ptxas, sm_80)
//   bytes      12 an element of float32 forward; up to 20 backward
//   bound      memory; Power: its 150 instructions
#include "axes.cuh"
#include "column.cuh"

// The numbers of device.BinaryFunc.
enum { ADD, SUB, MUL, DIV, MAXIMUM, MINIMUM, POWER };

// winner is the share of a in a maximum's derivative.
__device__ __forceinline__ float winner(float a, float b) { return a > b ? 1 : a < b ? 0 : 0.5f; }

// power_by_exponent is the derivative of a^b by b, 0 where a is 0 and b > 0.
__device__ __forceinline__ float power_by_exponent(float a, float b) {
    return a == 0 && b > 0 ? 0 : powf(a, b) * logf(a);
}

__device__ __forceinline__ float larger(float a, float b) { return a != a ? a : b != b ? b : fmaxf(a, b); }

// value is f(a, b).
__device__ __forceinline__ float value(int func, float a, float b) {
    switch (func) {
    case ADD: return a + b;
    case SUB: return a - b;
    case MUL: return a * b;
    case DIV: return a / b;
    case MAXIMUM: return larger(a, b);
    case MINIMUM: return -larger(-a, -b);
    default: return powf(a, b);
    }
}

// by_a is df/da, by_b is df/db; those of ADD and SUB read neither.
__device__ __forceinline__ float by_a(int func, float a, float b) {
    switch (func) {
    case MUL: return b;
    case DIV: return 1 / b;
    case MAXIMUM: return winner(a, b);
    case MINIMUM: return winner(b, a);
    case POWER: return b == 0 ? 0 : b * powf(a, b - 1);
    default: return 1;
    }
}
__device__ __forceinline__ float by_b(int func, float a, float b) {
    switch (func) {
    case SUB: return -1;
    case MUL: return a;
    case DIV: return -a / b / b;
    case MAXIMUM: return winner(b, a);
    case MINIMUM: return winner(a, b);
    case POWER: return power_by_exponent(a, b);
    default: return 1;
    }
}

struct operands {
    quad a, b;
};

// spread is an operand's share of a group of which left elements are within.
template <class T> __device__ __forceinline__ quad spread(const T *x, int stride, unsigned at, int left) {
    if (stride) return load4(x, at / 4, at + left);
    float v = load(x, at);
    return {{v, v, v, v}};
}

// gather is both operands of group g of n elements. quads says that the innermost
// axis is one of whole groups, or the only one.
template <class T>
__device__ __forceinline__ operands gather(const T *a, const T *b, int quads, const axes &s, index_t g, int n) {
    unsigned i = 4 * g;
    if (quads) {
        places p = place(s, i);
        return {spread(a, s.a[0], p.a, n - i), spread(b, s.b[0], p.b, n - i)};
    }
    operands o = {};
#pragma unroll 1
    for (int k = 0; k < 4; k++) {
        places p = place(s, min(i + k, n - 1));
        o = {push(o.a, load(a, p.a)), push(o.b, load(b, p.b))};
    }
    return o;
}

// paired is f of each pair. The loop stays a loop, so that the functions are compiled
// once a kernel and not four times.
template <class F> __device__ __forceinline__ quad paired(quad a, quad b, F f) {
#pragma unroll 1
    for (int k = 0; k < 4; k++) {
        a = push(a, f(a.v[0], b.v[0]));
        b = push(b, 0);
    }
    return a;
}

// grad_group is group g of both derivatives, for operands that do not repeat. A
// destination may be a source: all is read before anything is written.
template <class In, class Out>
__device__ __forceinline__ void grad_group(Out *da, int add_a, Out *db, int add_b, const In *dy, const In *a,
                                           const In *b, int func, int quads, const axes &s, index_t g, int n) {
    operands o = {};
    if (func > SUB) o = gather(a, b, quads, s, g, n);
    quad d = load4(dy, g, n), ga, gb;
    if (da) ga = d * paired(o.a, o.b, [=](float a, float b) { return by_a(func, a, b); });
    if (db) gb = d * paired(o.a, o.b, [=](float a, float b) { return by_b(func, a, b); });
    if (da) store4(da, g, ga, add_a, n);
    if (db) store4(db, g, gb, add_b, n);
}

// A summed derivative is that by operand own, which repeats, with the other operand:
// the sum of dy times it, over axes with the strides of dy and of other.
template <class T> struct summed {
    const T *dy, *own, *other;
    int func, of_b;

    // share is one thread's of a part of the sum for element j of own, which starts
    // at these places: every lanes-th term.
    __device__ __forceinline__ float share(int j, places start, const axes &repeated, int from, int to,
                                           int lanes) const {
        bool read = func > SUB;
        float x = read ? load(own, j) : 0, sum = 0;
        for (int r = from; r < to; r += lanes) {
            places p = place(repeated, r);
            float y = read ? load(other, start.b + p.b) : 0;
            sum += load(dy, start.a + p.a) * (of_b ? by_b(func, y, x) : by_a(func, x, y));
        }
        return sum;
    }
};

// warp_sum adds v of all lanes, in a fixed order; lane 0 has the sum.
__device__ __forceinline__ float warp_sum(float v) {
    for (int step = 16; step > 0; step /= 2) v += __shfl_down_sync(0xffffffffu, v, step);
    return v;
}

// A cut is how sums are shared out: count sums of terms each, in parts of length
// terms, by lanes threads, 1 or 32.
struct cut {
    int count, terms, parts, length, lanes;
};

// sum_parts writes partial[j][p], for every sum j and part p.
template <class T>
__device__ __forceinline__ void sum_parts(float *partial, const summed<T> &d, const axes &kept, const axes &repeated,
                                          cut c) {
    int lane = c.lanes > 1 ? threadIdx.x % 32 : 0;
    index_t tasks = (index_t)c.count * c.parts;
    for (index_t t = thread_index() / c.lanes; t < tasks; t += thread_count() / c.lanes) {
        int j = t % c.count, p = t / c.count;
        int from = p * c.length, to = min(c.terms, from + c.length);
        float sum = d.share(j, place(kept, j), repeated, from + lane, to, c.lanes);
        if (c.lanes > 1) sum = warp_sum(sum);
        if (lane == 0) partial[(index_t)j * c.parts + p] = sum;
    }
}

// add_parts writes the sums of partial[j][0..parts), a warp each.
template <class T> __device__ __forceinline__ void add_parts(T *dst, int add, const float *partial, int count, int parts) {
    int lane = threadIdx.x % 32;
    for (index_t j = thread_index() / 32; j < count; j += thread_count() / 32) {
        float sum = 0;
        for (int p = lane; p < parts; p += 32) sum += partial[j * parts + p];
        sum = warp_sum(sum);
        if (lane == 0) store(dst, j, sum, add);
    }
}

#define BINARY(column, In, Out)                                                                           \
    extern "C" __global__ void binary_value_##column(Out *y, int add, const In *a, const In *b, int func, \
                                                     int quads, axes s, int n) {                          \
        each4(n, [&](index_t g) {                                                                         \
            operands o = gather(a, b, quads, s, g, n);                                                    \
            store4(y, g, paired(o.a, o.b, [=](float a, float b) { return value(func, a, b); }), add, n);  \
        });                                                                                               \
    }                                                                                                     \
    extern "C" __global__ void binary_grad_##column(Out *da, int add_a, Out *db, int add_b, const In *dy, \
                                                    const In *a, const In *b, int func, int quads,        \
                                                    axes s, int n) {                                      \
        each4(n, [&](index_t g) { grad_group(da, add_a, db, add_b, dy, a, b, func, quads, s, g, n); });   \
    }

#define BINARY_SUM(column, T)                                                                            \
    extern "C" __global__ void binary_sum_##column(float *partial, const T *dy, const T *own,            \
                                                   const T *other, int func, int of_b, axes kept,        \
                                                   axes repeated, cut c) {                               \
        sum_parts(partial, summed<T>{dy, own, other, func, of_b}, kept, repeated, c);                    \
    }                                                                                                    \
    extern "C" __global__ void binary_add_##column(T *dst, int add, const float *partial, int count,     \
                                                   int parts) {                                          \
        add_parts(dst, add, partial, count, parts);                                                      \
    }

COLUMNS(BINARY)
BINARY_SUM(f32, float)
BINARY_SUM(bf16, bf16)
