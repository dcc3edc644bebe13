// Pooling: the largest element, or the mean, of each window of NHWC images, and the
// derivatives.
//
// A thread takes one place of the result and walks along its channels, four at a time
// (wide.cuh), threads along x beside each other. So the window's bounds, with their
// divisions, are found once for many elements. The derivatives gather: each place of
// dx goes through the windows that cover it, in order; nothing is scattered.
//
//   block      256 threads: 32 places of 8 groups of channels; nothing shared
//   registers  32 (max), 48 (max_grad), 35 (avg), 51 (avg_grad; ptxas, sm_80)
//   bytes      windows apart: 4 an element of x of float32 forward, 4 backward, and of
//              y 8, with the index; half in bfloat16, but for the index. Windows that
//              overlap find the rest in the cache
//   bound      memory: for 3 by 3, stride 2, 32 instructions an element of x; the
//              derivative's 65 are about as long as its bytes
#include "team.cuh"
#include "wide.cuh"

// An axis is one dimension of the windows.
struct axis {
    int extent, out; // of x, of y
    int kernel, stride, dilation, pad;
};

// Places first, first + step, ... below end, of x or of y.
struct places {
    int first, end, step;
    __device__ int count() const {
        int span = max(end - first, 0);
        return step == 1 ? span : (span + step - 1) / step;
    }
};

// share is the i-th of n parts of an extent, rounded outwards.
__device__ __forceinline__ places share(int i, int n, int extent) {
    return {(int)((index_t)i * extent / n), (int)(((index_t)(i + 1) * extent + n - 1) / n), 1};
}

// window is what the i-th window sees of x: padding is left out.
__device__ __forceinline__ places window(int i, axis a, int adaptive) {
    if (adaptive) return share(i, a.out, a.extent);
    int first = i * a.stride - a.pad, end = first + a.kernel * a.dilation;
    if (first < 0) first += (-first + a.dilation - 1) / a.dilation * a.dilation;
    return {first, min(end, a.extent), a.dilation};
}

// covering is the windows that may see place h of x; with dilation not all do.
__device__ __forceinline__ places covering(int h, axis a, int adaptive) {
    if (adaptive) return share(h, a.extent, a.out);
    int last = h + a.pad, first = last - (a.kernel - 1) * a.dilation;
    return {first > 0 ? (first + a.stride - 1) / a.stride : 0, min(last / a.stride + 1, a.out), 1};
}

// covers reports whether window i, of those covering h, sees h.
__device__ __forceinline__ bool covers(int i, int h, axis a, int adaptive) {
    return adaptive || a.dilation == 1 || (h + a.pad - i * a.stride) % a.dilation == 0;
}

// pool describes windows on images: the same fields, in this order, are the
// kernels' last parameters.
struct pool {
    int images, channels, adaptive, count_pad;
    axis h, w;

    // mean_over is how many places the mean of a window counts.
    __device__ int mean_over(const places &rows, const places &cols) const {
        if (count_pad && !adaptive) return h.kernel * w.kernel;
        return max(1, rows.count() * cols.count());
    }
};

// site is a thread's place in images of height by width.
struct site {
    unsigned place, i, j;
    index_t image; // its first place
    bool inside;
    __device__ site(int images, int height, int width) {
        place = blockIdx.x * blockDim.y + threadIdx.y;
        inside = place < (unsigned)images * height * width;
        unsigned row = place / width;
        j = place % width;
        i = row % height;
        image = row / height;
    }
};

// channels are the groups of a place's channels that a thread takes.
struct channels {
    int width;
    unsigned group, groups;
    __device__ channels(const pool &p) : width(width_of(p.channels)), group(blockIdx.y * blockDim.x + threadIdx.x) {
        groups = p.channels / width;
    }
    __device__ bool left() const { return group < groups; }
    __device__ void next() { group += gridDim.y * blockDim.x; }
    // at is the group's number at a place.
    __device__ index_t at(index_t place) const { return place * groups + group; }
};

// indices are the places of a group's largest elements.
struct indices {
    int v[4];
};

__device__ __forceinline__ indices load_indices(const int *index, index_t g, int width) {
    if (width == 1) return {{index[g], -1, -1, -1}};
    int4 i = ((const int4 *)index)[g];
    return {{i.x, i.y, i.z, i.w}};
}

__device__ __forceinline__ void store_indices(int *index, index_t g, indices i, int width) {
    if (width == 1)
        index[g] = i.v[0];
    else
        ((int4 *)index)[g] = make_int4(i.v[0], i.v[1], i.v[2], i.v[3]);
}

template <class In, class Out>
__device__ __forceinline__ void max_pool(Out *y, int add, int *index, const In *x, const pool &p) {
    site s(p.images, p.h.out, p.w.out);
    if (!s.inside) return;
    places rows = window(s.i, p.h, 0), cols = window(s.j, p.w, 0);
    index_t image = s.image * p.h.extent * p.w.extent;
    for (channels c(p); c.left(); c.next()) {
        quad largest = {{-INFINITE, -INFINITE, -INFINITE, -INFINITE}};
        indices at = {{-1, -1, -1, -1}};
        for (int h = rows.first; h < rows.end; h += rows.step)
            for (int w = cols.first; w < cols.end; w += cols.step) {
                int place = h * p.w.extent + w;
                quad v = load_wide(x, c.at(image + place), c.width);
#pragma unroll
                for (int k = 0; k < 4; k++) {
                    float l = largest.v[k];
                    if (at.v[k] < 0 || v.v[k] > l || v.v[k] != v.v[k] && l == l) largest.v[k] = v.v[k], at.v[k] = place;
                }
            }
        if (y) store_wide(y, c.at(s.place), largest, add, c.width);
        if (index) store_indices(index, c.at(s.place), at, c.width);
    }
}

template <class In, class Out>
__device__ __forceinline__ void avg_pool(Out *y, int add, const In *x, const pool &p) {
    site s(p.images, p.h.out, p.w.out);
    if (!s.inside) return;
    places rows = window(s.i, p.h, p.adaptive), cols = window(s.j, p.w, p.adaptive);
    float over = p.mean_over(rows, cols);
    index_t image = s.image * p.h.extent * p.w.extent;
    for (channels c(p); c.left(); c.next()) {
        quad sum = {};
        for (int h = rows.first; h < rows.end; h += rows.step)
            for (int w = cols.first; w < cols.end; w += cols.step)
                sum = sum + load_wide(x, c.at(image + h * p.w.extent + w), c.width);
        store_wide(y, c.at(s.place), map(sum, 4, [=](float v) { return v / over; }), add, c.width);
    }
}

// gather sets each element of dx to the sum of term(group of y, rows and columns of
// its window) over the windows that see it.
template <class Out, class Term>
__device__ __forceinline__ void gather(Out *dx, int add, const pool &p, const site &s, const Term &term) {
    places rows = covering(s.i, p.h, p.adaptive), cols = covering(s.j, p.w, p.adaptive);
    for (channels c(p); c.left(); c.next()) {
        quad sum = {};
        for (int i = rows.first; i < rows.end; i++) {
            if (!covers(i, s.i, p.h, p.adaptive)) continue;
            places up = window(i, p.h, p.adaptive);
            for (int j = cols.first; j < cols.end; j++) {
                if (!covers(j, s.j, p.w, p.adaptive)) continue;
                index_t place = (s.image * p.h.out + i) * p.w.out + j;
                sum = sum + term(c.at(place), c.width, up, window(j, p.w, p.adaptive));
            }
        }
        store_wide(dx, c.at(s.place), sum, add, c.width);
    }
}

template <class In, class Out>
__device__ __forceinline__ void max_pool_grad(Out *dx, int add, const In *dy, const int *index, const pool &p) {
    site s(p.images, p.h.extent, p.w.extent);
    if (!s.inside) return;
    int here = s.i * p.w.extent + s.j;
    gather(dx, add, p, s, [=](index_t g, int width, places, places) {
        indices at = load_indices(index, g, width);
        quad v = load_wide(dy, g, width);
        for (int k = 0; k < 4; k++) v.v[k] = at.v[k] == here ? v.v[k] : 0;
        return v;
    });
}

template <class In, class Out>
__device__ __forceinline__ void avg_pool_grad(Out *dx, int add, const In *dy, const pool &p) {
    site s(p.images, p.h.extent, p.w.extent);
    if (!s.inside) return;
    gather(dx, add, p, s, [=](index_t g, int width, places rows, places cols) {
        float over = p.mean_over(rows, cols);
        return map(load_wide(dy, g, width), 4, [=](float v) { return v / over; });
    });
}

#define POOL(column, In, Out)                                                                                         \
    extern "C" __global__ void pool_max_##column(Out *__restrict__ y, int add, int *__restrict__ index,                \
                                                 const In *__restrict__ x, pool p) {                                  \
        max_pool(y, add, index, x, p);                                                                                \
    }                                                                                                                 \
    extern "C" __global__ void pool_max_grad_##column(Out *__restrict__ dx, int add, const In *__restrict__ dy,       \
                                                      const int *__restrict__ index, pool p) {                        \
        max_pool_grad(dx, add, dy, index, p);                                                                         \
    }                                                                                                                 \
    extern "C" __global__ void pool_avg_##column(Out *__restrict__ y, int add, const In *__restrict__ x, pool p) {    \
        avg_pool(y, add, x, p);                                                                                       \
    }                                                                                                                 \
    extern "C" __global__ void pool_avg_grad_##column(Out *__restrict__ dx, int add, const In *__restrict__ dy,       \
                                                      pool p) {                                                       \
        avg_pool_grad(dx, add, dy, p);                                                                                \
    }
COLUMNS(POOL)
