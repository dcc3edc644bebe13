// Lerp: y += t (scale x - y), for running statistics and moving averages.
//
//   block      256 threads, at most 4096 blocks; nothing shared
//   registers  32 (ptxas, sm_80)
//   bytes      12 an element, 3 operations
//   bound      memory
#include "column.cuh"

extern "C" __global__ void lerp_step_f32(float *y, const float *x, float t, float scale, int n) {
    each4(n, [=](index_t g) {
        quad q = load4(y, g, n), to = load4(x, g, n);
        for (int k = 0; k < 4; k++) q.v[k] += t * (scale * to.v[k] - q.v[k]);
        store4(y, g, q, 0, n);
    });
}
