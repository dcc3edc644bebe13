#include "textflag.h"

// The loops go over windows, in each over vectors of 16 channels, and in each
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

// PLACES loads the places of the tapRow at t: Z10 of the first tap, Z11 and Z12
// from tap to tap and from window to window.
#define PLACES(t) \
	VPBROADCASTD t_place+(t+48)(FP), Z10     /* Z10 = place, ... */     \
	VPBROADCASTD t_placeStep+(t+64)(FP), Z11 /* Z11 = placeStep, ... */ \
	VPBROADCASTD t_placeMove+(t+56)(FP), Z12 /* Z12 = placeMove, ... */ \

// MORE sets K4 to all lanes where y goes on, else to none.
#define MORE(t) \
	MOVBQZX t_more+(t+72)(FP), AX /* AX = more */          \
	NEGQ AX                       /* all bits, or none */  \
	KMOVW AX, K4                  /* K4 = a bit a lane */  \

// CHANNELS starts a window: CX counts the channels that are left.
#define CHANNELS(t) \
	MOVQ t_channels+(t+16)(FP), CX /* CX = channels left */ \
	XORL R10, R10                  /* from the first on */  \

// LANES starts a vector: K1 is the lanes in use, R12 the first of R11 taps.
#define LANES(x) \
	MOVL $16, AX         /* lanes of a vector */           \
	CMPQ CX, AX          /* fewer channels than that? */   \
	CMOVQLT CX, AX       /* AX = channels of the vector */ \
	MOVL $0xFFFF, R12    /* a bit for each lane */         \
	BZHIL AX, R12, R12   /* R12 = the AX lower ones */     \
	KMOVW R12, K1        /* K1 = lanes in use */           \
	KANDW K1, K4, K5     /* K5 = those that go on */       \
	LEAQ (x)(R10*1), R12 /* R12 = the first tap */         \
	MOVQ R9, R11         /* R11 = taps left */             \

// func maxTapsAVX512(y []float32, index []int32, x []float32, t tapRow)
TEXT ·maxTapsAVX512(SB), NOSPLIT, $0-152
	MOVQ y_base+0(FP), DI           // DI = &y[0]
	MOVQ index_base+24(FP), BX      // BX = &index[0]
	MOVQ x_base+48(FP), SI          // SI = &x[0]
	ROW(72)                         // windows and taps
	PLACES(72)                      // their places
	MORE(72)                        // K4
	MOVL $0xFF800000, AX            // -Inf
	VPBROADCASTD AX, Z13            // Z13 = -Inf, ...

window:
	CHANNELS(72)                    // CX, R10

vector:
	LANES(SI)                       // K1, K5, R11, R12
	VMOVAPS Z13, Z0                 // Z0 = the largest so far: -Inf
	VMOVDQA32 Z10, Z1               // Z1 = where: at the first tap
	VMOVUPS (DI)(R10*1), K5, Z0     // or, going on, y
	VMOVDQU32 (BX)(R10*1), K5, Z1   // at index
	VMOVDQA32 Z10, Z2               // Z2 = the tap's place

tap:
	PREFETCHT0 1024(R12)            // windows to come: their order puzzles hardware
	VMOVUPS.Z (R12), K1, Z3         // Z3 = x
	VCMPPS $7, Z0, Z0, K1, K2       // K2 = the largest is no NaN
	VCMPPS $6, Z0, Z3, K2, K2       // K2 = and x is not <= it
	VMOVAPS Z3, K2, Z0              // there, x is the largest
	VMOVDQA32 Z2, K2, Z1            // at this tap
	VPADDD Z11, Z2, Z2              // Z2 = the next tap's place
	ADDQ R8, R12                    // R12 = the next tap
	DECQ R11                        // a tap less
	JNZ tap                         // until none is left
	VMOVUPS Z0, K1, (DI)(R10*1)     // y = Z0
	VMOVDQU32 Z1, K1, (BX)(R10*1)   // index = Z1
	ADDQ $64, R10                   // next 16 channels
	SUBQ $16, CX                    // 16 less
	JGT vector                      // until none is left
	ADDQ DX, DI                     // y of the next window,
	ADDQ DX, BX                     // its index
	ADDQ R13, SI                    // and its first tap
	VPADDD Z12, Z10, Z10            // with its place
	DECQ R14                        // a window less
	JNZ window                      // until none is left
	VZEROUPPER                      // leave no dirty upper halves
	RET

// func maxTapsGradAVX512(dx, dy []float32, index []int32, t tapRow)
TEXT ·maxTapsGradAVX512(SB), NOSPLIT, $0-152
	MOVQ dx_base+0(FP), SI          // SI = &dx[0]
	MOVQ dy_base+24(FP), DI         // DI = &dy[0]
	MOVQ index_base+48(FP), BX      // BX = &index[0]
	ROW(72)                         // windows and taps
	PLACES(72)                      // their places

window:
	CHANNELS(72)                    // CX, R10

vector:
	LANES(SI)                       // K1, R11, R12
	VMOVUPS.Z (DI)(R10*1), K1, Z0   // Z0 = dy
	VMOVDQU32.Z (BX)(R10*1), K1, Z1 // Z1 = index
	VMOVDQA32 Z10, Z2               // Z2 = the tap's place

tap:
	VPCMPEQD Z2, Z1, K1, K2         // K2 = index is this place
	VMOVUPS.Z (R12), K1, Z3         // Z3 = dx
	VADDPS Z0, Z3, K2, Z3           // there, Z3 += dy
	VMOVUPS Z3, K1, (R12)           // dx = Z3
	VPADDD Z11, Z2, Z2              // Z2 = the next tap's place
	ADDQ R8, R12                    // R12 = the next tap
	DECQ R11                        // a tap less
	JNZ tap                         // until none is left
	ADDQ $64, R10                   // next 16 channels
	SUBQ $16, CX                    // 16 less
	JGT vector                      // until none is left
	ADDQ DX, DI                     // dy of the next window,
	ADDQ DX, BX                     // its index
	ADDQ R13, SI                    // and its first tap
	VPADDD Z12, Z10, Z10            // with its place
	DECQ R14                        // a window less
	JNZ window                      // until none is left
	VZEROUPPER                      // leave no dirty upper halves
	RET

// func addTapsAVX512(y, x []float32, t tapRow)
TEXT ·addTapsAVX512(SB), NOSPLIT, $0-128
	MOVQ y_base+0(FP), DI           // DI = &y[0]
	MOVQ x_base+24(FP), SI          // SI = &x[0]
	ROW(48)                         // windows and taps
	MORE(48)                        // K4

window:
	CHANNELS(48)                    // CX, R10

vector:
	LANES(SI)                       // K1, K5, R11, R12
	VMOVUPS.Z (DI)(R10*1), K5, Z0   // Z0 = y where it goes on, else 0

tap:
	PREFETCHT0 1024(R12)            // windows to come: their order puzzles hardware
	VMOVUPS.Z (R12), K1, Z1         // Z1 = x
	VADDPS Z1, Z0, Z0               // Z0 += x
	ADDQ R8, R12                    // R12 = the next tap
	DECQ R11                        // a tap less
	JNZ tap                         // until none is left
	VMOVUPS Z0, K1, (DI)(R10*1)     // y = Z0
	ADDQ $64, R10                   // next 16 channels
	SUBQ $16, CX                    // 16 less
	JGT vector                      // until none is left
	ADDQ DX, DI                     // y of the next window
	ADDQ R13, SI                    // and its first tap
	DECQ R14                        // a window less
	JNZ window                      // until none is left
	VZEROUPPER                      // leave no dirty upper halves
	RET

// func addTapsGradAVX512(dx, dy []float32, t tapRow)
TEXT ·addTapsGradAVX512(SB), NOSPLIT, $0-128
	MOVQ dx_base+0(FP), SI          // SI = &dx[0]
	MOVQ dy_base+24(FP), DI         // DI = &dy[0]
	ROW(48)                         // windows and taps

window:
	CHANNELS(48)                    // CX, R10

vector:
	LANES(SI)                       // K1, R11, R12
	VMOVUPS.Z (DI)(R10*1), K1, Z0   // Z0 = dy

tap:
	VMOVUPS.Z (R12), K1, Z1         // Z1 = dx
	VADDPS Z0, Z1, Z1               // Z1 += dy
	VMOVUPS Z1, K1, (R12)           // dx = Z1
	ADDQ R8, R12                    // R12 = the next tap
	DECQ R11                        // a tap less
	JNZ tap                         // until none is left
	ADDQ $64, R10                   // next 16 channels
	SUBQ $16, CX                    // 16 less
	JGT vector                      // until none is left
	ADDQ DX, DI                     // dy of the next window
	ADDQ R13, SI                    // and its first tap
	DECQ R14                        // a window less
	JNZ window                      // until none is left
	VZEROUPPER                      // leave no dirty upper halves
	RET
