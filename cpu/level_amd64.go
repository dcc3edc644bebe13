package cpu

import "golang.org/x/sys/cpu"

var avx2Kernels = kernels{
	level: LevelAVX2, mr: 6, nr: 16, wide: gemm6x16, narrow: gemm6x8, transpose: transpose8,
	conversions: avx2Conversions,
}

var avx512Kernels = kernels{
	level: LevelAVX512, mr: 8, nr: 32, wide: gemm8x32, narrow: gemm8x16, transpose: transpose8,
	conversions: avx512Conversions,
}

// machineKernels lists what this processor and its operating system can run.
func machineKernels() []*kernels {
	list := []*kernels{&goKernels}
	if cpu.X86.HasAVX2 && cpu.X86.HasFMA {
		list = append(list, &avx2Kernels)
		if cpu.X86.HasAVX512F {
			list = append(list, &avx512Kernels)
		}
	}
	return list
}
