#include "textflag.h"

// func configure(c *[64]byte)
TEXT ·configure(SB), NOSPLIT, $0-8
	MOVQ c+0(FP), AX                                       // AX = c
	BYTE $0xC4; BYTE $0xE2; BYTE $0x78; BYTE $0x49; BYTE $0x00 // ldtilecfg [rax]
	RET

// func add(c *[256]float32, a, b *[512]uint16)
TEXT ·add(SB), NOSPLIT, $0-24
	MOVQ c+0(FP), AX                                                      // AX = c
	MOVQ a+8(FP), BX                                                      // BX = a
	MOVQ b+16(FP), DX                                                     // DX = b
	MOVQ $64, CX                                                          // rows are 64 bytes apart
	BYTE $0xC4; BYTE $0xE2; BYTE $0x7B; BYTE $0x4B; BYTE $0x0C; BYTE $0x0B // tileloadd tmm1, [rbx+rcx]
	BYTE $0xC4; BYTE $0xE2; BYTE $0x7B; BYTE $0x4B; BYTE $0x14; BYTE $0x0A // tileloadd tmm2, [rdx+rcx]
	BYTE $0xC4; BYTE $0xE2; BYTE $0x7B; BYTE $0x4B; BYTE $0x04; BYTE $0x08 // tileloadd tmm0, [rax+rcx]
	BYTE $0xC4; BYTE $0xE2; BYTE $0x6A; BYTE $0x5C; BYTE $0xC1             // tdpbf16ps tmm0, tmm1, tmm2
	BYTE $0xC4; BYTE $0xE2; BYTE $0x7A; BYTE $0x4B; BYTE $0x04; BYTE $0x08 // tilestored [rax+rcx], tmm0
	RET
