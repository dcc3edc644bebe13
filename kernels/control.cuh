// The control block of a step (device.Control...): 32-bit words in device memory,
// read by the update kernels, so that a replayed step follows a changing rate. And
// the slabs that parameters live in: rows of 64 elements, a table with two words
// for each row, of which the second is its group.
#pragma once
#include "column.cuh"

enum {
    CONTROL_STEPS,   // steps seen
    CONTROL_APPLIED, // steps applied
    CONTROL_STOP,    // number, from 1, of the first step refused; 0 for none
    CONTROL_OK,      // 1 where this step is applied
    CONTROL_NORM,    // float: norm of the gradients before clipping
    CONTROL_CLIP,    // float: what the gradients are multiplied by
    CONTROL_RATE = 64,                // float for each of 8 groups: the learning rate
    CONTROL_DECAY = CONTROL_RATE + 8, // float for each group
};

__device__ __forceinline__ float control_float(const int *control, int word) { return __int_as_float(control[word]); }

// each_slab_group goes through a slab of n elements, rows whole, in groups of four
// elements. Where the step is applied, update(g, group, grad) moves the elements of
// rows that have a group, grad being their clipped gradient.
template <class Update>
__device__ __forceinline__ void each_slab_group(const int *control, const int *table, const float *grad, int n,
                                                Update update) {
    if (control[CONTROL_OK] == 0) return;
    float clip = control_float(control, CONTROL_CLIP);
    each4(n, [&](index_t g) {
        int group = table[2 * (g / 16) + 1];
        if (group < 0) return;
        quad d = load4(grad, g);
        for (int k = 0; k < 4; k++) d.v[k] *= clip;
        update(g, group, d);
    });
}

// store_weights sets elements 4 g to 4 g + 3 of the weights, and of their copy where
// one is kept.
__device__ __forceinline__ void store_weights(float *w, bf16 *low, index_t g, quad at) {
    store4(w, g, at, 0);
    if (low) store4(low, g, at, 0);
}
