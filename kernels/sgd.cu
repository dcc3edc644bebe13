// Stochastic gradient descent with momentum (Sutskever 2013; PyTorch's conventions):
//
//   g += decay w;  v = first step ? g : momentum v + fresh g;  w -= rate (own g + ahead v)
//
// with own, ahead = 0, 1, or 1, momentum for Nesterov's. Rates, decay and clip are
// read from the control block. A thread takes groups of four elements; the rows of
// a slab are 16 such groups, so that half a warp shares a row's group.
//
//   block      256 threads, at most 4096 blocks; nothing shared
//   registers  26 (plain), 28 (momentum; ptxas, sm_80)
//   bytes      12 an element, 20 with momentum, 2 more with a bfloat16 copy; 5 to 9
//              operations
//   bound      memory
#include "control.cuh"

extern "C" __global__ void sgd_plain_f32(float *w, bf16 *low, const float *grad, const int *control, const int *table, int n) {
    each_slab_group(control, table, grad, n, [=](index_t g, int group, quad d) {
        float rate = control_float(control, CONTROL_RATE + group), decay = control_float(control, CONTROL_DECAY + group);
        quad at = load4(w, g);
        for (int k = 0; k < 4; k++) at.v[k] -= rate * (d.v[k] + decay * at.v[k]);
        store_weights(w, low, g, at);
    });
}

extern "C" __global__ void sgd_momentum_f32(float *w, bf16 *low, float *v, const float *grad, const int *control, const int *table,
                                            float momentum, float fresh, float own, float ahead, int n) {
    bool first = control[CONTROL_APPLIED] == 1;
    each_slab_group(control, table, grad, n, [=](index_t g, int group, quad d) {
        float rate = control_float(control, CONTROL_RATE + group), decay = control_float(control, CONTROL_DECAY + group);
        quad at = load4(w, g), moving = {};
        if (!first) moving = load4(v, g); // else whatever was there
        for (int k = 0; k < 4; k++) {
            float step = d.v[k] + decay * at.v[k];
            moving.v[k] = first ? step : momentum * moving.v[k] + fresh * step;
            at.v[k] -= rate * (own * step + ahead * moving.v[k]);
        }
        store4(v, g, moving, 0);
        store_weights(w, low, g, at);
    });
}
