package cpu

import "math"

// bfloat16 is the upper half of a float32.
type bfloat16 uint16

func (v bfloat16) float32() float32 { return math.Float32frombits(uint32(v) << 16) }

// toBFloat16 rounds to nearest, ties to even; NaN stays a quiet NaN.
func toBFloat16(f float32) bfloat16 {
	u := math.Float32bits(f)
	if f != f {
		return bfloat16(u>>16 | 0x40)
	}
	return bfloat16((u + 0x7FFF + u>>16&1) >> 16)
}

// conversions are the loops between BFloat16 and Float32, over whole vectors:
// both slices have one length, a multiple of conversionLen.
type conversions struct {
	widen    func(dst []float32, src []bfloat16) // dst = src
	round    func(dst []bfloat16, src []float32) // dst = src, rounded
	addRound func(dst []bfloat16, src []float32) // dst = dst + src, rounded
}

const conversionLen = 16

// The plain Go twins, for any length.
var goConversions = conversions{widenGo, roundGo, addRoundGo}

func widenGo(dst []float32, src []bfloat16) {
	for i, v := range src {
		dst[i] = v.float32()
	}
}

func roundGo(dst []bfloat16, src []float32) {
	for i, v := range src {
		dst[i] = toBFloat16(v)
	}
}

func addRoundGo(dst []bfloat16, src []float32) {
	for i, v := range src {
		dst[i] = toBFloat16(dst[i].float32() + v)
	}
}

// widen sets dst = src; both have one length.
func (k *kernels) widen(dst []float32, src []bfloat16) {
	n := len(src) / conversionLen * conversionLen
	k.conversions.widen(dst[:n], src[:n])
	widenGo(dst[n:], src[n:])
}

// round sets dst = src, rounded to nearest, ties to even; NaN stays a quiet NaN.
func (k *kernels) round(dst []bfloat16, src []float32) {
	n := len(src) / conversionLen * conversionLen
	k.conversions.round(dst[:n], src[:n])
	roundGo(dst[n:], src[n:])
}

// addRound sets dst = dst + src, added in float32 and rounded as round does.
func (k *kernels) addRound(dst []bfloat16, src []float32) {
	n := len(src) / conversionLen * conversionLen
	k.conversions.addRound(dst[:n], src[:n])
	addRoundGo(dst[n:], src[n:])
}
