// The functions of one argument of device.UnaryFunc, forward and derivative side
// by side: the kernels of unary.cu and the epilogues of others come from here.
// The library functions are the accurate ones (no fast math); the table of their
// errors in ulp is in the CUDA C++ Programming Guide.
#pragma once

// Formulas that are longer than a line of the table. They keep NaN: fminf and
// fmaxf, which drop it, stand only where x enters again.

__device__ __forceinline__ float clamp(float x, float lo, float hi) { return x < lo ? lo : x > hi ? hi : x; }

__device__ __forceinline__ float sigmoid(float x) { return 1 / (1 + expf(-x)); }

__device__ __forceinline__ float softplus(float x) { return log1pf(expf(-fabsf(x))) + fmaxf(x, 0); }

__device__ __forceinline__ float hard_sigmoid(float x) { return clamp(x / 6 + 0.5f, 0, 1); }

// elu is x > 0 ? pos x : neg (exp(x) - 1).
__device__ __forceinline__ float elu(float x, float pos, float neg) { return x > 0 ? pos * x : neg * expm1f(x); }
__device__ __forceinline__ float elu_grad(float x, float pos, float neg) { return x > 0 ? pos : neg * expf(x); }

// The constants of SELU, Klambauer 2017, section 2: lambda, and lambda alpha.
#define SELU_POS 1.0507009873554805f
#define SELU_NEG 1.7580993408473766f

// gelu is x Phi(x), with Phi the normal distribution and pdf its density.
__device__ __forceinline__ float gelu(float x) { return x * normcdff(x); }
__device__ __forceinline__ float gelu_grad(float x) {
    float pdf = 0.3989422804014327f * expf(-0.5f * x * x);
    return normcdff(x) + x * pdf;
}

// gelu_tanh is x sigmoid(2 u) with u the argument of its tanh.
#define GELU_SLOPE 1.5957691216057308f // 2 sqrt(2/pi)
#define GELU_CUBIC 0.044715f
__device__ __forceinline__ float gelu_tanh(float x) {
    return x * sigmoid(GELU_SLOPE * x * (1 + GELU_CUBIC * x * x));
}
__device__ __forceinline__ float gelu_tanh_grad(float x) {
    x = clamp(x, -10, 10); // flat beyond
    float u = GELU_SLOPE * x * (1 + GELU_CUBIC * x * x), s = sigmoid(u);
    return s + x * s * sigmoid(-u) * GELU_SLOPE * (1 + 3 * GELU_CUBIC * x * x);
}

__device__ __forceinline__ float silu_grad(float x) { return sigmoid(x) * (1 + x * sigmoid(-x)); }

// mish is x tanh(ln(1+e)) = x n/(n+2) with e = exp(x), n = e (e+2); the quotient
// is 1 from 20 on.
__device__ __forceinline__ float mish(float x) {
    float e = expf(fminf(x, 20)), n = e * (e + 2);
    return x * (n / (n + 2));
}
__device__ __forceinline__ float mish_grad(float x) {
    if (x > 20) return 1;
    float e = expf(x), n = e * (e + 2), d = n + 2;
    return n / d + x * (4 * e * (e + 1) / (d * d));
}

__device__ __forceinline__ float square(float x) { return x * x; }

// UNARY_FUNCTIONS(F) writes F(name, f, df) for each function, in the order of
// device.UnaryFunc: f in x, df in v, which is x or y = f(x) as the contract says,
// both with the constants a and b.
#define UNARY_FUNCTIONS(F)                                                                   \
    F(identity, x, 1)                                                                        \
    F(relu, x < 0 ? 0 : x, v > 0 ? 1 : 0)                                                    \
    F(leakyrelu, x > 0 ? x : a * x, v > 0 ? 1 : a)                                           \
    F(elu, elu(x, 1, a), elu_grad(v, 1, a))                                                  \
    F(selu, elu(x, SELU_POS, SELU_NEG), elu_grad(v, SELU_POS, SELU_NEG))                     \
    F(gelu, gelu(x), gelu_grad(v))                                                           \
    F(gelutanh, gelu_tanh(x), gelu_tanh_grad(v))                                             \
    F(silu, x * sigmoid(x), silu_grad(v))                                                    \
    F(mish, mish(x), mish_grad(v))                                                           \
    F(sigmoid, sigmoid(x), v * (1 - v))                                                      \
    F(tanh, tanhf(x), (1 - v) * (1 + v))                                                     \
    F(softplus, softplus(x), sigmoid(v))                                                     \
    F(softsign, x / (1 + fabsf(x)), 1 / square(1 + fabsf(v)))                                \
    F(hardsigmoid, hard_sigmoid(x), v > -3 && v < 3 ? 1 / 6.0f : 0)                          \
    F(hardswish, x * hard_sigmoid(x), v <= -3 ? 0 : v < 3 ? v / 3 + 0.5f : 1)                \
    F(relu6, clamp(x, 0, 6), v > 0 && v < 6 ? 1 : 0)                                         \
    F(exp, expf(x), v)                                                                       \
    F(log, logf(x), 1 / v)                                                                   \
    F(sqrt, sqrtf(x), 0.5f / v)                                                              \
    F(rsqrt, rsqrtf(x), -0.5f * rsqrtf(v) / v)                                               \
    F(square, x * x, 2 * v)                                                                  \
    F(abs, fabsf(x), (v > 0) - (v < 0))                                                      \
    F(neg, -x, -1)                                                                           \
    F(reciprocal, 1 / x, -v * v)                                                             \
    F(sin, sinf(x), cosf(v))                                                                 \
    F(cos, cosf(x), -sinf(v))                                                                \
    F(erf, erff(x), 1.1283791670955126f * expf(-v * v))                                      \
    F(pow, powf(x, a), a == 0 ? 0 : a * powf(v, a - 1))                                      \
    F(clamp, clamp(x, a, b), v >= a && v <= b ? 1 : 0)                                       \
    F(affine, a * x + b, a)

// UNARY_identity, UNARY_relu, ... are the numbers of device.UnaryFunc.
#define UNARY_NUMBER(name, f, df) UNARY_##name,
enum { UNARY_FUNCTIONS(UNARY_NUMBER) };

// activate is f(x), and activate_grad f'(v), of the function with that number. A
// switch that all threads of a launch take the same way.
#define UNARY_CASE(name, f, df) \
    case UNARY_##name:          \
        return f;
#define UNARY_GRAD_CASE(name, f, df) \
    case UNARY_##name:               \
        return df;
__device__ __forceinline__ float activate(int func, float x, float a, float b) {
    switch (func) { UNARY_FUNCTIONS(UNARY_CASE) }
    return x;
}
__device__ __forceinline__ float activate_grad(int func, float v, float a, float b) {
    switch (func) { UNARY_FUNCTIONS(UNARY_GRAD_CASE) }
    return 1;
}
