// Moves of single elements, of any of the four types: load and store of column.cuh,
// and of integers and bytes, which nothing is added to.
#pragma once
#include "column.cuh"

typedef unsigned char byte;

__device__ __forceinline__ int load(const int *x, index_t i) { return x[i]; }
__device__ __forceinline__ int load(const byte *x, index_t i) { return x[i]; }
__device__ __forceinline__ void store(int *y, index_t i, int v, int) { y[i] = v; }
__device__ __forceinline__ void store(byte *y, index_t i, int v, int) { y[i] = v; }

// MOVES(KERNEL) is COLUMNS and two columns of integers.
#define MOVES(KERNEL) \
    COLUMNS(KERNEL)   \
    KERNEL(i32, int, int) \
    KERNEL(u8, byte, byte)
