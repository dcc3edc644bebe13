// Bad data that a kernel found, in the words of device/cuda/fault.go: the first
// call that finds any is kept, and of that call the lowest index, whatever the
// order of its threads.
#pragma once

typedef unsigned long long fault_t;

enum {
    FAULT_KEY,   // index << 32 | value, the least that was reported; all ones for none
    FAULT_KIND,  // limit << 32 | operation
    FAULT_PRIOR, // the key as it was when the running call began
};

#define NO_FAULT (~0ull)

// The numbers of the operations that report.
enum { FAULT_CROSS_ENTROPY = 1 };

// report_fault says that the value at an index is not one of 0 to limit - 1.
__device__ __forceinline__ void report_fault(fault_t *faults, int op, int index, int value, int limit) {
    if (faults[FAULT_PRIOR] != NO_FAULT) return;
    atomicMin(faults + FAULT_KEY, (fault_t)index << 32 | (unsigned)value);
    atomicExch(faults + FAULT_KIND, (fault_t)limit << 32 | (unsigned)op);
}

// fault_stands is what update kernels ask.
__device__ __forceinline__ bool fault_stands(const fault_t *faults) { return faults[FAULT_KEY] != NO_FAULT; }
