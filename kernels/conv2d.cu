// Convolution of NHWC images with filters [K, KH, KW, C/groups], and its
// derivatives. For image n, place (i, j), output o of a group and its channels c,
//
//   y[n, i, j, o]     = f(bias[o] + sum x[n, i StrideH + kh DilationH - Top, j ..., c] w[o, kh, kw, c])
//   dx[n, h, w, c]    = sum dy[n, i, j, o] w[o, kh, kw, c]   over all that read x[n, h, w, c]
//   dw[o, kh, kw, c]  = sum dy[n, i, j, o] x[n, ..., c]      over all n, i, j
//
// Idea. naive: a thread makes one sum, straight from the formula; also the kernel for
// depthwise convolutions, which are no products of any size. tile64, tile128: all
// three are products, made by tiles (tile_f32.cuh, tile_mma.cuh) from operands that
// are read where they are (patches.cuh; implicit GEMM):
//
//   y   places by filters    = patches of x, times filters transposed
//   dx  pixels by channels   = patches of dy, times filters; a launch for each phase
//                              of a stride, so that no tap is met in vain
//   dw  filters by elements  = dy transposed, times patches of x; in parts, each over
//                              some of the places, which sum_parts adds in order
//
// tile128 takes only channels in whole groups of 16 bytes.
//
//                  block  grid                     shared  registers (sm_80, sm_90)
//   naive            256  sums / 256                    0  32 to 64
//   tile64  f32      256  tiles of 64 by 64          17 KB  67 to  83,  71 to  87
//   tile128 f32      256  tiles of 128 by 128        17 KB 123 to 127, 122 to 127
//   tile64  bf16     256  tiles of 64 by 64          48 KB  80 to  95,  80 to 100
//   tile128 bf16     256  tiles of 128 by 128        64 KB 114 to 124, 118 to 122
//   sum_parts        256  elements / 256                0  32
//
// An element of y takes 2 KH KW C/groups operations; naive reads two elements for
// each two, a tile two for each 2 side. A group of 16 bytes of a tile's operand costs
// some ten integer operations for its place, and no division (patches.cuh): 13 to 18
// instructions of PTX for each mma of tile64, 8 to 10 of tile128. Bound: arithmetic,
// as in matmul.cu; depthwise: memory, of x and y once each. sum_parts: memory, 4
// bytes a part and element.
#include "epilogue.cuh"
#include "patches.cuh"
#include "tile_f32.cuh"
#include "tile_mma.cuh"

// conv2d_naive: one thread makes one element of y.
template <class In, class Out>
__device__ void conv2d_naive(const epilogue<Out> &to, const In *x, const In *filters, const conv2d &s) {
    unsigned at = thread_index();
    if (at >= s.n * s.oh * s.ow * s.k) return;
    int o = at % s.k, j = at / s.k % s.ow, i = at / s.k / s.ow % s.oh, n = at / s.k / s.ow / s.oh;
    int channels = s.c / s.groups, first = o / (s.k / s.groups) * channels;
    float sum = 0;
    for (int kh = 0; kh < s.kh; kh++)
        for (int kw = 0; kw < s.kw; kw++) {
            int h = i * s.stride_h + kh * s.dilation_h - s.top, w = j * s.stride_w + kw * s.dilation_w - s.left;
            if (h < 0 || h >= s.h || w < 0 || w >= s.w) continue;
            const In *pixel = x + ((n * s.h + h) * s.w + w) * s.c + first;
            const In *filter = filters + ((o * s.kh + kh) * s.kw + kw) * channels;
            for (int c = 0; c < channels; c++) sum += load(pixel, c) * load(filter, c);
        }
    to.put(at, sum + to.bias_of(o));
}

// conv2d_grad_input_naive: one thread makes one element of dx, from the windows
// that see it.
template <class In, class Out>
__device__ void conv2d_grad_input_naive(Out *dx, int add, const In *dy, const In *filters, const conv2d &s) {
    unsigned at = thread_index();
    if (at >= s.n * s.h * s.w * s.c) return;
    int c = at % s.c, w = at / s.c % s.w, h = at / s.c / s.w % s.h, n = at / s.c / s.w / s.h;
    int channels = s.c / s.groups, outputs = s.k / s.groups, first = c / channels * outputs;
    float sum = 0;
    for (int kh = 0; kh < s.kh; kh++)
        for (int kw = 0; kw < s.kw; kw++) {
            int i = h + s.top - kh * s.dilation_h, j = w + s.left - kw * s.dilation_w;
            if (i < 0 || i % s.stride_h || j < 0 || j % s.stride_w) continue;
            i /= s.stride_h, j /= s.stride_w;
            if (i >= s.oh || j >= s.ow) continue;
            for (int o = first; o < first + outputs; o++)
                sum += load(dy, ((n * s.oh + i) * s.ow + j) * s.k + o) *
                       load(filters, ((o * s.kh + kh) * s.kw + kw) * channels + c % channels);
        }
    store(dx, at, sum, add);
}

// conv2d_grad_filter_naive: one thread makes one element of dw, or of a part of
// it: dw[p] is the sum over so many lines of y, counted through all images.
template <class In, class Out>
__device__ void conv2d_grad_filter_naive(Out *dw, int add, const In *dy, const In *x, int parts, int lines,
                                         const conv2d &s) {
    unsigned at = thread_index();
    int channels = s.c / s.groups, size = s.k * s.kh * s.kw * channels;
    if (at >= parts * size) return;
    int c = at % channels, kw = at / channels % s.kw, kh = at / channels / s.kw % s.kh;
    int o = at % size / (channels * s.kw * s.kh), first = at / size * lines;
    c += o / (s.k / s.groups) * channels;
    float sum = 0;
    for (int line = first; line < min(first + lines, s.n * s.oh); line++) {
        int n = line / s.oh, h = line % s.oh * s.stride_h + kh * s.dilation_h - s.top;
        if (h < 0 || h >= s.h) continue;
        for (int j = 0; j < s.ow; j++) {
            int w = j * s.stride_w + kw * s.dilation_w - s.left;
            if (w < 0 || w >= s.w) continue;
            sum += load(dy, (line * s.ow + j) * s.k + o) * load(x, ((n * s.h + h) * s.w + w) * s.c + c);
        }
    }
    store(dw, at, sum, add);
}

// sum_parts: dw is the sum of its parts, in order.
template <class Out> __device__ void sum_parts(Out *dw, int add, const float *part, int parts, int n) {
    unsigned at = thread_index();
    if (at >= n) return;
    float sum = 0;
    for (int p = 0; p < parts; p++) sum += part[(index_t)p * n + at];
    store(dw, at, sum, add);
}

// conv2d_tiled: y = patches filters, a product for each group.
template <class Tile, class In, class Out>
__device__ void conv2d_tiled(const epilogue<Out> &to, const In *x, const In *filters, const conv2d &s) {
    int places = s.n * s.oh * s.ow, outputs = s.k / s.groups, size = s.kh * s.kw * (s.c / s.groups);
    grid<Tile> g(places, outputs);
    int first = g.product * outputs;
    stored<In> right(filters + first * size, outputs, size, size, false);
    typename Tile::sums sum = {};
    Tile::accumulate(sum, images(x, s, g.product, false), right, g.row, g.column, 0, size);

    int o = g.column + Tile::column(), n = inside(o, outputs);
    quad bias = to.bias_some(first + o, n);
    Tile::drain(sum, [&](int y, quad sums) {
        int place = g.row + y;
        if (place < places) to.put_some(place * s.k + first + o, sums + bias, n);
    });
}

// conv2d_grad_input_tiled: the pixels of dx of one phase are the patches of dy
// times the filters at its taps.
template <class Tile, class In, class Out>
__device__ void conv2d_grad_input_tiled(Out *dx, int add, const In *dy, const In *filters, const conv2d &s, phase h,
                                        phase w) {
    int places = s.n * h.places * w.places, channels = s.c / s.groups, outputs = s.k / s.groups;
    grid<Tile> g(places, channels);
    patches<In> left(dy + g.product * outputs, s.n, outputs, s.k, h.seen(s.oh), w.seen(s.ow), false);
    tap_filters<In> right(filters + (index_t)g.product * outputs * s.kh * s.kw * channels, s, h, w);
    typename Tile::sums sum = {};
    Tile::accumulate(sum, left, right, g.row, g.column, 0, right.depth());

    int c = g.column + Tile::column(), n = inside(c, channels);
    Tile::drain(sum, [&](int y, quad sums) {
        unsigned place = g.row + y, line = place / w.places;
        if (place >= places) return;
        int row = h.first + line % h.places * s.stride_h, column = w.first + place % w.places * s.stride_w;
        int pixel = (line / h.places * s.h + row) * s.w + column;
        store_some(dx, pixel * s.c + g.product * channels + c, sums, n, add);
    });
}

// conv2d_grad_filter_tiled: dw, or a part of it, is dy transposed times patches,
// over so many places.
template <class Tile, class In, class Out>
__device__ void conv2d_grad_filter_tiled(Out *dw, int add, const In *dy, const In *x, int parts, int places,
                                         const conv2d &s) {
    int all = s.n * s.oh * s.ow, outputs = s.k / s.groups, size = s.kh * s.kw * (s.c / s.groups);
    grid<Tile> g(outputs, size);
    int i = g.product % s.groups, part = g.product / s.groups;
    stored<In> left(dy + i * outputs, outputs, all, s.k, true);
    dw += (index_t)(part * s.k + i * outputs) * size;
    int first = part * places, last = min(first + places, all);
    typename Tile::sums sum = {};
    Tile::accumulate(sum, left, images(x, s, i, true), g.row, g.column, first, last);

    int element = g.column + Tile::column(), n = inside(element, size);
    Tile::drain(sum, [&](int y, quad sums) {
        int o = g.row + y;
        if (o < outputs) store_some(dw, o * size + element, sums, n, add);
    });
}

// CONV2D, CONV2D_GRAD_INPUT and CONV2D_GRAD_FILTER write the kernel of a name and
// column, of which at least so many blocks fit on a multiprocessor and whose work is the
// last argument's. The filters' gradient goes along two lines of places at once, and
// has no registers left for a third block.
#define CONV2D(name, column, In, Out, blocks, ...)                                                      \
    extern "C" __global__ void __launch_bounds__(256, blocks)                                           \
        conv2d_##name##_##column(Out *y, int add_y, Out *pre, int add_pre, const In *x, const In *w,    \
                                 const float *bias, int f, float a, float b, conv2d s) {                \
        __VA_ARGS__(epilogue<Out>{y, add_y, pre, add_pre, bias, f, a, b}, x, w, s);                     \
    }
#define CONV2D_GRAD_INPUT(name, column, In, Out, blocks, ...)                                           \
    extern "C" __global__ void __launch_bounds__(256, blocks) conv2d_grad_input_##name##_##column(      \
        Out *dx, int add, const In *dy, const In *w, conv2d s, phase rows, phase columns) {             \
        __VA_ARGS__(dx, add, dy, w, s, rows, columns);                                                  \
    }
#define CONV2D_GRAD_FILTER(name, column, In, Out, ...)                                                  \
    extern "C" __global__ void __launch_bounds__(256, 2) conv2d_grad_filter_##name##_##column(          \
        Out *dw, int add, const In *dy, const In *x, int parts, int each, conv2d s) {                   \
        __VA_ARGS__(dw, add, dy, x, parts, each, s);                                                    \
    }

#define CONV2D_NAIVE(column, In, Out)                                                                   \
    CONV2D(naive, column, In, Out, 2, conv2d_naive)                                                     \
    extern "C" __global__ void                                                                          \
        conv2d_grad_input_naive_##column(Out *dx, int add, const In *dy, const In *w, conv2d s) {       \
        conv2d_grad_input_naive(dx, add, dy, w, s);                                                     \
    }                                                                                                   \
    CONV2D_GRAD_FILTER(naive, column, In, Out, conv2d_grad_filter_naive)
COLUMNS(CONV2D_NAIVE)

#define CONV2D_TILE(name, column, In, Out, ...)                                                         \
    CONV2D(name, column, In, Out, __VA_ARGS__::BLOCKS, conv2d_tiled<__VA_ARGS__>)                       \
    CONV2D_GRAD_INPUT(name, column, In, Out, __VA_ARGS__::BLOCKS, conv2d_grad_input_tiled<__VA_ARGS__>) \
    CONV2D_GRAD_FILTER(name, column, In, Out, conv2d_grad_filter_tiled<__VA_ARGS__>)
#define CONV2D_TILED(column, In, Out, Tile)        \
    CONV2D_TILE(tile64, column, In, Out, Tile<64>) \
    CONV2D_TILE(tile128, column, In, Out, Tile<128>)
CONV2D_TILED(f32, float, float, tile_f32)
CONV2D_TILED(bf16, bf16, bf16, tile_mma)
CONV2D_TILED(bf16f32, bf16, float, tile_mma)

#define CONV2D_SUM_PARTS(column, Out)                                                                   \
    extern "C" __global__ void                                                                          \
        conv2d_sum_parts_##column(Out *dw, int add, const float *part, int parts, int n) {              \
        sum_parts(dw, add, part, parts, n);                                                             \
    }
CONV2D_SUM_PARTS(f32, float)
CONV2D_SUM_PARTS(f32bf16, bf16)
