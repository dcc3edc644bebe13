package cpu

import "golang.org/x/sys/cpu"

var avx2Kernels = kernels{
	level:          LevelAVX2,
	productKernels: productKernels{mr: 6, nr: 16, wide: gemm6x16, narrow: gemm6x8, transpose: transpose8, copyRows: copyRows},
	conversions:    avx2Conversions,
	poolKernels:    avx2PoolKernels,
	unary:          unaryAVX2,
	folds:          foldsAVX2,
	arithmetic:     arithmeticAVX2,
	updates:        updatesAVX2,
	softmaxKernels: softmaxAVX2,
	columnKernels:  columnsAVX2,
	transforms:     avx2Transforms,
	reducer:        avx2Reducer,
	depthwise:      avx2Depthwise,
}

var avx512Kernels = kernels{
	level:          LevelAVX512,
	productKernels: productKernels{mr: 8, nr: 32, wide: gemm8x32, narrow: gemm8x16, transpose: transpose8, copyRows: copyRows},
	conversions:    avx512Conversions,
	poolKernels:    avx512PoolKernels,
	unary:          unaryAVX512,
	folds:          foldsAVX512,
	arithmetic:     arithmeticAVX512,
	updates:        updatesAVX512,
	softmaxKernels: softmaxAVX512,
	columnKernels:  columnsAVX512,
	transforms:     avx512Transforms,
	reducer:        avx512Reducer,
	slim:           &avx512Slim,
	depthwise:      avx512Depthwise,
}

var avx512BF16Kernels = avx512Kernels.withPairs(LevelAVX512BF16, &avx512BF16Pairs)

// withPairs is k with products of pairs of BFloat16.
func (k kernels) withPairs(level Level, pairs *pairKernels) kernels {
	k.level, k.pairs = level, pairs
	return k
}

// architectureLevels lists what some processor of this architecture can run.
func architectureLevels() []Level { return []Level{LevelGo, LevelAVX2, LevelAVX512, LevelAVX512BF16} }

// preferredLevel is the fastest that a processor may have: those with AMX multiply
// pairs of BFloat16 at half the rate of Float32 (Intel Sapphire Rapids: 124 of 249
// GFLOP/s a core), others at twice.
func preferredLevel() Level {
	if cpu.X86.HasAMXTile {
		return LevelAVX512
	}
	return LevelAVX512BF16
}

// machineKernels lists what this processor and its operating system can run.
func machineKernels() []*kernels {
	list := []*kernels{&goKernels}
	if cpu.X86.HasAVX2 && cpu.X86.HasFMA {
		list = append(list, &avx2Kernels)
		if cpu.X86.HasAVX512F {
			list = append(list, &avx512Kernels)
			if cpu.X86.HasAVX512BF16 {
				list = append(list, &avx512BF16Kernels)
			}
		}
	}
	return list
}
