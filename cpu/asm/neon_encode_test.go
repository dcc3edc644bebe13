package main

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestWordsAreGNUs compares words with what GNU's assembler (binutils 2.40,
// aarch64-linux-gnu-as) makes of the same instructions.
func TestWordsAreGNUs(t *testing.T) {
	for _, c := range []struct {
		of          encoding
		instruction string
		word        uint32
		d, n, m     int
	}{
		{fsqrt, "fsqrt v1.4s, v2.4s", 0x6ea1f841, 1, 2, 3},
		{fsqrt, "fsqrt v31.4s, v30.4s", 0x6ea1fbdf, 31, 30, 29},
		{scvtf, "scvtf v1.4s, v2.4s", 0x4e21d841, 1, 2, 3},
		{scvtf, "scvtf v31.4s, v30.4s", 0x4e21dbdf, 31, 30, 29},
		{sshr.by(63), "sshr v1.4s, v2.4s, #1", 0x4f3f0441, 1, 2, 3},
		{sshr.by(63), "sshr v31.4s, v30.4s, #1", 0x4f3f07df, 31, 30, 29},
		{fcvtl, "fcvtl v1.2d, v2.2s", 0x0e617841, 1, 2, 3},
		{fcvtl, "fcvtl v31.2d, v30.2s", 0x0e617bdf, 31, 30, 29},
		{fcvtl2, "fcvtl2 v1.2d, v2.4s", 0x4e617841, 1, 2, 3},
		{fcvtl2, "fcvtl2 v31.2d, v30.4s", 0x4e617bdf, 31, 30, 29},
		{fadd64, "fadd v1.2d, v2.2d, v3.2d", 0x4e63d441, 1, 2, 3},
		{fadd64, "fadd v31.2d, v30.2d, v29.2d", 0x4e7dd7df, 31, 30, 29},
		{fmla64, "fmla v1.2d, v2.2d, v3.2d", 0x4e63cc41, 1, 2, 3},
		{fmla64, "fmla v31.2d, v30.2d, v29.2d", 0x4e7dcfdf, 31, 30, 29},
		{faddp64, "faddp d1, v2.2d", 0x7e70d841, 1, 2, 3},
		{faddp64, "faddp d31, v30.2d", 0x7e70dbdf, 31, 30, 29},
		{xtn, "xtn v1.2s, v2.2d", 0x0ea12841, 1, 2, 3},
		{xtn, "xtn v31.2s, v30.2d", 0x0ea12bdf, 31, 30, 29},
		{umull, "umull v1.2d, v2.2s, v3.2s", 0x2ea3c041, 1, 2, 3},
		{umull, "umull v31.2d, v30.2s, v29.2s", 0x2ebdc3df, 31, 30, 29},
		{fmaxv, "fmaxv s1, v2.4s", 0x6e30f841, 1, 2, 3},
		{fmaxv, "fmaxv s31, v30.4s", 0x6e30fbdf, 31, 30, 29},
		{fminv, "fminv s1, v2.4s", 0x6eb0f841, 1, 2, 3},
		{fminv, "fminv s31, v30.4s", 0x6eb0fbdf, 31, 30, 29},
		{words[opAdd], "fadd v1.4s, v2.4s, v3.4s", 0x4e23d441, 1, 2, 3},
		{words[opAdd], "fadd v31.4s, v30.4s, v29.4s", 0x4e3dd7df, 31, 30, 29},
		{words[opSub], "fsub v1.4s, v2.4s, v3.4s", 0x4ea3d441, 1, 2, 3},
		{words[opSub], "fsub v31.4s, v30.4s, v29.4s", 0x4ebdd7df, 31, 30, 29},
		{words[opMul], "fmul v1.4s, v2.4s, v3.4s", 0x6e23dc41, 1, 2, 3},
		{words[opMul], "fmul v31.4s, v30.4s, v29.4s", 0x6e3ddfdf, 31, 30, 29},
		{words[opDiv], "fdiv v1.4s, v2.4s, v3.4s", 0x6e23fc41, 1, 2, 3},
		{words[opDiv], "fdiv v31.4s, v30.4s, v29.4s", 0x6e3dffdf, 31, 30, 29},
		{words[opMax], "fmax v1.4s, v2.4s, v3.4s", 0x4e23f441, 1, 2, 3},
		{words[opMax], "fmax v31.4s, v30.4s, v29.4s", 0x4e3df7df, 31, 30, 29},
		{words[opMin], "fmin v1.4s, v2.4s, v3.4s", 0x4ea3f441, 1, 2, 3},
		{words[opMin], "fmin v31.4s, v30.4s, v29.4s", 0x4ebdf7df, 31, 30, 29},
		{words[opGreater], "fcmgt v1.4s, v2.4s, v3.4s", 0x6ea3e441, 1, 2, 3},
		{words[opGreater], "fcmgt v31.4s, v30.4s, v29.4s", 0x6ebde7df, 31, 30, 29},
		{words[opEqual], "fcmeq v1.4s, v2.4s, v3.4s", 0x4e23e441, 1, 2, 3},
		{words[opEqual], "fcmeq v31.4s, v30.4s, v29.4s", 0x4e3de7df, 31, 30, 29},
		{words[opIGreater], "cmgt v1.4s, v2.4s, v3.4s", 0x4ea33441, 1, 2, 3},
		{words[opIGreater], "cmgt v31.4s, v30.4s, v29.4s", 0x4ebd37df, 31, 30, 29},
		{words[opIAdd], "add v1.4s, v2.4s, v3.4s", 0x4ea38441, 1, 2, 3},
		{words[opIAdd], "add v31.4s, v30.4s, v29.4s", 0x4ebd87df, 31, 30, 29},
		{words[opISub], "sub v1.4s, v2.4s, v3.4s", 0x6ea38441, 1, 2, 3},
		{words[opISub], "sub v31.4s, v30.4s, v29.4s", 0x6ebd87df, 31, 30, 29},
	} {
		require.Equal(t, c.instruction, c.of.on(c.d, c.n, c.m))
		require.Equal(t, c.word, c.of.encode(c.d, c.n, c.m), c.instruction)
	}
}
