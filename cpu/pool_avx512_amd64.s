#include "textflag.h"

// TAPS loads what both loops take: SI is the first tap's channel, DX ends the
// taps, R8 is their stride in bytes, Z10 their place and Z11 its step.
#define TAPS(taps, length) \
	MOVQ taps, SI                 /* SI = &x[0] */             \
	MOVQ length, DX               /* DX = len(x) */            \
	LEAQ (SI)(DX*4), DX           /* DX = &x[len(x)] */        \
	MOVQ stride+72(FP), R8        /* R8 = stride */            \
	SHLQ $2, R8                   /* in bytes */               \
	VPBROADCASTD place+80(FP), Z10 /* Z10 = place, ... */      \
	VPBROADCASTD step+88(FP), Z11  /* Z11 = step, ... */       \

// LANES sets K1 to the lanes of the next vector of CX channels.
#define LANES \
	MOVL $16, AX         /* lanes of a vector */          \
	CMPQ CX, AX          /* fewer channels than that? */  \
	CMOVQLT CX, AX       /* AX = channels of the vector */ \
	MOVL $0xFFFF, R9     /* a bit for each lane */        \
	BZHIL AX, R9, R9     /* R9 = the AX lower ones */     \
	KMOVW R9, K1         /* K1 = lanes in use */          \
	MOVQ SI, R10         /* R10 = the first tap */        \
	VMOVDQA32 Z10, Z2    /* Z2 = its place */             \

// func maxTapsAVX512(y []float32, index []int32, x []float32, stride, place, step int, more bool)
TEXT ·maxTapsAVX512(SB), NOSPLIT, $0-97
	MOVQ y_base+0(FP), DI       // DI = &y[0]
	MOVQ y_len+8(FP), CX        // CX = channels left
	MOVQ index_base+24(FP), BX  // BX = &index[0]
	TAPS(x_base+48(FP), x_len+56(FP)) // the taps
	MOVBQZX more+96(FP), R11    // R11 = more
	MOVL $0xFF800000, AX        // -Inf
	VPBROADCASTD AX, Z12        // Z12 = -Inf, ...

vector:
	LANES                       // K1, R10, Z2
	VMOVAPS Z12, Z0             // Z0 = the largest so far: -Inf
	VMOVDQA32 Z10, Z1           // Z1 = where: at the first tap
	TESTQ R11, R11              // more?
	JZ tap                      // no
	VMOVUPS (DI), K1, Z0        // Z0 = y
	VMOVDQU32 (BX), K1, Z1      // Z1 = index

tap:
	VMOVUPS.Z (R10), K1, Z3     // Z3 = x
	VCMPPS $7, Z0, Z0, K1, K2   // K2 = the largest is no NaN
	VCMPPS $6, Z0, Z3, K2, K2   // K2 = and x is not <= it
	VMOVAPS Z3, K2, Z0          // there, x is the largest
	VMOVDQA32 Z2, K2, Z1        // and this its place
	VPADDD Z11, Z2, Z2          // Z2 = the next tap's place
	ADDQ R8, R10                // R10 = the next tap
	CMPQ R10, DX                // is it one?
	JLT tap                     // yes
	VMOVUPS Z0, K1, (DI)        // y = Z0
	VMOVDQU32 Z1, K1, (BX)      // index = Z1
	ADDQ $64, DI                // next 16 of y,
	ADDQ $64, BX                // of index
	ADDQ $64, SI                // and of the first tap
	SUBQ $16, CX                // 16 channels less
	JGT vector                  // until none is left
	VZEROUPPER                  // leave no dirty upper halves
	RET

// func spreadTapsAVX512(dx, dy []float32, index []int32, stride, place, step int)
TEXT ·spreadTapsAVX512(SB), NOSPLIT, $0-96
	MOVQ dy_base+24(FP), DI     // DI = &dy[0]
	MOVQ dy_len+32(FP), CX      // CX = channels left
	MOVQ index_base+48(FP), BX  // BX = &index[0]
	TAPS(dx_base+0(FP), dx_len+8(FP)) // the taps

vector:
	LANES                       // K1, R10, Z2
	VMOVUPS.Z (DI), K1, Z0      // Z0 = dy
	VMOVDQU32.Z (BX), K1, Z1    // Z1 = index

tap:
	VMOVUPS.Z (R10), K1, Z3     // Z3 = dx
	VPCMPEQD Z2, Z1, K1, K2     // K2 = index is this tap's place
	VADDPS Z0, Z3, K2, Z3       // there, Z3 += dy
	VMOVUPS Z3, K1, (R10)       // dx = Z3
	VPADDD Z11, Z2, Z2          // Z2 = the next tap's place
	ADDQ R8, R10                // R10 = the next tap
	CMPQ R10, DX                // is it one?
	JLT tap                     // yes
	ADDQ $64, DI                // next 16 of dy,
	ADDQ $64, BX                // of index
	ADDQ $64, SI                // and of the first tap
	SUBQ $16, CX                // 16 channels less
	JGT vector                  // until none is left
	VZEROUPPER                  // leave no dirty upper halves
	RET
