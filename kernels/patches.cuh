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

// patches is the operand whose line is what is seen at a place, and whose spots are
// for each tap the channels of one group.
template <class T> struct patches {
    typedef T type;
    typedef mixed step;
    struct line {
        mixed number; // place along the line, line, image
        int y, x;     // of the first tap
        int start;
    };
    struct spot {
        mixed number; // channel, tap along the line, line of taps
        int y, x;     // from the first tap
        int offset;
    };
    const T *from; // the group's first channel
    unsigned n, channels, pitch;
    axis h, w;
    bool across, whole;

    __device__ patches(const T *from, int n, int channels, int pitch, axis h, axis w, bool across)
        : from(from), n(n), channels(channels), pitch(pitch), h(h), w(w), across(across),
          whole(channels % group<T> == 0 && pitch % group<T> == 0) {}

    __device__ step line_step(int i) const { return mixed::of(i, w.places, h.places); }
    __device__ step spot_step(int i) const { return mixed::of(i, channels, w.taps); }
    __device__ line line_of(mixed m) const {
        int y = h.at(m.mid, 0), x = w.at(m.low, 0);
        return {m, y, x, ((int)(m.high * h.size + y) * (int)w.size + x) * (int)pitch};
    }
    __device__ spot spot_of(mixed m) const {
        int y = m.high * h.dilation, x = m.mid * w.dilation;
        return {m, y, x, (y * (int)w.size + x) * (int)pitch + (int)m.low};
    }
    __device__ line line_at(int i) const { return line_of(line_step(i)); }
    __device__ spot spot_at(int i) const { return spot_of(spot_step(i)); }
    __device__ void pass(line &l, step by) const {
        l.number.add(by, w.places, h.places);
        l = line_of(l.number);
    }
    __device__ void pass(spot &s, step by) const {
        s.number.add(by, channels, w.taps);
        s = spot_of(s.number);
    }
    __device__ bool has(const line &l, const spot &s) const {
        return l.number.high < n & s.number.high < h.taps & h.has(l.y + s.y) & w.has(l.x + s.x);
    }
    __device__ int at(const line &l, const spot &s) const { return l.start + s.offset; }
};

// images are the patches of x.
template <class T> __device__ patches<T> images(const T *x, const conv2d &s, int group, bool across) {
    int channels = s.c / s.groups;
    return {x + group * channels, s.n, channels, s.c, {s.h, s.oh, s.kh, s.stride_h, s.dilation_h, -s.top},
            {s.w, s.ow, s.kw, s.stride_w, s.dilation_w, -s.left}, across};
}

// tap_filters is the operand with the filters of one group at the taps of a phase:
// a line for each (tap, output), whose spots are the channels; across.
template <class T> struct tap_filters {
    typedef T type;
    typedef mixed step;
    typedef int spot;
    struct line {
        mixed number; // output, tap along the line, line of taps
        int start;
    };
    const T *from;
    int channels, outputs, kh, kw;
    phase h, w;
    bool across, whole;

    __device__ tap_filters(const T *from, const conv2d &s, phase h, phase w)
        : from(from), channels(s.c / s.groups), outputs(s.k / s.groups), kh(s.kh), kw(s.kw), h(h), w(w), across(true),
          whole(channels % group<T> == 0) {}

    __device__ int depth() const { return h.taps * w.taps * outputs; }

    __device__ step line_step(int i) const { return mixed::of(i, outputs, w.taps); }
    __device__ step spot_step(int i) const { return line_step(i); }
    __device__ line line_of(mixed m) const {
        int y = h.tap + m.high * h.step, x = w.tap + m.mid * w.step;
        return {m, ((int)(m.low * kh + y) * kw + x) * channels};
    }
    __device__ line line_at(int i) const { return line_of(line_step(i)); }
    __device__ spot spot_at(int i) const { return i; }
    __device__ void pass(line &l, step by) const {
        l.number.add(by, outputs, w.taps);
        l = line_of(l.number);
    }
    __device__ void pass(spot &s, step by) const { s += by.low; }
    __device__ bool has(const line &l, spot s) const { return s < channels & l.number.high < h.taps; }
    __device__ int at(const line &l, spot s) const { return l.start + s; }
};
