// Kernels whose traffic is known by arithmetic. The build script beside it makes
// traffic.ptx.

#define KERNEL extern "C" __global__ void
#define T threadIdx.x

KERNEL coalesced(float* y, const float* x) { y[T] = x[T]; }
KERNEL strided(float* y, const float* x) { y[T] = x[8 * T]; }
KERNEL broadcast(float* y, const float* x) { y[T] = x[0]; }
KERNEL offset(float* y, const float* x) { y[T] = x[T + 1]; }
KERNEL sliding(float* y, const float* x) {
    float s = 0;
#pragma unroll 1
    for (int i = 0; i < 8; i++) s += x[T + i];
    y[T] = s;
}
KERNEL vectors(float4* y, const float4* x) { y[T] = x[T]; }
KERNEL tail(float* y, const float* x) { if (T < 10) y[T] = x[T]; }

// Columns of a tile: 32 rows apart, every lane in the same bank, unless padded.
KERNEL conflicts(float* y, const float* x) {
    __shared__ float s[32][32];
    for (int i = 0; i < 32; i++) s[i][T] = x[T];
    __syncthreads();
    for (int i = 0; i < 32; i++) y[32 * i + T] = s[T][i];
}
KERNEL padded(float* y, const float* x) {
    __shared__ float s[32][33];
    for (int i = 0; i < 32; i++) s[i][T] = x[T];
    __syncthreads();
    for (int i = 0; i < 32; i++) y[32 * i + T] = s[T][i];
}

// 16 bytes a lane, from global to shared memory.
KERNEL fetched(float4* y, const float4* x) {
    __shared__ float4 s[32];
    unsigned at = __cvta_generic_to_shared(s + T);
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16;" ::"r"(at), "l"(x + T));
    asm volatile("cp.async.wait_all;" ::: "memory");
    y[T] = s[T];
}

KERNEL stairs(float* y, const float* x) {
    float s = 0;
#pragma unroll 1
    for (int i = 0; i < T; i++) s += x[i];
    y[T] = s;
}

KERNEL halves(float* y, const float* x) {
    if (T % 2) y[T] = x[T] * 2;
    else y[T] = x[T] + 1;
}
