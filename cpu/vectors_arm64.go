package cpu

// The rows of vectors of LevelNEON; cpu/asm writes them.

var conversionsNEON = conversions{widenNEON, roundNEON, addRoundNEON}

var foldsNEON = foldKernels{sumNEON, dotNEON, maxNEON, minNEON, expSumNEON}

var arithmeticNEON = arithmetic{plusNEON, minusNEON, divNEON, maximumNEON, minimumNEON, divisorGradNEON, shareNEON}

var updatesNEON = updateKernels{sgdNEON, momentumNEON, adamNEON, lerpNEON}

var softmaxNEON = softmaxKernels{
	scaleNEON, softmaxDotNEON, logSoftmaxNEON, softmaxGradNEON, logSoftmaxGradNEON, crossEntropyGradNEON, distancesNEON, weightedDistancesNEON,
}

var columnsNEON = columnKernels{
	addNEON, addSquaresNEON, largestNEON, smallestNEON, expDistancesNEON, productNEON, countSameNEON, keepSameNEON,
	normGradNEON, addMomentsNEON, addDotsNEON, batchNormNEON, batchNormGradNEON,
}

var randomNEON = randomKernels{philoxNEON, dropNEON}
