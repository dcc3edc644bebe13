package cpu

var columnsAVX2 = columnKernels{
	addAVX2, addSquaresAVX2, largestAVX2, smallestAVX2, expDistancesAVX2, productAVX2, countSameAVX2, keepSameAVX2,
	normGradAVX2, addMomentsAVX2, addDotsAVX2, batchNormAVX2, batchNormGradAVX2,
}

var columnsAVX512 = columnKernels{
	addAVX512, addSquaresAVX512, largestAVX512, smallestAVX512, expDistancesAVX512, productAVX512, countSameAVX512, keepSameAVX512,
	normGradAVX512, addMomentsAVX512, addDotsAVX512, batchNormAVX512, batchNormGradAVX512,
}
