package peak

import (
	"slices"

	chainrule "example.org/chainrule/cpu"

	"golang.org/x/sys/cpu"
)

// fmaLoop returns the loop for the widest vectors of this processor and the
// operations of one round; nil where it has neither AVX-512 nor AVX2 and FMA.
func fmaLoop() (loop func(rounds int), flops int64) {
	switch {
	case cpu.X86.HasAVX512F:
		return fmaAVX512, 16 * 16 * 2
	case cpu.X86.HasAVX2 && cpu.X86.HasFMA:
		return fmaAVX2, 12 * 8 * 2
	}
	return nil, 0
}

// dotLoop returns the loop on pairs of BFloat16 and the operations of one round: on
// tiles where the system lets programs use them; nil where the processor lacks
// AVX512_BF16.
func dotLoop() (loop func(rounds int), flops int64) {
	switch {
	case slices.Contains(chainrule.Levels(), chainrule.LevelAMX):
		return dotTiles, 4 * 16 * 16 * 16 * 4
	case cpu.X86.HasAVX512BF16:
		return dotAVX512, 16 * 16 * 4
	}
	return nil, 0
}

// dotTiles is dotAMX on whole tiles.
func dotTiles(rounds int) {
	shapes := [64]byte{0: 1} // as LDTILECFG reads them
	for i := range 8 {
		shapes[16+2*i], shapes[48+i] = 64, 16 // bytes of a row, and rows
	}
	dotAMX(rounds, &shapes)
}

// dotAMX is dotAVX512 on four independent tiles of 16 by 16, each adding 16 pairs.
//
//go:noescape
func dotAMX(rounds int, shapes *[64]byte)

// fmaAVX512 is the loop, over 16 independent vectors of 16,
//
//	for range rounds {
//		for i := range v {
//			v[i] = fma(x, y, v[i])
//		}
//	}
//
//go:noescape
func fmaAVX512(rounds int)

// fmaAVX2 is the same over 12 vectors of 8.
//
//go:noescape
func fmaAVX2(rounds int)

// dotAVX512 is fmaAVX512 on pairs of BFloat16: v[i] += x[0] y[0] + x[1] y[1].
//
//go:noescape
func dotAVX512(rounds int)
