// Functions of one argument: y = f(x), and dx = dy f'(v) with v = x or y.
//
// The functions are the table in activation.cuh, one line each; each has kernels of
// its own, so that nothing is asked of an element but its function. A thread takes
// groups of four elements, a grid apart: one access of 128 bits (64 of bfloat16) for
// each operand.
//
//   block      256 threads, at most 4096 blocks; nothing shared
//   registers  22 to 42, relu 30 (value), 36 (grad; ptxas, sm_80)
//   bytes      8 an element of float32 forward, 12 backward; half of that in bfloat16
//   bound      memory, for every function: 4 to 60 instructions an element
#include "activation.cuh"
#include "column.cuh"

// of_each is q with f of every element.
template <class F> __device__ __forceinline__ quad of_each(quad q, F f) {
    return {{f(q.v[0]), f(q.v[1]), f(q.v[2]), f(q.v[3])}};
}

// value sets y = f(x), grad dx = dy df(v): whole groups, then what is left of n.
// Loops that are not unrolled keep the module small: most threads go round once.
template <class In, class Out, class F> __device__ void value(Out *y, int add, const In *x, int n, F f) {
#pragma unroll 1
    for (index_t g = thread_index(); g < n / 4; g += thread_count()) store4(y, g, of_each(load4(x, g), f), add);
    index_t i = (n & ~3) + thread_index();
    if (i < n) store(y, i, f(load(x, i)), add);
}
template <class In, class Out, class F>
__device__ void grad(Out *dx, int add, const In *dy, const In *v, int n, F df) {
#pragma unroll 1
    for (index_t g = thread_index(); g < n / 4; g += thread_count())
        store4(dx, g, load4(dy, g) * of_each(load4(v, g), df), add);
    index_t i = (n & ~3) + thread_index();
    if (i < n) store(dx, i, load(dy, i) * df(load(v, i)), add);
}

// UNARY(name, f, df) writes the kernels of a function.
#define UNARY_COLUMN(name, f, df, column, In, Out)                                                            \
    extern "C" __global__ void unary_##name##_##column(Out *y, int add, const In *x, float a, float b, int n) { \
        value(y, add, x, n, [=](float x) -> float { return f; });                                             \
    }                                                                                                         \
    extern "C" __global__ void unary_##name##_grad_##column(Out *dx, int add, const In *dy, const In *v,      \
                                                            float a, float b, int n) {                        \
        grad(dx, add, dy, v, n, [=](float v) -> float { return df; });                                        \
    }
#define UNARY(name, f, df)                            \
    UNARY_COLUMN(name, f, df, f32, float, float)      \
    UNARY_COLUMN(name, f, df, bf16, bf16, bf16)       \
    UNARY_COLUMN(name, f, df, bf16f32, bf16, float)
UNARY_FUNCTIONS(UNARY)
