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
	randomKernels:  randomAVX2,
	columnKernels:  columnsAVX2,
	transforms:     avx2Transforms,
	reducer:        avx2Reducer,
	slideKernels:   slideKernels{slideBy8, slideGradBy8},
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
	randomKernels:  randomAVX512,
	columnKernels:  columnsAVX512,
	transforms:     avx512Transforms,
	reducer:        avx512Reducer,
	slim:           &avx512Slim,
	slideKernels:   slideKernels{slideAVX512, slideGradAVX512},
}

var (
	avx512BF16Kernels = avx512Kernels.withPairs(LevelAVX512BF16, &avx512BF16Pairs)
	amxKernels        = avx512Kernels.withPairs(LevelAMX, &amxPairs)
)

// withPairs is k with products of pairs of BFloat16.
func (k kernels) withPairs(level Level, pairs *pairKernels) kernels {
	k.level, k.pairs = level, pairs
	return k
}

// architectureLevels lists what some processor of this architecture can run.
func architectureLevels() []Level {
	return []Level{LevelGo, LevelAVX2, LevelAVX512, LevelAVX512BF16, LevelAMX}
}

// preferredLevel is the fastest that a processor may have. Those with AMX multiply
// tiles of BFloat16 at nine times the rate of Float32 or more, but pairs in vectors
// at half of it (Intel Sapphire Rapids: 2200 to 3400, 249 and 124 GFLOP/s a core):
// where the system keeps tiles back, Float32 is better. Others do vectors at twice.
func preferredLevel() Level {
	if cpu.X86.HasAMXTile && !hasAMX() {
		return LevelAVX512
	}
	return LevelAMX
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
			if hasAMX() {
				list = append(list, &amxKernels)
			}
		}
	}
	return list
}
