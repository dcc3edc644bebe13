// Teams: the threads of a block that share a row of x[outer, n, inner], which is
// the n elements of one (o, i). Where inner is 1 its elements are neighbours, and
// a team is the threads of one threadIdx.y; elsewhere neighbours are of different
// rows, and a team is the threads of one threadIdx.x. Reads are coalesced either
// way. blockIdx.y is the part of the row: elements part * chunk and on.
//
// A team has a power of two of threads. Along x, up to 32 exchange by shuffles; a
// longer team is a whole block, whose warps exchange by shared memory.
// A block has THREADS threads, fewer never.
#pragma once
#include "column.cuh"

#define THREADS 256
#define INFINITE __int_as_float(0x7f800000)
#define NOT_A_NUMBER __int_as_float(0x7fffffff)

// team is what one thread has of its row: elements first, first + step, ... below
// end, of which element k lies at(k).
struct team {
    unsigned row, first, end, step;
    index_t base;
    int inner;
    bool leads; // the thread that stores the row's result, where there is a row

    __device__ index_t at(unsigned k) const { return base + (index_t)k * inner; }
    // part_row is where the part's result lies in [outer, parts, inner].
    __device__ index_t part_row() const {
        return ((index_t)(row / inner) * gridDim.y + blockIdx.y) * inner + row % inner;
    }
};

__device__ __forceinline__ team team_of(int rows, int n, int inner, int chunk) {
    bool along_x = inner == 1;
    unsigned lane = along_x ? threadIdx.x : threadIdx.y;
    team t;
    t.row = along_x ? blockIdx.x * blockDim.y + threadIdx.y : blockIdx.x * blockDim.x + threadIdx.x;
    t.step = along_x ? blockDim.x : blockDim.y;
    t.first = blockIdx.y * chunk + lane;
    t.end = t.row < rows ? min((unsigned)n, (blockIdx.y + 1) * chunk) : 0;
    t.base = (index_t)(t.row / inner) * n * inner + t.row % inner;
    t.inner = inner;
    t.leads = lane == 0 && t.row < rows;
    return t;
}

// words is a state as the words that shuffles and shared memory move.
template <class T> union words {
    static const int count = sizeof(T) / sizeof(int);
    T state;
    int word[count];
};

template <class T> __device__ __forceinline__ T shuffle_xor(T state, int mask) {
    words<T> w = {state};
#pragma unroll
    for (int k = 0; k < w.count; k++) w.word[k] = __shfl_xor_sync(~0u, w.word[k], mask);
    return w.state;
}

template <class T> __device__ __forceinline__ T shuffle(T state, int lane) {
    words<T> w = {state};
#pragma unroll
    for (int k = 0; k < w.count; k++) w.word[k] = __shfl_sync(~0u, w.word[k], lane);
    return w.state;
}

// shared_states are N states in shared memory, word by word: neighbours use banks
// of their own.
template <class T, int N> struct shared_states {
    int word[words<T>::count][N];
    __device__ void put(int i, T state) {
        words<T> w = {state};
#pragma unroll
        for (int k = 0; k < w.count; k++) word[k][i] = w.word[k];
    }
    __device__ T get(int i) const {
        words<T> w;
#pragma unroll
        for (int k = 0; k < w.count; k++) w.word[k] = word[k][i];
        return w.state;
    }
};

// merge_x merges the states of a team along x, in an order that its size alone
// decides; all of the team get the result. All threads of the block take part, once
// for each R in a kernel: nobody waits until shared memory may be used again.
template <class R> __device__ __forceinline__ typename R::state merge_x(R r, typename R::state a) {
    for (int mask = min(blockDim.x, 32) / 2; mask > 0; mask /= 2) a = r.merge(a, shuffle_xor(a, mask));
    int lane = (threadIdx.y * blockDim.x + threadIdx.x) % 32;
    if (blockDim.x <= 32) return shuffle(a, lane - threadIdx.x); // of two orders one, for all
    __shared__ shared_states<typename R::state, THREADS / 32> warps;
    if (lane == 0) warps.put(threadIdx.x / 32, a);
    __syncthreads();
    a = warps.get(0);
    for (int w = 1; w < blockDim.x / 32; w++) a = r.merge(a, warps.get(w));
    return a;
}

// merge_y is the same for a team along y, halving; its first thread gets the result.
template <class R> __device__ __forceinline__ typename R::state merge_y(R r, typename R::state a) {
    __shared__ shared_states<typename R::state, THREADS> states;
    int mine = threadIdx.y * blockDim.x + threadIdx.x;
    states.put(mine, a);
    for (int half = blockDim.y / 2; half > 0; half /= 2) {
        __syncthreads();
        if (threadIdx.y >= half) continue;
        a = r.merge(a, states.get(mine + half * blockDim.x));
        states.put(mine, a);
    }
    return a;
}

// merge is for the team's first thread.
template <class R> __device__ __forceinline__ typename R::state merge(R r, typename R::state a, const team &t) {
    return t.inner == 1 ? merge_x(r, a) : merge_y(r, a);
}
