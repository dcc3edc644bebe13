#include "textflag.h"

// The loops go over windows, in each over vectors of 4 channels, and in each over
// taps. R10 is how far the channels of the vector are from the first, in bytes.

// FADD, FCMEQ and FCMGE set d to n + m, n == m and n >= m of float32, by the numbers
// of vector registers; Go's assembler lacks them. Arm Architecture Reference Manual
// for A-profile, C7.2.
#define FADD(m, n, d)  WORD $(0x4E20D400 | (m)<<16 | (n)<<5 | (d))
#define FCMEQ(m, n, d) WORD $(0x4E20E400 | (m)<<16 | (n)<<5 | (d))
#define FCMGE(m, n, d) WORD $(0x6E20E400 | (m)<<16 | (n)<<5 | (d))

// ROW loads the tapRow at t. R14 counts windows, R9 is how many taps; R4, R13 and R8
// are yMove, xMove and xStep in bytes.
#define ROW(t) \
	MOVD t_windows+(t)(FP), R14  /* R14 = windows */ \
	MOVD t_taps+(t+8)(FP), R9    /* R9 = taps */     \
	MOVD t_yMove+(t+24)(FP), R4  /* R4 = yMove */    \
	LSL  $2, R4                  /* in bytes */      \
	MOVD t_xMove+(t+32)(FP), R13 /* R13 = xMove */   \
	LSL  $2, R13                 /* in bytes */      \
	MOVD t_xStep+(t+40)(FP), R8  /* R8 = xStep */    \
	LSL  $2, R8                  /* in bytes */

// PLACES loads the places of the tapRow at t: V10 of the first tap, V11 and V12 from
// tap to tap and from window to window.
#define PLACES(t) \
	MOVD t_place+(t+48)(FP), R15     /* R15 = place */          \
	VDUP R15, V10.S4                 /* V10 = place, ... */     \
	MOVD t_placeStep+(t+64)(FP), R15 /* R15 = placeStep */      \
	VDUP R15, V11.S4                 /* V11 = placeStep, ... */ \
	MOVD t_placeMove+(t+56)(FP), R15 /* R15 = placeMove */      \
	VDUP R15, V12.S4                 /* V12 = placeMove, ... */

// CHANNELS starts a window: R11 counts the channels that are left.
#define CHANNELS(t) \
	MOVD t_channels+(t+16)(FP), R11 /* R11 = channels left */ \
	MOVD $0, R10                    /* from the first on */

// TAPS starts a vector: R12 is the first of R7 taps.
#define TAPS(x) \
	ADD  R10, x, R12 /* R12 = the first tap */ \
	MOVD R9, R7      /* R7 = taps left */

// func maxTaps4(y []float32, index []int32, x []float32, t tapRow)
TEXT ·maxTaps4(SB), NOSPLIT, $0-152
	MOVD y_base+0(FP), R0       // R0 = &y[0]
	MOVD index_base+24(FP), R1  // R1 = &index[0]
	MOVD x_base+48(FP), R2      // R2 = &x[0]
	ROW(72)                     // windows and taps
	PLACES(72)                  // their places
	MOVBU t_more+144(FP), R3    // R3 = more
	MOVD $0xFF800000, R15       // -Inf
	VDUP R15, V13.S4            // V13 = -Inf, ...

window:
	CHANNELS(72)                // R10, R11

vector:
	TAPS(R2)                    // R7, R12
	ADD R10, R0, R5             // R5 = y of the vector
	ADD R10, R1, R6             // R6 = its index
	VMOV V10.B16, V2.B16        // V2 = the tap's place
	VMOV V13.B16, V0.B16        // V0 = the largest so far: -Inf
	VMOV V10.B16, V1.B16        // V1 = where: at the first tap
	CBZ R3, tap                 // nothing came before
	VLD1 (R5), [V0.S4]          // V0 = y
	VLD1 (R6), [V1.S4]          // V1 = index

tap:
	VLD1.P (R12)(R8), [V3.S4]   // V3 = x; the next tap
	FCMEQ(0, 0, 4)              // V4 = the largest is no NaN
	FCMGE(3, 0, 5)              // V5 = it is >= x, then it is none
	VEOR V4.B16, V5.B16, V5.B16 // V5 = no NaN and not >= x
	VBIT V5.B16, V3.B16, V0.B16 // there, x is the largest
	VBIT V5.B16, V2.B16, V1.B16 // at this tap
	VADD V11.S4, V2.S4, V2.S4   // V2 = the next tap's place
	SUBS $1, R7                 // a tap less
	BNE tap                     // until none is left
	VST1 [V0.S4], (R5)          // y = V0
	VST1 [V1.S4], (R6)          // index = V1
	ADD $16, R10                // next 4 channels
	SUBS $4, R11                // 4 less
	BGT vector                  // until none is left
	ADD R4, R0                  // y of the next window,
	ADD R4, R1                  // its index
	ADD R13, R2                 // and its first tap
	VADD V12.S4, V10.S4, V10.S4 // with its place
	SUBS $1, R14                // a window less
	BNE window                  // until none is left
	RET

// func maxTapsGrad4(dx, dy []float32, index []int32, t tapRow)
TEXT ·maxTapsGrad4(SB), NOSPLIT, $0-152
	MOVD dx_base+0(FP), R2      // R2 = &dx[0]
	MOVD dy_base+24(FP), R0     // R0 = &dy[0]
	MOVD index_base+48(FP), R1  // R1 = &index[0]
	ROW(72)                     // windows and taps
	PLACES(72)                  // their places

window:
	CHANNELS(72)                // R10, R11

vector:
	TAPS(R2)                    // R7, R12
	ADD R10, R0, R5             // R5 = dy of the vector
	ADD R10, R1, R6             // R6 = its index
	VLD1 (R5), [V0.S4]          // V0 = dy
	VLD1 (R6), [V1.S4]          // V1 = index
	VMOV V10.B16, V2.B16        // V2 = the tap's place

tap:
	VCMEQ V2.S4, V1.S4, V3.S4   // V3 = index is this place
	VAND V0.B16, V3.B16, V3.B16 // V3 = dy there, else 0
	VLD1 (R12), [V4.S4]         // V4 = dx
	FADD(3, 4, 4)               // V4 += V3
	VST1.P [V4.S4], (R12)(R8)   // dx = V4; the next tap
	VADD V11.S4, V2.S4, V2.S4   // V2 = its place
	SUBS $1, R7                 // a tap less
	BNE tap                     // until none is left
	ADD $16, R10                // next 4 channels
	SUBS $4, R11                // 4 less
	BGT vector                  // until none is left
	ADD R4, R0                  // dy of the next window,
	ADD R4, R1                  // its index
	ADD R13, R2                 // and its first tap
	VADD V12.S4, V10.S4, V10.S4 // with its place
	SUBS $1, R14                // a window less
	BNE window                  // until none is left
	RET

// func addTaps4(y, x []float32, t tapRow)
TEXT ·addTaps4(SB), NOSPLIT, $0-128
	MOVD y_base+0(FP), R0       // R0 = &y[0]
	MOVD x_base+24(FP), R2      // R2 = &x[0]
	ROW(48)                     // windows and taps
	MOVBU t_more+120(FP), R3    // R3 = more

window:
	CHANNELS(48)                // R10, R11

vector:
	TAPS(R2)                    // R7, R12
	ADD R10, R0, R5             // R5 = y of the vector
	VEOR V0.B16, V0.B16, V0.B16 // V0 = 0
	CBZ R3, tap                 // nothing came before
	VLD1 (R5), [V0.S4]          // V0 = y

tap:
	VLD1.P (R12)(R8), [V1.S4]   // V1 = x; the next tap
	FADD(1, 0, 0)               // V0 += V1
	SUBS $1, R7                 // a tap less
	BNE tap                     // until none is left
	VST1 [V0.S4], (R5)          // y = V0
	ADD $16, R10                // next 4 channels
	SUBS $4, R11                // 4 less
	BGT vector                  // until none is left
	ADD R4, R0                  // y of the next window
	ADD R13, R2                 // and its first tap
	SUBS $1, R14                // a window less
	BNE window                  // until none is left
	RET

// func addTapsGrad4(dx, dy []float32, t tapRow)
TEXT ·addTapsGrad4(SB), NOSPLIT, $0-128
	MOVD dx_base+0(FP), R2    // R2 = &dx[0]
	MOVD dy_base+24(FP), R0   // R0 = &dy[0]
	ROW(48)                   // windows and taps

window:
	CHANNELS(48)              // R10, R11

vector:
	TAPS(R2)                  // R7, R12
	ADD R10, R0, R5           // R5 = dy of the vector
	VLD1 (R5), [V0.S4]        // V0 = dy

tap:
	VLD1 (R12), [V1.S4]       // V1 = dx
	FADD(0, 1, 1)             // V1 += dy
	VST1.P [V1.S4], (R12)(R8) // dx = V1; the next tap
	SUBS $1, R7               // a tap less
	BNE tap                   // until none is left
	ADD $16, R10              // next 4 channels
	SUBS $4, R11              // 4 less
	BGT vector                // until none is left
	ADD R4, R0                // dy of the next window
	ADD R13, R2               // and its first tap
	SUBS $1, R14              // a window less
	BNE window                // until none is left
	RET
