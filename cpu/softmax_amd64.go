package cpu

var softmaxAVX2 = softmaxKernels{
	scaleAVX2, softmaxDotAVX2, logSoftmaxAVX2, softmaxGradAVX2, logSoftmaxGradAVX2, crossEntropyGradAVX2, distancesAVX2, weightedDistancesAVX2,
}

var softmaxAVX512 = softmaxKernels{
	scaleAVX512, softmaxDotAVX512, logSoftmaxAVX512, softmaxGradAVX512, logSoftmaxGradAVX512, crossEntropyGradAVX512, distancesAVX512,
	weightedDistancesAVX512,
}
