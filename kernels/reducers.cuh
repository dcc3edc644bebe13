// Reducers: functions of many numbers, taken one by one. Each has a state: that of
// none, of a state and one more number v, the k-th, of two states together, and
// the result, which is a number again: partial results are reduced like the rest.
#pragma once
#include "team.cuh"
#include "wide.cuh"

struct Sum {
    typedef float state;
    __device__ state none() const { return 0; }
    __device__ state take(state a, float v, int k) const { return a + v; }
    __device__ state merge(state a, state b) const { return a + b; }
    __device__ float result(state a, int n) const { return a; }
};

struct Mean : Sum {
    __device__ float result(state a, int n) const { return a / n; }
};

struct Norm2 : Sum {
    __device__ state take(state a, float v, int k) const { return a + v * v; }
    __device__ float result(state a, int n) const { return sqrtf(a); }
};

// Ties counts the numbers that equal y; where y is NaN, the NaNs.
struct Ties : Sum {
    float y;
    __device__ explicit Ties(float y) : y(y) {}
    __device__ static bool same(float x, float y) { return x == y || x != x && y != y; }
    __device__ state take(state a, float v, int k) const { return a + same(v, y); }
};

// Max and Min: a NaN wins.
struct Max {
    typedef float state;
    __device__ state none() const { return -INFINITE; }
    __device__ state take(state a, float v, int k) const { return v > a || v != v ? v : a; }
    __device__ state merge(state a, state b) const { return take(a, b, 0); }
    __device__ float result(state a, int n) const { return a; }
};

struct Min {
    typedef float state;
    __device__ state none() const { return INFINITE; }
    __device__ state take(state a, float v, int k) const { return v < a || v != v ? v : a; }
    __device__ state merge(state a, state b) const { return take(a, b, 0); }
    __device__ float result(state a, int n) const { return a; }
};

// LogSumExp in one pass: sum is that of exp(x - max), where max is the largest so
// far. Where that is infinite a sum may say little, but it is not NaN.
struct LogSumExp {
    struct state {
        float max, sum;
    };
    __device__ state none() const { return {-INFINITE, 0}; }
    __device__ state take(state a, float v, int k) const { return merge(a, {v, 1}); }
    // merge scales the sum of the lesser maximum down to the larger one.
    __device__ state merge(state a, state b) const {
        float scale = a.max == b.max ? 1 : expf(-fabsf(a.max - b.max));
        return a.max < b.max ? state{b.max, a.sum * scale + b.sum} : state{a.max, b.sum * scale + a.sum};
    }
    __device__ float result(state a, int n) const { return a.max + logf(a.sum); }
};

// ArgMax is the first place of the largest number; a NaN is larger than all.
struct ArgMax {
    struct state {
        float largest;
        int index;
    };
    __device__ state none() const { return {-INFINITE, 0x7fffffff}; }
    __device__ state take(state a, float v, int k) const { return merge(a, {v, k}); }
    __device__ state merge(state a, state b) const {
        bool above = b.largest > a.largest || b.largest != b.largest && a.largest == a.largest;
        bool level = Ties::same(a.largest, b.largest) && b.index < a.index;
        return above || level ? b : a;
    }
};

// reduce_row reduces the elements of x that the thread has of a row whose elements
// are neighbours; t counts them in groups of width.
template <class R, class In>
__device__ __forceinline__ typename R::state reduce_row(R r, const In *x, const team &t, int width) {
    typename R::state a = r.none();
#pragma unroll 2
    for (unsigned k = t.first; k < t.end; k += t.step)
        each(load_wide(x, t.at(k), width), width, [&](int w, float v) { a = r.take(a, v, k * width + w); });
    return a;
}

// reduce_column is the same where the rows are neighbours.
template <class R, class In>
__device__ __forceinline__ typename R::state reduce_column(R r, const In *x, const team &t) {
    typename R::state a = r.none();
#pragma unroll 4
    for (unsigned k = t.first; k < t.end; k += t.step) a = r.take(a, load(x, t.at(k)), k);
    return a;
}
