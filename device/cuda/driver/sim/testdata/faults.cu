// Each kernel NAME has one bug, on the line that says "fault: NAME"; its twin
// NAME_clean does the same without. The build script beside it makes faults.ptx.

#define KERNEL extern "C" __global__ void
#define T threadIdx.x
#define I (blockIdx.x * blockDim.x + threadIdx.x)

KERNEL bounds(float* y, const float* x, int n) {
    if (I <= n) y[I] = x[I]; // fault: bounds
}
KERNEL bounds_clean(float* y, const float* x, int n) {
    if (I < n) y[I] = x[I];
}

KERNEL wild(float* y, const float* x, int n) {
    y[I + (1LL << 40)] = x[I]; // fault: wild
}
KERNEL wild_clean(float* y, const float* x, int n) {
    y[I] = x[I];
}

KERNEL misaligned(float* y, const float* x, int n) {
    if (2 * I < n) *(float2*)(y + 2 * I + 1) = make_float2(x[2 * I], 1); // fault: misaligned
}
KERNEL misaligned_clean(float* y, const float* x, int n) {
    if (2 * I < n) *(float2*)(y + 2 * I) = make_float2(x[2 * I], 1);
}

KERNEL local_bounds(float* y, const float* x, int n) {
    float a[4];
    for (int i = 0; i < 4; i++) a[i] = x[i];
    y[T] = a[T % 5]; // fault: local_bounds
}
KERNEL local_bounds_clean(float* y, const float* x, int n) {
    float a[4];
    for (int i = 0; i < 4; i++) a[i] = x[i];
    y[T] = a[T % 4];
}

KERNEL shared_bounds(float* y, const float* x, int n) {
    __shared__ float s[64];
    s[T + 1] = x[T]; // fault: shared_bounds
    __syncthreads();
    y[T] = s[T / 2 + 1];
}
KERNEL shared_bounds_clean(float* y, const float* x, int n) {
    __shared__ float s[65];
    s[T + 1] = x[T];
    __syncthreads();
    y[T] = s[T / 2 + 1];
}

KERNEL unwritten(float* y, const float* x, int n) {
    y[I] += x[I]; // fault: unwritten
}
KERNEL unwritten_clean(float* y, const float* x, int n) {
    y[I] = x[I];
}

KERNEL shared_unwritten(float* y, const float* x, int n) {
    __shared__ float s[64];
    if (T < 40) s[T] = x[T];
    __syncthreads();
    y[T] = s[63 - T]; // fault: shared_unwritten
}
KERNEL shared_unwritten_clean(float* y, const float* x, int n) {
    __shared__ float s[64];
    if (T < 64) s[T] = x[T];
    __syncthreads();
    y[T] = s[63 - T];
}

KERNEL read_race(float* y, const float* x, int n) {
    __shared__ float s[64];
    s[T] = 0;
    __syncthreads();
    s[T] = x[T]; // fault: read_race
    y[T] = s[T ^ 37];
}
KERNEL read_race_clean(float* y, const float* x, int n) {
    __shared__ float s[64];
    s[T] = 0;
    __syncthreads();
    s[T] = x[T];
    __syncthreads();
    y[T] = s[T ^ 37];
}

KERNEL write_race(float* y, const float* x, int n) {
    __shared__ float s[64];
    s[T] = x[T];
    __syncthreads();
    float v = s[T ^ 37]; // fault: write_race
    s[T] = v;
    y[T] = v;
}
KERNEL write_race_clean(float* y, const float* x, int n) {
    __shared__ float s[64];
    s[T] = x[T];
    __syncthreads();
    float v = s[T ^ 37];
    __syncthreads();
    s[T] = v;
    y[T] = v;
}

KERNEL overwrite(float* y, const float* x, int n) {
    __shared__ float s[64];
    s[T % 48] = x[T]; // fault: overwrite
    __syncthreads();
    y[T] = s[T % 48];
}
KERNEL overwrite_clean(float* y, const float* x, int n) {
    __shared__ float s[64];
    s[T % 64] = x[T];
    __syncthreads();
    y[T] = s[T % 48];
}

// The last of many readers writes: it races with the others.
KERNEL last_reader(float* y, const float* x, int n) {
    __shared__ float s[1];
    if (T == 0) s[0] = x[0];
    __syncthreads();
    y[T] = s[0];
    if (T == 63) s[0] = 1; // fault: last_reader
}
KERNEL last_reader_clean(float* y, const float* x, int n) {
    __shared__ float s[1];
    if (T == 0) s[0] = x[0];
    __syncthreads();
    y[T] = s[0];
    __syncthreads();
    if (T == 63) s[0] = 1;
}

KERNEL warp_race(float* y, const float* x, int n) {
    __shared__ float s[64];
    s[T] = x[T];
    y[T] = s[T ^ 5]; // fault: warp_race
}
KERNEL warp_race_clean(float* y, const float* x, int n) {
    __shared__ float s[64];
    s[T] = x[T];
    __syncwarp();
    y[T] = s[T ^ 5];
}

KERNEL same_word(float* y, const float* x, int n) {
    __shared__ float s[2];
    s[T / 32] = x[T]; // fault: same_word
    __syncthreads();
    y[T] = s[T / 32];
}
KERNEL same_word_clean(float* y, const float* x, int n) {
    __shared__ float s[2];
    if (T % 32 == 0) s[T / 32] = x[T];
    __syncthreads();
    y[T] = s[T / 32];
}

KERNEL halves(unsigned short* y, const unsigned short* x, int n) {
    __shared__ unsigned short s[64];
    s[T] = x[T];
    y[T] = s[T ^ 1]; // fault: halves
}
// Neighbours of 16 bits, written by two warps, do not race.
KERNEL halves_clean(unsigned short* y, const unsigned short* x, int n) {
    __shared__ unsigned short s[64];
    s[2 * (T % 32) + T / 32] = x[T];
    __syncthreads();
    y[T] = s[T ^ 1];
}

KERNEL split_barrier(float* y, const float* x, int n) {
    __shared__ float s[64];
    s[T] = x[T];
    if (T & 1) {
        __syncthreads();
        y[T] = s[T ^ 37];
    } else {
        y[T] = 2;
        __syncthreads(); // fault: split_barrier
        y[T] += s[T ^ 37];
    }
}
KERNEL split_barrier_clean(float* y, const float* x, int n) {
    __shared__ float s[64];
    s[T] = x[T];
    if (T & 1) y[T] = 1;
    __syncthreads();
    if (T & 1) y[T] += s[T ^ 37];
}

KERNEL split_shuffle(float* y, const float* x, int n) {
    float v = x[T];
    if (T % 32 >= 8) {
        v = __shfl_xor_sync(0xffffffffu, v, 1) * 3; // fault: split_shuffle
        y[T + 64] = v;
    }
    __syncthreads();
    y[T] = v;
}
KERNEL split_shuffle_clean(float* y, const float* x, int n) {
    float v = x[T];
    if (T % 32 >= 8) {
        v = __shfl_xor_sync(0xffffff00u, v, 1) * 3;
        y[T + 64] = v;
    }
    __syncthreads();
    y[T] = v;
}

__device__ void fetch(void* to, const void* from) {
    unsigned at = __cvta_generic_to_shared(to);
    asm volatile("cp.async.ca.shared.global [%0], [%1], 4;" ::"r"(at), "l"(from)); // fault: early_issue
    asm volatile("cp.async.commit_group;");
}
KERNEL early_read(float* y, const float* x, int n) {
    __shared__ float s[2][64];
    fetch(&s[0][T], x + T);
    fetch(&s[1][T], x + T);
    asm volatile("cp.async.wait_group 1;");
    __syncthreads();
    y[T] = s[0][T ^ 37] + s[1][T ^ 37]; // fault: early_read
}
KERNEL early_read_clean(float* y, const float* x, int n) {
    __shared__ float s[2][64];
    fetch(&s[0][T], x + T);
    fetch(&s[1][T], x + T);
    asm volatile("cp.async.wait_group 0;");
    __syncthreads();
    y[T] = s[0][T ^ 37] + s[1][T ^ 37];
}

// What the buffer held before is not read either.
KERNEL early_reuse(float* y, const float* x, int n) {
    __shared__ float s[64];
    s[T] = 0;
    __syncthreads();
    fetch(&s[T], x + T);
    __syncthreads();
    y[T] = s[T ^ 37]; // fault: early_reuse
}
KERNEL early_reuse_clean(float* y, const float* x, int n) {
    __shared__ float s[64];
    s[T] = 0;
    __syncthreads();
    fetch(&s[T], x + T);
    asm volatile("cp.async.wait_all;" ::: "memory");
    __syncthreads();
    y[T] = s[T ^ 37];
}

// A copy is issued to what another warp read and has not yet used.
KERNEL early_issue(float* y, const float* x, int n) {
    __shared__ float s[64];
    s[T] = x[T];
    __syncthreads();
    if (T < 32) y[T] = s[T + 32];
    if (T >= 32) fetch(&s[T], x + T);
    __syncthreads();
    asm volatile("cp.async.wait_all;" ::: "memory");
}
KERNEL early_issue_clean(float* y, const float* x, int n) {
    __shared__ float s[64];
    s[T] = x[T];
    __syncthreads();
    if (T < 32) y[T] = s[T + 32];
    __syncthreads();
    if (T >= 32) fetch(&s[T], x + T);
    __syncthreads();
    asm volatile("cp.async.wait_all;" ::: "memory");
}

// A copy is issued while a slower warp still reads where it goes.
KERNEL early_fetch(float* y, const float* x, int n) {
    __shared__ float s[64];
    s[T] = x[T];
    __syncthreads();
    float v = s[T ^ 37]; // fault: early_fetch
    fetch(&s[T], x + T);
    asm volatile("cp.async.wait_all;" ::: "memory");
    y[T] = v + s[T];
}
KERNEL early_fetch_clean(float* y, const float* x, int n) {
    __shared__ float s[64];
    s[T] = x[T];
    __syncthreads();
    float v = s[T ^ 37];
    __syncthreads();
    fetch(&s[T], x + T);
    asm volatile("cp.async.wait_all;" ::: "memory");
    y[T] = v + s[T];
}

KERNEL block_overwrite(float* y, const float* x, int n) {
    y[T] = x[I]; // fault: block_overwrite
}
KERNEL block_overwrite_clean(float* y, const float* x, int n) {
    y[I] = x[I];
}

KERNEL block_read(float* y, const float* x, int n) {
    y[I] = x[I];
    if (blockIdx.x == 1) y[I] = y[T + 3]; // fault: block_read
}
KERNEL block_read_clean(float* y, const float* x, int n) {
    y[I] = x[I];
    if (blockIdx.x == 1) y[I] = y[I] + x[T + 3];
}

KERNEL block_write(float* y, float* x, int n) {
    if (blockIdx.x == 0) y[T] = x[T + 64];
    else x[T + 64] = 1; // fault: block_write
}
KERNEL block_write_clean(float* y, float* x, int n) {
    if (blockIdx.x == 0) y[T] = x[T + 64];
    else x[T] = 1;
}

KERNEL block_halves(unsigned short* y, const unsigned short* x, int n) {
    y[T + blockIdx.x * (blockDim.x - 1)] = x[T]; // fault: block_halves
}
// The last 16 bits of a word are another block's than the first.
KERNEL block_halves_clean(unsigned short* y, const unsigned short* x, int n) {
    if (T < 33) y[T + blockIdx.x * 33] = x[T];
}

KERNEL tally(unsigned* y, const unsigned* x, int n) {
    atomicAdd(y, x[I]);
    if (I == 64) y[0] = 0; // fault: tally
}
KERNEL tally_clean(unsigned* y, const unsigned* x, int n) {
    atomicAdd(y, x[I]);
    if (I == 64) atomicMax(y, 7);
}

KERNEL endless(float* y, volatile const float* x, int n) {
    while (x[0] != 1 || n) y[T] = 2; // fault: endless
}
KERNEL endless_clean(float* y, volatile const float* x, int n) {
    for (int i = 0; x[0] != 1 || i < n; i++) y[T] = 2;
}
