// Adam (Kingma 2015), and AdamW where decay is decoupled (Loshchilov 2019), with t
// the number of steps applied:
//
//   decoupled: w -= rate decay w;  else: g += decay w
//   m = beta1 m + (1-beta1) g;  v = beta2 v + (1-beta2) g g
//   w -= rate m/(1-beta1^t) / (sqrt(v/(1-beta2^t)) + epsilon)
//
// 1 - beta^t is -expm1(t log(beta)), with the logarithms given: exact to two ulp
// also where beta^t is nearly 1. Everything that changes from step to step is read
// from the control block. A thread takes groups of four elements.
//
//   block      256 threads, at most 4096 blocks; nothing shared
//   registers  45 (ptxas, sm_80)
//   bytes      28 an element, 2 more with a bfloat16 copy; 15 operations
//   bound      memory
#include "control.cuh"

struct adam_constants {
    float beta1, beta2, log_beta1, log_beta2, epsilon;
};

// bias is 1 - beta^t.
__device__ __forceinline__ float bias(float log_beta, float t) { return -expm1f(t * log_beta); }

extern "C" __global__ void adam_step_f32(float *w, bf16 *low, float *m, float *v, const float *grad, const int *control, const int *table,
                                         adam_constants c, int decoupled, int n) {
    float t = control[CONTROL_APPLIED];
    float unbiased = 1 / bias(c.log_beta1, t), root = 1 / sqrtf(bias(c.log_beta2, t));
    each_slab_group(control, table, grad, n, [=](index_t g, int group, quad d) {
        float rate = control_float(control, CONTROL_RATE + group), decay = control_float(control, CONTROL_DECAY + group);
        float shrink = decoupled ? rate * decay : 0, pull = decoupled ? 0 : decay;
        quad at = load4(w, g), mean = load4(m, g), power = load4(v, g);
        for (int k = 0; k < 4; k++) {
            float step = d.v[k] + pull * at.v[k];
            mean.v[k] = c.beta1 * mean.v[k] + (1 - c.beta1) * step;
            power.v[k] = c.beta2 * power.v[k] + (1 - c.beta2) * step * step;
            at.v[k] -= shrink * at.v[k] + rate * unbiased * mean.v[k] / (sqrtf(power.v[k]) * root + c.epsilon);
        }
        store4(m, g, mean, 0);
        store4(v, g, power, 0);
        store_weights(w, low, g, at);
    });
}
