#include "textflag.h"

// A micro-tile of 6 rows by 16 (or 8) columns stays in registers: row i in V(8+4i)
// to V(11+4i). Each step of k loads a row of b and one element of each row of a,
// and multiplies the row by each element: 24 FMAs for 10 loads. An element stays
// in the lowest lane; to spread it would cost a vector instruction more.

// FMLA adds n times the lowest element of m to d, by the numbers of vector
// registers: FMLA Vd.4S, Vn.4S, Vm.S[0], which Go's assembler lacks. Arm
// Architecture Reference Manual for A-profile, FMLA (by element).
#define FMLA(m, n, d) WORD $(0x4F801000 | (m)<<16 | (n)<<5 | (d))

// OPERANDS loads the arguments; strides become bytes.
#define OPERANDS \
	MOVD c_base+0(FP), R0      /* R0 = &c[0] */          \
	MOVD ldc+24(FP), R1        /* R1 = ldc */            \
	MOVD init_base+32(FP), R14 /* R14 = row 0 of init */ \
	MOVD ldi+56(FP), R15       /* R15 = ldi */           \
	MOVD a_base+64(FP), R2     /* R2 = row 0 of a */     \
	MOVD rs+88(FP), R8         /* R8 = rs */             \
	MOVD ks+96(FP), R9         /* R9 = ks */             \
	MOVD b_base+104(FP), R10   /* R10 = row 0 of b */    \
	MOVD ldb+128(FP), R11      /* R11 = ldb */           \
	MOVD k+136(FP), R12        /* R12 = k */             \
	LSL  $2, R1                /* R1 *= 4 */             \
	LSL  $2, R15               /* R15 *= 4 */            \
	LSL  $2, R8                /* R8 *= 4 */             \
	LSL  $2, R9                /* R9 *= 4 */             \
	LSL  $2, R11               /* R11 *= 4 */            \
	ADD  R8, R2, R3            /* R3 = row 1 of a */     \
	ADD  R8, R3, R4            /* R4 = row 2 */          \
	ADD  R8, R4, R5            /* R5 = row 3 */          \
	ADD  R8, R5, R6            /* R6 = row 4 */          \
	ADD  R8, R6, R7            /* R7 = row 5 */          \
	MOVD $0, R13               /* R13 = 0, where k is in a row of a */

// LOAD loads a row of init and steps to the next.
#define LOAD(v0, v1, v2, v3) \
	VLD1.P (R14)(R15), [v0.S4, v1.S4, v2.S4, v3.S4] /* init[0:16] */

// STORE stores a row of c and steps to the next.
#define STORE(v0, v1, v2, v3) \
	VST1.P [v0.S4, v1.S4, v2.S4, v3.S4], (R0)(R1) /* c[0:16] */

// ROW adds x = a[i, k], in register m, times the row of b, in V0 to V3, to a row of
// the tile.
#define ROW(m, d0, d1, d2, d3) \
	FMLA(m, 0, d0) /* d0 += x b[0:4] */  \
	FMLA(m, 1, d1) /* d1 += x b[4:8] */  \
	FMLA(m, 2, d2) /* d2 += x b[8:12] */ \
	FMLA(m, 3, d3) /* d3 += x b[12:16] */

// func gemm6x16(c []float32, ldc int, init []float32, ldi int, a []float32, rs, ks int, b []float32, ldb, k int)
TEXT ·gemm6x16(SB), NOSPLIT, $0-144
	OPERANDS                 // arguments
	LOAD(V8, V9, V10, V11)   // row 0 = init[0]
	LOAD(V12, V13, V14, V15) // row 1 = init[1]
	LOAD(V16, V17, V18, V19) // row 2 = init[2]
	LOAD(V20, V21, V22, V23) // row 3 = init[3]
	LOAD(V24, V25, V26, V27) // row 4 = init[4]
	LOAD(V28, V29, V30, V31) // row 5 = init[5]
	CBZ  R12, done           // k == 0: nothing to add

loop:
	VLD1.P (R10)(R11), [V0.S4, V1.S4, V2.S4, V3.S4] // V0 to V3 = b[k]; next row of b
	FMOVS (R2)(R13), F4                             // V4 = a[0, k]
	FMOVS (R3)(R13), F5                             // V5 = a[1, k]
	FMOVS (R4)(R13), F6                             // V6 = a[2, k]
	FMOVS (R5)(R13), F7                             // V7 = a[3, k]
	ROW(4, 8, 9, 10, 11)                            // row 0 += a[0, k] b[k]
	FMOVS (R6)(R13), F4                             // V4 = a[4, k]
	ROW(5, 12, 13, 14, 15)                          // row 1 += a[1, k] b[k]
	FMOVS (R7)(R13), F5                             // V5 = a[5, k]
	ROW(6, 16, 17, 18, 19)                          // row 2 += a[2, k] b[k]
	ROW(7, 20, 21, 22, 23)                          // row 3 += a[3, k] b[k]
	ROW(4, 24, 25, 26, 27)                          // row 4 += a[4, k] b[k]
	ROW(5, 28, 29, 30, 31)                          // row 5 += a[5, k] b[k]
	ADD  R9, R13                                    // k++ in a
	SUBS $1, R12                                    // a step less
	BNE  loop                                       // until k steps are done

done:
	STORE(V8, V9, V10, V11)   // c[0] = row 0
	STORE(V12, V13, V14, V15) // c[1] = row 1
	STORE(V16, V17, V18, V19) // c[2] = row 2
	STORE(V20, V21, V22, V23) // c[3] = row 3
	STORE(V24, V25, V26, V27) // c[4] = row 4
	STORE(V28, V29, V30, V31) // c[5] = row 5
	RET

// ROW8 does what ROW does for the narrow tile, of rows in V(8+2i) and V(9+2i).
#define ROW8(m, d0, d1) \
	FMLA(m, 0, d0) /* d0 += x b[0:4] */ \
	FMLA(m, 1, d1) /* d1 += x b[4:8] */

// LOAD8 does what LOAD does for the narrow tile.
#define LOAD8(v0, v1) \
	VLD1.P (R14)(R15), [v0.S4, v1.S4] /* init[0:8] */

// STORE8 does what STORE does for the narrow tile.
#define STORE8(v0, v1) \
	VST1.P [v0.S4, v1.S4], (R0)(R1) /* c[0:8] */

// func gemm6x8(c []float32, ldc int, init []float32, ldi int, a []float32, rs, ks int, b []float32, ldb, k int)
TEXT ·gemm6x8(SB), NOSPLIT, $0-144
	OPERANDS        // arguments
	LOAD8(V8, V9)   // row 0 = init[0]
	LOAD8(V10, V11) // row 1 = init[1]
	LOAD8(V12, V13) // row 2 = init[2]
	LOAD8(V14, V15) // row 3 = init[3]
	LOAD8(V16, V17) // row 4 = init[4]
	LOAD8(V18, V19) // row 5 = init[5]
	CBZ  R12, done  // k == 0: nothing to add

loop:
	VLD1.P (R10)(R11), [V0.S4, V1.S4] // V0 to V1 = b[k]; next row of b
	FMOVS (R2)(R13), F4               // V4 = a[0, k]
	FMOVS (R3)(R13), F5               // V5 = a[1, k]
	FMOVS (R4)(R13), F6               // V6 = a[2, k]
	FMOVS (R5)(R13), F7               // V7 = a[3, k]
	ROW8(4, 8, 9)                     // row 0 += a[0, k] b[k]
	FMOVS (R6)(R13), F4               // V4 = a[4, k]
	ROW8(5, 10, 11)                   // row 1 += a[1, k] b[k]
	FMOVS (R7)(R13), F5               // V5 = a[5, k]
	ROW8(6, 12, 13)                   // row 2 += a[2, k] b[k]
	ROW8(7, 14, 15)                   // row 3 += a[3, k] b[k]
	ROW8(4, 16, 17)                   // row 4 += a[4, k] b[k]
	ROW8(5, 18, 19)                   // row 5 += a[5, k] b[k]
	ADD  R9, R13                      // k++ in a
	SUBS $1, R12                      // a step less
	BNE  loop                         // until k steps are done

done:
	STORE8(V8, V9)   // c[0] = row 0
	STORE8(V10, V11) // c[1] = row 1
	STORE8(V12, V13) // c[2] = row 2
	STORE8(V14, V15) // c[3] = row 3
	STORE8(V16, V17) // c[4] = row 4
	STORE8(V18, V19) // c[5] = row 5
	RET

// A block of 8 rows by 4 columns is transposed in two steps: rows interleaved in
// pairs, then pairs of pairs.

// PAIRS interleaves two rows.
#define PAIRS(x, y, lo, hi) \
	VZIP1 y.S4, x.S4, lo.S4 /* lo = x0 y0 x1 y1 */ \
	VZIP2 y.S4, x.S4, hi.S4 /* hi = x2 y2 x3 y3 */

// QUADS makes four rows of two columns from two pairs of rows.
#define QUADS(x, y, even, odd) \
	VZIP1 y.D2, x.D2, even.D2 /* even = lower pairs of x and y */ \
	VZIP2 y.D2, x.D2, odd.D2  /* odd = upper pairs */

// func transpose8(dst []float32, ldd int, src []float32, lds, cols int)
TEXT ·transpose8(SB), NOSPLIT, $0-72
	MOVD dst_base+0(FP), R0  // R0 = column 0 of dst
	MOVD ldd+24(FP), R1      // R1 = ldd
	MOVD src_base+32(FP), R2 // R2 = row 0 of src
	MOVD lds+56(FP), R10     // R10 = lds
	MOVD cols+64(FP), R11    // R11 = cols
	LSL  $2, R1              // R1 *= 4
	LSL  $2, R10             // R10 *= 4
	ADD  R10, R2, R3         // R3 = row 1 of src
	ADD  R10, R3, R4         // R4 = row 2 of src
	ADD  R10, R4, R5         // R5 = row 3 of src
	ADD  R10, R5, R6         // R6 = row 4 of src
	ADD  R10, R6, R7         // R7 = row 5 of src
	ADD  R10, R7, R8         // R8 = row 6 of src
	ADD  R10, R8, R9         // R9 = row 7 of src
	LSR  $2, R11             // R11 = blocks of 4 columns
	CBZ  R11, end            // no column

block:
	VLD1.P 16(R2), [V0.S4]            // V0 = row 0; next columns
	VLD1.P 16(R3), [V1.S4]            // V1 = row 1; next columns
	VLD1.P 16(R4), [V2.S4]            // V2 = row 2; next columns
	VLD1.P 16(R5), [V3.S4]            // V3 = row 3; next columns
	VLD1.P 16(R6), [V4.S4]            // V4 = row 4; next columns
	VLD1.P 16(R7), [V5.S4]            // V5 = row 5; next columns
	VLD1.P 16(R8), [V6.S4]            // V6 = row 6; next columns
	VLD1.P 16(R9), [V7.S4]            // V7 = row 7; next columns
	PAIRS(V0, V1, V16, V17)           // rows 0, 1
	PAIRS(V2, V3, V18, V19)           // rows 2, 3
	PAIRS(V4, V5, V20, V21)           // rows 4, 5
	PAIRS(V6, V7, V22, V23)           // rows 6, 7
	QUADS(V16, V18, V24, V26)         // rows 0 to 3 of columns 0, 1
	QUADS(V20, V22, V25, V27)         // rows 4 to 7 of columns 0, 1
	QUADS(V17, V19, V28, V30)         // rows 0 to 3 of columns 2, 3
	QUADS(V21, V23, V29, V31)         // rows 4 to 7 of columns 2, 3
	VST1.P [V24.S4, V25.S4], (R0)(R1) // column 0; next column
	VST1.P [V26.S4, V27.S4], (R0)(R1) // column 1; next column
	VST1.P [V28.S4, V29.S4], (R0)(R1) // column 2; next column
	VST1.P [V30.S4, V31.S4], (R0)(R1) // column 3; next column
	SUBS $1, R11                      // a block less
	BNE  block                        // until none is left

end:
	RET
