// Gate: the 2-norm of all gradients, and whether a step is applied. Settle: running
// statistics follow that decision.
//
// Squares of float32 leave its range from 1e19 on, so they are summed in float64: a
// norm is finite exactly where it fits float32. Each block sums its share of the
// elements, threads then warps in a fixed order; their number depends on the length
// alone. A second kernel, one block, adds the partial sums, looks at the loss and the
// fault words, and writes the control block: nothing waits for the host.
//
//   block      norm: 256 threads, a block for each 4096 elements, at most 1024; decide: 1024
//              threads, one for each sum; 256 bytes shared
//   registers  32 (norm), 26 (decide), 26 (settle; ptxas, sm_80)
//   bytes      4 an element, 2 operations in float64
//   bound      memory, also where float64 runs at 1/64 of the rate
#include "control.cuh"
#include "fault.cuh"

// block_sum adds v of all threads of a block; thread 0 has the sum.
__device__ __forceinline__ double block_sum(double v) {
    __shared__ double sums[32];
    __syncthreads(); // before the sums of an earlier call are overwritten
    for (int step = 16; step > 0; step /= 2) v += __shfl_down_sync(0xffffffffu, v, step);
    if (threadIdx.x % 32 == 0) sums[threadIdx.x / 32] = v;
    __syncthreads();
    if (threadIdx.x > 0) return 0;
    double sum = 0;
    for (int w = 0; w < blockDim.x / 32; w++) sum += sums[w];
    return sum;
}

extern "C" __global__ void gate_norm_f32(double *partial, const float *grad, int n) {
    double sum = 0;
    each4(n, [&](index_t g) {
        quad q = load4(grad, g, n);
        for (int k = 0; k < 4; k++) sum += (double)q.v[k] * q.v[k];
    });
    sum = block_sum(sum);
    if (threadIdx.x == 0) partial[blockIdx.x] = sum;
}

// open_gate counts a step and decides whether it is applied. sound says whether all
// but the norm is as it should be.
__device__ __forceinline__ void open_gate(int *control, float norm, float max_norm, bool sound) {
    int step = ++control[CONTROL_STEPS], stop = control[CONTROL_STOP];
    bool ok = sound && isfinite(norm) && stop == 0;
    control[CONTROL_OK] = ok;
    if (ok) control[CONTROL_APPLIED]++;
    else if (stop == 0) control[CONTROL_STOP] = step;
    control[CONTROL_NORM] = __float_as_int(norm);
    control[CONTROL_CLIP] = __float_as_int(max_norm > 0 ? fminf(1, max_norm / (norm + 1e-6f)) : 1);
}

extern "C" __global__ void gate_decide_f32(int *control, const double *partial, int parts, const float *loss, int losses,
                                           const fault_t *faults, float max_norm) {
    int broken = threadIdx.x == 0 && fault_stands(faults);
    for (int i = threadIdx.x; i < losses; i += blockDim.x) broken |= !isfinite(loss[i]);
    double sum = block_sum(threadIdx.x < parts ? partial[threadIdx.x] : 0);
    bool sound = block_sum(broken) == 0;
    if (threadIdx.x == 0) open_gate(control, (float)sqrt(sum), max_norm, sound);
}

extern "C" __global__ void gate_settle_f32(float *state, float *backup, const int *control, int n) {
    bool applied = control[CONTROL_OK] != 0;
    const float *from = applied ? state : backup;
    float *to = applied ? backup : state;
    each4(n, [=](index_t g) { store4(to, g, load4(from, g, n), 0, n); });
}
