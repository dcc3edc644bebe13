// Axes that two arrays are walked along together, innermost first, each with its
// stride in both; 0 where an array repeats. The launcher leaves out axes of extent
// 1 and merges neighbours where it can, so that most have one or two.
#pragma once

struct axes {
    int rank;
    int extent[6], a[6], b[6];
};

struct places {
    unsigned a, b;
};

// place is where number i of the axes lies in both arrays.
__device__ __forceinline__ places place(const axes &s, unsigned i) {
    places p = {0, 0};
#pragma unroll
    for (int k = 0; k < 6; k++) {
        unsigned c = i;
        if (k < s.rank - 1) { // the outermost needs no division
            i /= s.extent[k];
            c -= i * s.extent[k];
        }
        if (k < s.rank) {
            p.a += c * s.a[k];
            p.b += c * s.b[k];
        }
    }
    return p;
}
