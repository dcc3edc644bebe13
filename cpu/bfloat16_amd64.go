package cpu

// The conversions in assembly: the loops of bfloat16.go on lengths that are
// multiples of conversionLen.

var avx2Conversions = conversions{widenAVX2, roundAVX2, addRoundAVX2}

var avx512Conversions = conversions{widenAVX512, roundAVX512, addRoundAVX512}

//go:noescape
func widenAVX2(dst []float32, src []bfloat16)

//go:noescape
func roundAVX2(dst []bfloat16, src []float32)

//go:noescape
func addRoundAVX2(dst []bfloat16, src []float32)

//go:noescape
func widenAVX512(dst []float32, src []bfloat16)

//go:noescape
func roundAVX512(dst []bfloat16, src []float32)

//go:noescape
func addRoundAVX512(dst []bfloat16, src []float32)
