package cpu

// machineKernels lists what this processor can run; every arm64 has NEON.
func machineKernels() []*kernels { return []*kernels{&goKernels, neonKernels()} }

// neonKernels are the plain Go ones but for products, slides, pooling and the rows of
// vectors.
func neonKernels() *kernels {
	k := goKernels
	k.level = LevelNEON
	k.productKernels = productKernels{mr: 6, nr: 16, wide: gemm6x16, narrow: gemm6x8, transpose: transpose8, copyRows: copyRowsGo}
	k.reducer, k.poolKernels = neonReducer, neonPoolKernels
	k.slideKernels = slideKernels{slideBy8, slideGradBy8}
	k.unary, k.folds, k.arithmetic, k.updates = unaryNEON, foldsNEON, arithmeticNEON, updatesNEON
	k.softmaxKernels, k.columnKernels, k.randomKernels = softmaxNEON, columnsNEON, randomNEON
	k.conversions = conversionsNEON
	return &k
}

// architectureLevels lists what some processor of this architecture can run.
func architectureLevels() []Level { return []Level{LevelGo, LevelNEON} }

// preferredLevel is the fastest that a processor may have.
func preferredLevel() Level { return LevelNEON }
