#include "textflag.h"

// The loops go over windows, in each over vectors of 8 channels, and in each
// over taps. R10 is how far the channels of the vector are from the first, in
// bytes.

// ROW loads the tapRow at t. R14 counts windows, R9 is how many taps; DX, R13 and
// R8 are yMove, xMove and xStep in bytes.
#define ROW(t) \
	MOVQ t_windows+(t)(FP), R14 /* R14 = windows */ \
	MOVQ t_taps+(t+8)(FP), R9   /* R9 = taps */     \
	MOVQ t_yMove+(t+24)(FP), DX /* DX = yMove */    \
	SHLQ $2, DX                 /* in bytes */      \
	MOVQ t_xMove+(t+32)(FP), R13 /* R13 = xMove */  \
	SHLQ $2, R13                /* in bytes */      \
	MOVQ t_xStep+(t+40)(FP), R8 /* R8 = xStep */    \
	SHLQ $2, R8                 /* in bytes */      \

// PLACES loads the places of the tapRow at t: Y10 of the first tap, Y11 and Y12
// from tap to tap and from window to window.
#define PLACES(t) \
	VPBROADCASTD t_place+(t+48)(FP), Y10     /* Y10 = place, ... */     \
	VPBROADCASTD t_placeStep+(t+64)(FP), Y11 /* Y11 = placeStep, ... */ \
	VPBROADCASTD t_placeMove+(t+56)(FP), Y12 /* Y12 = placeMove, ... */ \

// CHANNELS starts a window: CX counts the channels that are left.
#define CHANNELS(t) \
	MOVQ t_channels+(t+16)(FP), CX /* CX = channels left */ \
	XORL R10, R10                  /* from the first on */  \

// TAPS starts a vector: R12 is the first of R11 taps.
#define TAPS(x) \
	LEAQ (x)(R10*1), R12 /* R12 = the first tap */ \
	MOVQ R9, R11         /* R11 = taps left */     \

// func maxTaps8(y []float32, index []int32, x []float32, t tapRow)
TEXT ·maxTaps8(SB), NOSPLIT, $0-152
	MOVQ y_base+0(FP), DI           // DI = &y[0]
	MOVQ index_base+24(FP), BX      // BX = &index[0]
	MOVQ x_base+48(FP), SI          // SI = &x[0]
	ROW(72)                         // windows and taps
	PLACES(72)                      // their places
	MOVL $0xFF800000, AX            // -Inf
	VMOVD AX, X13                   // to a vector
	VPBROADCASTD X13, Y13           // Y13 = -Inf, ...

window:
	CHANNELS(72)                    // CX, R10

vector:
	TAPS(SI)                        // R11, R12
	VMOVDQA Y10, Y2                 // Y2 = the tap's place
	VMOVAPS Y13, Y0                 // Y0 = the largest so far: -Inf
	VMOVDQA Y10, Y1                 // Y1 = where: at the first tap
	CMPB t_more+144(FP), $0         // more?
	JEQ tap                         // no
	VMOVUPS (DI)(R10*1), Y0         // Y0 = y
	VMOVDQU (BX)(R10*1), Y1         // Y1 = index

tap:
	PREFETCHT0 1024(R12)            // windows to come: their order puzzles hardware
	VMOVUPS (R12), Y3               // Y3 = x
	VCMPPS $7, Y0, Y0, Y4           // Y4 = the largest is no NaN
	VCMPPS $6, Y0, Y3, Y5           // Y5 = x is not <= it
	VANDPS Y4, Y5, Y5               // Y5 = both
	VBLENDVPS Y5, Y3, Y0, Y0        // there, x is the largest
	VBLENDVPS Y5, Y2, Y1, Y1        // at this tap
	VPADDD Y11, Y2, Y2              // Y2 = the next tap's place
	ADDQ R8, R12                    // R12 = the next tap
	DECQ R11                        // a tap less
	JNZ tap                         // until none is left
	VMOVUPS Y0, (DI)(R10*1)         // y = Y0
	VMOVDQU Y1, (BX)(R10*1)         // index = Y1
	ADDQ $32, R10                   // next 8 channels
	SUBQ $8, CX                     // 8 less
	JGT vector                      // until none is left
	ADDQ DX, DI                     // y of the next window,
	ADDQ DX, BX                     // its index
	ADDQ R13, SI                    // and its first tap
	VPADDD Y12, Y10, Y10            // with its place
	DECQ R14                        // a window less
	JNZ window                      // until none is left
	VZEROUPPER                      // leave no dirty upper halves
	RET

// func maxTapsGrad8(dx, dy []float32, index []int32, t tapRow)
TEXT ·maxTapsGrad8(SB), NOSPLIT, $0-152
	MOVQ dx_base+0(FP), SI          // SI = &dx[0]
	MOVQ dy_base+24(FP), DI         // DI = &dy[0]
	MOVQ index_base+48(FP), BX      // BX = &index[0]
	ROW(72)                         // windows and taps
	PLACES(72)                      // their places

window:
	CHANNELS(72)                    // CX, R10

vector:
	TAPS(SI)                        // R11, R12
	VMOVUPS (DI)(R10*1), Y0         // Y0 = dy
	VMOVDQU (BX)(R10*1), Y1         // Y1 = index
	VMOVDQA Y10, Y2                 // Y2 = the tap's place

tap:
	VPCMPEQD Y2, Y1, Y3             // Y3 = index is this place
	VANDPS Y0, Y3, Y3               // Y3 = dy there, else 0
	VADDPS (R12), Y3, Y3            // Y3 += dx
	VMOVUPS Y3, (R12)               // dx = Y3
	VPADDD Y11, Y2, Y2              // Y2 = the next tap's place
	ADDQ R8, R12                    // R12 = the next tap
	DECQ R11                        // a tap less
	JNZ tap                         // until none is left
	ADDQ $32, R10                   // next 8 channels
	SUBQ $8, CX                     // 8 less
	JGT vector                      // until none is left
	ADDQ DX, DI                     // dy of the next window,
	ADDQ DX, BX                     // its index
	ADDQ R13, SI                    // and its first tap
	VPADDD Y12, Y10, Y10            // with its place
	DECQ R14                        // a window less
	JNZ window                      // until none is left
	VZEROUPPER                      // leave no dirty upper halves
	RET

// func addTaps8(y, x []float32, t tapRow)
TEXT ·addTaps8(SB), NOSPLIT, $0-128
	MOVQ y_base+0(FP), DI           // DI = &y[0]
	MOVQ x_base+24(FP), SI          // SI = &x[0]
	ROW(48)                         // windows and taps

window:
	CHANNELS(48)                    // CX, R10

vector:
	TAPS(SI)                        // R11, R12
	VXORPS Y0, Y0, Y0               // Y0 = 0
	CMPB t_more+120(FP), $0         // more?
	JEQ tap                         // no
	VMOVUPS (DI)(R10*1), Y0         // Y0 = y

tap:
	PREFETCHT0 1024(R12)            // windows to come: their order puzzles hardware
	VADDPS (R12), Y0, Y0            // Y0 += x
	ADDQ R8, R12                    // R12 = the next tap
	DECQ R11                        // a tap less
	JNZ tap                         // until none is left
	VMOVUPS Y0, (DI)(R10*1)         // y = Y0
	ADDQ $32, R10                   // next 8 channels
	SUBQ $8, CX                     // 8 less
	JGT vector                      // until none is left
	ADDQ DX, DI                     // y of the next window
	ADDQ R13, SI                    // and its first tap
	DECQ R14                        // a window less
	JNZ window                      // until none is left
	VZEROUPPER                      // leave no dirty upper halves
	RET

// func addTapsGrad8(dx, dy []float32, t tapRow)
TEXT ·addTapsGrad8(SB), NOSPLIT, $0-128
	MOVQ dx_base+0(FP), SI          // SI = &dx[0]
	MOVQ dy_base+24(FP), DI         // DI = &dy[0]
	ROW(48)                         // windows and taps

window:
	CHANNELS(48)                    // CX, R10

vector:
	TAPS(SI)                        // R11, R12
	VMOVUPS (DI)(R10*1), Y0         // Y0 = dy

tap:
	VADDPS (R12), Y0, Y1            // Y1 = dx + dy
	VMOVUPS Y1, (R12)               // dx = Y1
	ADDQ R8, R12                    // R12 = the next tap
	DECQ R11                        // a tap less
	JNZ tap                         // until none is left
	ADDQ $32, R10                   // next 8 channels
	SUBQ $8, CX                     // 8 less
	JGT vector                      // until none is left
	ADDQ DX, DI                     // dy of the next window
	ADDQ R13, SI                    // and its first tap
	DECQ R14                        // a window less
	JNZ window                      // until none is left
	VZEROUPPER                      // leave no dirty upper halves
	RET
