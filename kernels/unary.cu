// Functions of one argument: y = f(x), and dx = dy f'(v) with v = x or y.
//
// The functions are the table in activation.cuh, one line each. A kernel takes the
// function's number, so that one kernel serves them all and the module is small to
// compile: every thread branches the same way. A thread takes groups of four
// elements, a grid apart: one access of 128 bits (64 of bfloat16) for each operand.
//
//   block      256 threads, at most 4096 blocks; nothing shared
//   registers  26 (value), 31 (grad; ptxas, sm_80)
//   bytes      8 an element of float32 forward, 12 backward; half of that in bfloat16
//   bound      memory, for every function: 20 to 150 instructions an element
#include "activation.cuh"
#include "column.cuh"

// each is q with f of every element. The loop stays a loop, so that the table is
// compiled once a kernel and not four times.
template <class F> __device__ __forceinline__ quad each(quad q, F f) {
#pragma unroll 1
    for (int k = 0; k < 4; k++) q = push(q, f(q.v[0]));
    return q;
}

#define UNARY(column, In, Out)                                                                            \
    extern "C" __global__ void unary_value_##column(Out *y, int add, const In *x, int func, float a,      \
                                                    float b, int n) {                                     \
        each4(n, [=](index_t g) {                                                                         \
            quad q = each(load4(x, g, n), [=](float x) { return activate(func, x, a, b); });              \
            store4(y, g, q, add, n);                                                                      \
        });                                                                                               \
    }                                                                                                     \
    extern "C" __global__ void unary_grad_##column(Out *dx, int add, const In *dy, const In *v, int func, \
                                                   float a, float b, int n) {                             \
        each4(n, [=](index_t g) {                                                                         \
            quad q = each(load4(v, g, n), [=](float v) { return activate_grad(func, v, a, b); });         \
            store4(dx, g, load4(dy, g, n) * q, add, n);                                                   \
        });                                                                                               \
    }
COLUMNS(UNARY)
