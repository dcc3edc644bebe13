// Cross-entropy: for each row the log-sum-exp of its logits, the loss at its label,
// and the label's weight; with p = exp(x - lse), e the smoothing, w the class weights,
// W their sum, C the classes and t the label,
//
//	loss  = (1-e) w[t] (lse - x[t]) + e/C sum w[c] (lse - x[c])
//	dx[c] = dloss ((1-e) w[t] (p[c] - [c = t]) + e/C (W p[c] - w[c]))
//
// A team takes a row (team.cuh). One walk finds maximum and sum; a second, out of the
// cache, is for smoothing alone. lse - x is taken as (max - x) + ln sum: logits may be
// large and their distances from lse small. A label that is no class is reported, and
// its row does not count. The derivative is elementwise: long rows are cut into parts,
// blockIdx.y. hits leaves a 1 or a 0 for each row, which reduce.cu adds up.
//
//   block      256 threads: 8 rows of a warp or more, or 1 row; 96 bytes shared
//   registers  31, 32 (grad), 20 (hits; ptxas, sm_80)
//   bytes      4 a logit of float32 forward, 8 backward; half in bfloat16
//   bound      memory: 20 instructions a logit, 43 backward with smoothing
#include "fault.cuh"
#include "reducers.cuh"

// labels are those of the rows, with the weights of the classes or null.
struct labels {
    const int *of;
    const float *weights;
    int classes, ignore;

    __device__ bool is_class(int label) const { return label >= 0 && label < classes; }
    __device__ bool counts(int label) const { return label != ignore && is_class(label); }
    __device__ float weight(int c) const { return weights ? weights[c] : 1; }
};

// result is a destination of floats, or null.
struct result {
    float *y;
    int add;
    __device__ void put(unsigned row, float v) const {
        if (y) store(y, row, v, add);
    }
};

// smooth is sum w[c] (lse - x[c]) over a row, with lse as a.
template <class In>
__device__ __forceinline__ float smooth(const In *x, const team &t, const labels &l, LogSumExp::state a, int width) {
    float sum = 0, log = logf(a.sum);
    for (unsigned k = t.first; k < t.end; k += t.step)
        each(load_wide(x, t.at(k), width), width,
             [&](int w, float v) { sum += l.weight(k * width + w) * (a.max - v + log); });
    return merge_x(Sum(), sum);
}

template <class In>
__device__ __forceinline__ void cross_entropy(result loss, result weight, result lse, const In *x, labels l, int rows,
                                              float smoothing, fault_t *faults) {
    int width = width_of(l.classes);
    team t = team_of(rows, l.classes / width, 1, l.classes);
    LogSumExp::state a = merge_x(LogSumExp(), reduce_row(LogSumExp(), x, t, width));
    float smoothed = smoothing > 0 ? smooth(x, t, l, a, width) : 0;
    if (!t.leads) return;
    float log = logf(a.sum);
    lse.put(t.row, a.max + log);
    int label = l.of[t.row];
    bool counts = l.counts(label);
    if (!counts && label != l.ignore) report_fault(faults, FAULT_CROSS_ENTROPY, t.row, label, l.classes);
    float w = counts ? l.weight(label) : 0, v = 0;
    if (counts) {
        v = (1 - smoothing) * w * (a.max - load(x, (index_t)t.row * l.classes + label) + log);
        if (smoothing > 0) v += smoothing / l.classes * smoothed;
    }
    loss.put(t.row, v);
    weight.put(t.row, w);
}

// total is W; null where it is the number of classes.
template <class In, class Out>
__device__ __forceinline__ void cross_entropy_grad(Out *dx, int add, const float *dloss, const In *x, const float *lse,
                                                   labels l, const float *total, int rows, float smoothing, int chunk) {
    int width = width_of(l.classes);
    team t = team_of(rows, l.classes / width, 1, chunk / width);
    if (t.first >= t.end) return;
    int label = l.of[t.row];
    bool counts = l.counts(label);
    float log_sum = lse[t.row], g = dloss[t.row], sum = total ? *total : l.classes;
    float sharp = counts ? g * (1 - smoothing) * l.weight(label) : 0, even = g * smoothing / l.classes;
    float scale = sharp + even * sum;
    for (unsigned k = t.first; k < t.end; k += t.step) {
        quad d = {};
        each(load_wide(x, t.at(k), width), counts ? width : 0, [&](int w, float v) {
            int c = k * width + w;
            d.v[w] = scale * expf(v - log_sum);
            if (even != 0) d.v[w] -= even * l.weight(c);
            if (c == label) d.v[w] -= sharp;
        });
        store_wide(dx, t.at(k), d, add, width);
    }
}

// hits is 1 for each row whose first largest logit is at the label.
template <class In>
__device__ __forceinline__ void hits(float *hit, const In *x, const int *labels, int rows, int classes) {
    int width = width_of(classes);
    team t = team_of(rows, classes / width, 1, classes);
    ArgMax::state a = merge_x(ArgMax(), reduce_row(ArgMax(), x, t, width));
    if (t.leads) hit[t.row] = classes > 0 && a.index == labels[t.row];
}

#define CROSS_ENTROPY(column, In)                                                                                    \
    extern "C" __global__ void crossentropy_##column(                                                                \
        float *__restrict__ loss, int add_loss, float *__restrict__ weight, int add_weight, float *__restrict__ lse, \
        int add_lse, const In *__restrict__ x, const int *__restrict__ label, const float *__restrict__ weights,     \
        int rows, int classes, int ignore, float smoothing, fault_t *faults) {                                       \
        cross_entropy({loss, add_loss}, {weight, add_weight}, {lse, add_lse}, x, {label, weights, classes, ignore},  \
                      rows, smoothing, faults);                                                                      \
    }                                                                                                                \
    extern "C" __global__ void crossentropy_hits_##column(float *__restrict__ hit, const In *__restrict__ x,         \
                                                          const int *__restrict__ label, int rows, int classes) {    \
        hits(hit, x, label, rows, classes);                                                                          \
    }
CROSS_ENTROPY(f32, float)
CROSS_ENTROPY(bf16, bf16)

#define CROSS_ENTROPY_GRAD(column, In, Out)                                                                          \
    extern "C" __global__ void crossentropy_grad_##column(                                                           \
        Out *__restrict__ dx, int add, const float *__restrict__ dloss, const In *__restrict__ x,                    \
        const float *__restrict__ lse, const int *__restrict__ label, const float *__restrict__ weights,             \
        const float *__restrict__ total, int rows, int classes, int ignore, float smoothing, int chunk) {            \
        cross_entropy_grad(dx, add, dloss, x, lse, {label, weights, classes, ignore}, total, rows, smoothing,        \
                           chunk);                                                                                   \
    }
COLUMNS(CROSS_ENTROPY_GRAD)
