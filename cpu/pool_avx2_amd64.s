#include "textflag.h"

// TAPS loads what both loops take: SI is the first tap's channel, DX ends the
// taps, R8 is their stride in bytes, Y10 their place and Y11 its step.
#define TAPS(taps, length) \
	MOVQ taps, SI                 /* SI = &x[0] */             \
	MOVQ length, DX               /* DX = len(x) */            \
	LEAQ (SI)(DX*4), DX           /* DX = &x[len(x)] */        \
	MOVQ stride+72(FP), R8        /* R8 = stride */            \
	SHLQ $2, R8                   /* in bytes */               \
	VPBROADCASTD place+80(FP), Y10 /* Y10 = place, ... */      \
	VPBROADCASTD step+88(FP), Y11  /* Y11 = step, ... */       \

// func maxTaps8(y []float32, index []int32, x []float32, stride, place, step int, more bool)
TEXT ·maxTaps8(SB), NOSPLIT, $0-97
	MOVQ y_base+0(FP), DI       // DI = &y[0]
	MOVQ y_len+8(FP), CX        // CX = channels
	MOVQ index_base+24(FP), BX  // BX = &index[0]
	TAPS(x_base+48(FP), x_len+56(FP)) // the taps
	MOVBQZX more+96(FP), R11    // R11 = more
	MOVL $0xFF800000, AX        // -Inf
	VMOVD AX, X12               // to a vector
	VPBROADCASTD X12, Y12       // Y12 = -Inf, ...
	SHRQ $3, CX                 // CX = vectors left
	JZ end                      // none

vector:
	MOVQ SI, R10                // R10 = the first tap
	VMOVDQA Y10, Y2             // Y2 = its place
	VMOVAPS Y12, Y0             // Y0 = the largest so far: -Inf
	VMOVDQA Y10, Y1             // Y1 = where: at the first tap
	TESTQ R11, R11              // more?
	JZ tap                      // no
	VMOVUPS (DI), Y0            // Y0 = y
	VMOVDQU (BX), Y1            // Y1 = index

tap:
	VMOVUPS (R10), Y3           // Y3 = x
	VCMPPS $7, Y0, Y0, Y4       // Y4 = the largest is no NaN
	VCMPPS $6, Y0, Y3, Y5       // Y5 = x is not <= it
	VANDPS Y4, Y5, Y5           // Y5 = both
	VBLENDVPS Y5, Y3, Y0, Y0    // there, x is the largest
	VBLENDVPS Y5, Y2, Y1, Y1    // and this its place
	VPADDD Y11, Y2, Y2          // Y2 = the next tap's place
	ADDQ R8, R10                // R10 = the next tap
	CMPQ R10, DX                // is it one?
	JLT tap                     // yes
	VMOVUPS Y0, (DI)            // y = Y0
	VMOVDQU Y1, (BX)            // index = Y1
	ADDQ $32, DI                // next 8 of y,
	ADDQ $32, BX                // of index
	ADDQ $32, SI                // and of the first tap
	DECQ CX                     // a vector less
	JNZ vector                  // until none is left
	VZEROUPPER                  // leave no dirty upper halves

end:
	RET

// func spreadTaps8(dx, dy []float32, index []int32, stride, place, step int)
TEXT ·spreadTaps8(SB), NOSPLIT, $0-96
	MOVQ dy_base+24(FP), DI     // DI = &dy[0]
	MOVQ dy_len+32(FP), CX      // CX = channels
	MOVQ index_base+48(FP), BX  // BX = &index[0]
	TAPS(dx_base+0(FP), dx_len+8(FP)) // the taps
	SHRQ $3, CX                 // CX = vectors left
	JZ end                      // none

vector:
	MOVQ SI, R10                // R10 = the first tap
	VMOVDQA Y10, Y2             // Y2 = its place
	VMOVUPS (DI), Y0            // Y0 = dy
	VMOVDQU (BX), Y1            // Y1 = index

tap:
	VPCMPEQD Y2, Y1, Y3         // Y3 = index is this tap's place
	VANDPS Y0, Y3, Y3           // Y3 = dy there, else 0
	VADDPS (R10), Y3, Y3        // Y3 += dx
	VMOVUPS Y3, (R10)           // dx = Y3
	VPADDD Y11, Y2, Y2          // Y2 = the next tap's place
	ADDQ R8, R10                // R10 = the next tap
	CMPQ R10, DX                // is it one?
	JLT tap                     // yes
	ADDQ $32, DI                // next 8 of dy,
	ADDQ $32, BX                // of index
	ADDQ $32, SI                // and of the first tap
	DECQ CX                     // a vector less
	JNZ vector                  // until none is left
	VZEROUPPER                  // leave no dirty upper halves

end:
	RET
