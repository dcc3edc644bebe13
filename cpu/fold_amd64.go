package cpu

var foldsAVX2 = foldKernels{sumAVX2, dotAVX2, maxAVX2, minAVX2, expSumAVX2}

var foldsAVX512 = foldKernels{sumAVX512, dotAVX512, maxAVX512, minAVX512, expSumAVX512}
