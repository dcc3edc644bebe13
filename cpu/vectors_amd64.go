package cpu

// The rows of vectors of each level; cpu/asm writes them.

var foldsAVX2 = foldKernels{sumAVX2, dotAVX2, maxAVX2, minAVX2, expSumAVX2}

var foldsAVX512 = foldKernels{sumAVX512, dotAVX512, maxAVX512, minAVX512, expSumAVX512}

var arithmeticAVX2 = arithmetic{plusAVX2, minusAVX2, divAVX2, maximumAVX2, minimumAVX2, divisorGradAVX2, shareAVX2}

var arithmeticAVX512 = arithmetic{plusAVX512, minusAVX512, divAVX512, maximumAVX512, minimumAVX512, divisorGradAVX512, shareAVX512}

var updatesAVX2 = updateKernels{sgdAVX2, momentumAVX2, adamAVX2, lerpAVX2}

var updatesAVX512 = updateKernels{sgdAVX512, momentumAVX512, adamAVX512, lerpAVX512}

var randomAVX2 = randomKernels{philoxAVX2, dropAVX2}

var randomAVX512 = randomKernels{philoxAVX512, dropAVX512}
