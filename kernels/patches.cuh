// Operands of a convolution as a product: patches of images and filters by taps,
// read where they are (implicit GEMM).
#pragma once
#include "product.cuh"

// conv2d is device.Conv2D with the extent of the result.
struct conv2d {
    int n, h, w, c, k;
    int kh, kw, stride_h, stride_w, dilation_h, dilation_w, top, left;
    int groups, oh, ow;
};

// axis is how patches are taken along one axis of an image: place p sees, at tap
// t, the coordinate p stride + t dilation + offset.
struct axis {
    unsigned size, places, taps;
    int stride, dilation, offset;

    __device__ int at(int place, int tap) const { return place * stride + tap * dilation + offset; }
    // has reports whether a coordinate is on the image; negative ones are large.
    __device__ bool has(unsigned coordinate) const { return coordinate < size; }
};

// phase is the pixels of dx along one axis that meet the same taps: place p is
// pixel first + p stride; its taps are tap, tap + step, ...; at the first of these
// it is seen from place p + offset of y, at each further one from back before.
struct phase {
    int first, places, tap, taps, step, offset, back;

    __device__ axis seen(int size) const { return {size, places, taps, 1, -back, offset}; }
};

// patches is the operand whose line is what is seen at a place: for each tap the
// channels of one group. Places are outer and (tap, channel) is k or, across, the
// reverse.
template <class T> struct patches {
    typedef T type;
    const T *from; // the group's first channel
    unsigned n, channels, pitch;
    axis h, w;
    bool across, whole;

    __device__ patches(const T *from, int n, int channels, int pitch, axis h, axis w, bool across)
        : from(from), n(n), channels(channels), pitch(pitch), h(h), w(w), across(across),
          whole(channels % group<T> == 0 && pitch % group<T> == 0) {}

    __device__ unsigned places() const { return n * h.places * w.places; }
    __device__ unsigned size() const { return h.taps * w.taps * channels; }

    __device__ const T *at(int outer, int k) const {
        unsigned place = across ? k : outer, element = across ? outer : k; // unsigned ones divide faster
        if (place >= places() || element >= size()) return nullptr;
        unsigned tap = element / channels, line = place / w.places;
        int y = h.at(line % h.places, tap / w.taps), x = w.at(place % w.places, tap % w.taps);
        if (!h.has(y) || !w.has(x)) return nullptr;
        return from + ((index_t)(line / h.places * h.size + y) * w.size + x) * pitch + element % channels;
    }
};

// images are the patches of x.
template <class T> __device__ patches<T> images(const T *x, const conv2d &s, int group, bool across) {
    int channels = s.c / s.groups;
    return {x + group * channels, s.n, channels, s.c, {s.h, s.oh, s.kh, s.stride_h, s.dilation_h, -s.top},
            {s.w, s.ow, s.kw, s.stride_w, s.dilation_w, -s.left}, across};
}

// tap_filters is the operand with the filters of one group at the taps of a phase:
// channels are outer, (tap, output) is k.
template <class T> struct tap_filters {
    typedef T type;
    const T *from;
    int channels, outputs, kh, kw;
    phase h, w;
    bool across, whole;

    __device__ tap_filters(const T *from, const conv2d &s, phase h, phase w)
        : from(from), channels(s.c / s.groups), outputs(s.k / s.groups), kh(s.kh), kw(s.kw), h(h), w(w), across(true),
          whole(channels % group<T> == 0) {}

    __device__ int depth() const { return h.taps * w.taps * outputs; }

    __device__ const T *at(int outer, int k) const {
        if (outer >= channels || k >= depth()) return nullptr;
        int tap = k / outputs, y = h.tap + tap / w.taps * h.step, x = w.tap + tap % w.taps * w.step;
        return from + ((index_t)(k % outputs * kh + y) * kw + x) * channels + outer;
    }
};
