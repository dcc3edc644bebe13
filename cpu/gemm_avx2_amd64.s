#include "textflag.h"

// A micro-tile of 6 rows by 16 (or 8) columns stays in registers: row i in
// Y(2i), Y(2i+1). Each step of k loads a row of b, spreads one element of each
// row of a over a register, and multiplies and adds: 12 FMAs for 8 loads.

// OPERANDS loads the arguments; strides become bytes.
#define OPERANDS \
	MOVQ c_base+0(FP), DX   /* DX = &c[0] */        \
	MOVQ ldc+24(FP), BX     /* BX = ldc */          \
	MOVQ a_base+64(FP), SI  /* SI = row 0 of a */   \
	MOVQ rs+88(FP), R8      /* R8 = rs */           \
	MOVQ ks+96(FP), R9      /* R9 = ks */           \
	MOVQ b_base+104(FP), DI /* DI = row 0 of b */   \
	MOVQ ldb+128(FP), R10   /* R10 = ldb */         \
	MOVQ k+136(FP), CX      /* CX = k */            \
	SHLQ $2, BX             /* BX *= 4 */           \
	SHLQ $2, R8             /* R8 *= 4 */           \
	SHLQ $2, R9             /* R9 *= 4 */           \
	SHLQ $2, R10            /* R10 *= 4 */          \
	LEAQ (R8)(R8*2), R12    /* R12 = 3 rows of a */ \
	ADDQ SI, R12            /* R12 = row 3 of a */

// NEXT steps to the next k.
#define NEXT \
	ADDQ R9, SI  /* rows 0 to 2 of a: next column */ \
	ADDQ R9, R12 /* rows 3 to 5 */                   \
	ADDQ R10, DI /* next row of b */                 \
	DECQ CX      /* k-- */

// ROW adds x = a[i, k] times the row of b, in Y12 and Y13, to a row of the tile.
#define ROW(x, lo, hi) \
	VBROADCASTSS x, Y14      /* Y14 = x, x, ... */ \
	VFMADD231PS Y12, Y14, lo /* lo += x b[0:8] */  \
	VFMADD231PS Y13, Y14, hi /* hi += x b[8:16] */

// ROW8 does the same for the narrow tile.
#define ROW8(x, row) \
	VBROADCASTSS x, Y14       /* Y14 = x, x, ... */ \
	VFMADD231PS Y12, Y14, row /* row += x b[0:8] */

// TOUCH brings a row of c near, long before STORE wants it, and steps to the next.
#define TOUCH(row) \
	PREFETCHT0 (row)   /* c[0] */  \
	PREFETCHT0 60(row) /* c[15] */ \
	ADDQ BX, row       /* next row of c */

// INIT loads what the tile is added to, in the end.
#define INIT \
	MOVQ init_base+32(FP), AX /* AX = row 0 of init */ \
	MOVQ ldi+56(FP), R11      /* R11 = ldi */          \
	SHLQ $2, R11              /* R11 *= 4 */

// STORE puts a row of init and the tile into c, and steps to the next.
#define STORE(lo, hi) \
	VADDPS (AX), lo, lo   /* lo += init[0:8] */  \
	VADDPS 32(AX), hi, hi /* hi += init[8:16] */ \
	VMOVUPS lo, (DX)      /* c[0:8] = lo */      \
	VMOVUPS hi, 32(DX)    /* c[8:16] = hi */     \
	ADDQ BX, DX           /* next row of c */    \
	ADDQ R11, AX          /* next row of init */

// STORE8 does the same for the narrow tile.
#define STORE8(row) \
	VADDPS (AX), row, row /* row += init[0:8] */ \
	VMOVUPS row, (DX)     /* c[0:8] = row */     \
	ADDQ BX, DX           /* next row of c */    \
	ADDQ R11, AX          /* next row of init */

// ZERO clears two registers.
#define ZERO(x, y) \
	VXORPS x, x, x /* x = 0 */ \
	VXORPS y, y, y /* y = 0 */

// func gemm6x16(c []float32, ldc int, init []float32, ldi int, a []float32, rs, ks int, b []float32, ldb, k int)
TEXT ·gemm6x16(SB), NOSPLIT, $0-144
	OPERANDS                   // arguments
	MOVQ DX, AX                // AX = row 0 of c, wanted at the end
	TOUCH(AX)                  // row 0
	TOUCH(AX)                  // row 1
	TOUCH(AX)                  // row 2
	TOUCH(AX)                  // row 3
	TOUCH(AX)                  // row 4
	TOUCH(AX)                  // row 5
	ZERO(Y0, Y1)               // row 0 = 0
	ZERO(Y2, Y3)               // row 1
	ZERO(Y4, Y5)               // row 2
	ZERO(Y6, Y7)               // row 3
	ZERO(Y8, Y9)               // row 4
	ZERO(Y10, Y11)             // row 5
	TESTQ CX, CX               // k == 0?
	JZ    done                 // nothing to add

loop:
	VMOVUPS (DI), Y12          // Y12 = b[k, 0:8]
	VMOVUPS 32(DI), Y13        // Y13 = b[k, 8:16]
	ROW((SI), Y0, Y1)          // row 0 += a[0, k] b[k]
	ROW((SI)(R8*1), Y2, Y3)    // row 1
	ROW((SI)(R8*2), Y4, Y5)    // row 2
	ROW((R12), Y6, Y7)         // row 3
	ROW((R12)(R8*1), Y8, Y9)   // row 4
	ROW((R12)(R8*2), Y10, Y11) // row 5
	NEXT                       // k++
	JNZ loop                   // until k steps are done

done:
	INIT                       // and where it lies
	STORE(Y0, Y1)              // c[0] = init[0] + row 0
	STORE(Y2, Y3)              // c[1]
	STORE(Y4, Y5)              // c[2]
	STORE(Y6, Y7)              // c[3]
	STORE(Y8, Y9)              // c[4]
	STORE(Y10, Y11)            // c[5]
	VZEROUPPER                 // leave no dirty upper halves
	RET

// func gemm6x8(c []float32, ldc int, init []float32, ldi int, a []float32, rs, ks int, b []float32, ldb, k int)
TEXT ·gemm6x8(SB), NOSPLIT, $0-144
	OPERANDS              // arguments
	ZERO(Y0, Y1)          // rows 0 and 1 = 0
	ZERO(Y2, Y3)          // rows 2 and 3
	ZERO(Y4, Y5)          // rows 4 and 5
	TESTQ CX, CX          // k == 0?
	JZ    done            // nothing to add

loop:
	VMOVUPS (DI), Y12     // Y12 = b[k, 0:8]
	ROW8((SI), Y0)        // row 0 += a[0, k] b[k]
	ROW8((SI)(R8*1), Y1)  // row 1
	ROW8((SI)(R8*2), Y2)  // row 2
	ROW8((R12), Y3)       // row 3
	ROW8((R12)(R8*1), Y4) // row 4
	ROW8((R12)(R8*2), Y5) // row 5
	NEXT                  // k++
	JNZ loop              // until k steps are done

done:
	INIT                  // and where it lies
	STORE8(Y0)            // c[0] = init[0] + row 0
	STORE8(Y1)            // c[1]
	STORE8(Y2)            // c[2]
	STORE8(Y3)            // c[3]
	STORE8(Y4)            // c[4]
	STORE8(Y5)            // c[5]
	VZEROUPPER            // leave no dirty upper halves
	RET

// A block of 8 by 8 is transposed in three steps: pairs of rows interleaved,
// pairs of pairs, then halves exchanged.

// PAIRS interleaves two rows: lo and hi take x0 y0 x1 y1 of each half.
#define PAIRS(x, y, lo, hi) \
	VUNPCKLPS y, x, lo /* lo = x0 y0 x1 y1 | x4 y4 x5 y5 */ \
	VUNPCKHPS y, x, hi /* hi = x2 y2 x3 y3 | x6 y6 x7 y7 */

// QUADS interleaves two pairs: even and odd columns of four rows.
#define QUADS(x, y, even, odd) \
	VUNPCKLPD y, x, even /* even = first pairs of x and y in each half */ \
	VUNPCKHPD y, x, odd  /* odd = second pairs */

// HALVES stores two columns of eight: of rows x (0 to 3) and y (4 to 7).
#define HALVES(x, y, lo, hi) \
	VPERM2F128 $0x20, y, x, Y12 /* Y12 = low halves of x and y */  \
	VPERM2F128 $0x31, y, x, Y13 /* Y13 = high halves of x and y */ \
	VMOVUPS Y12, lo             /* column c */                     \
	VMOVUPS Y13, hi             /* column c+4 */

// FETCH brings near what a next call, for the next eight rows, will want of four.
#define FETCH(row) \
	PREFETCHT0 (row)        /* first row */  \
	PREFETCHT0 (row)(R9*1)  /* second row */ \
	PREFETCHT0 (row)(R9*2)  /* third row */  \
	PREFETCHT0 (row)(R10*1) /* fourth row */ \
	ADDQ $32, row           /* next 8 columns */

// func transpose8(dst []float32, ldd int, src []float32, lds, cols int)
TEXT ·transpose8(SB), NOSPLIT, $0-72
	MOVQ dst_base+0(FP), DI                   // DI = column 0 of dst
	MOVQ ldd+24(FP), R8                       // R8 = ldd
	MOVQ src_base+32(FP), SI                  // SI = row 0 of src
	MOVQ lds+56(FP), R9                       // R9 = lds
	MOVQ cols+64(FP), CX                      // CX = cols
	SHLQ $2, R8                               // R8 *= 4
	SHLQ $2, R9                               // R9 *= 4
	LEAQ (R9)(R9*2), R10                      // R10 = 3 rows of src
	LEAQ (SI)(R9*4), R12                      // R12 = row 4 of src
	LEAQ (R8)(R8*2), R11                      // R11 = 3 columns of dst
	LEAQ (SI)(R9*8), AX                       // AX = row 8 of src
	LEAQ (R12)(R9*8), BX                      // BX = row 12 of src
	SHRQ $3, CX                               // CX = blocks of 8 columns
	JZ   end                                  // no column

block:
	LEAQ (DI)(R8*4), R13                      // R13 = column 4 of dst
	FETCH(AX)                                 // rows 8 to 11
	FETCH(BX)                                 // rows 12 to 15
	VMOVUPS (SI), Y0                          // Y0 = row 0
	VMOVUPS (SI)(R9*1), Y1                    // Y1 = row 1
	VMOVUPS (SI)(R9*2), Y2                    // Y2 = row 2
	VMOVUPS (SI)(R10*1), Y3                   // Y3 = row 3
	VMOVUPS (R12), Y4                         // Y4 = row 4
	VMOVUPS (R12)(R9*1), Y5                   // Y5 = row 5
	VMOVUPS (R12)(R9*2), Y6                   // Y6 = row 6
	VMOVUPS (R12)(R10*1), Y7                  // Y7 = row 7
	PAIRS(Y0, Y1, Y8, Y9)                     // rows 0, 1
	PAIRS(Y2, Y3, Y10, Y11)                   // rows 2, 3
	QUADS(Y8, Y10, Y0, Y1)                    // rows 0 to 3 of columns 0|4, 1|5
	QUADS(Y9, Y11, Y2, Y3)                    // rows 0 to 3 of columns 2|6, 3|7
	PAIRS(Y4, Y5, Y8, Y9)                     // rows 4, 5
	PAIRS(Y6, Y7, Y10, Y11)                   // rows 6, 7
	QUADS(Y8, Y10, Y4, Y5)                    // rows 4 to 7 of columns 0|4, 1|5
	QUADS(Y9, Y11, Y6, Y7)                    // rows 4 to 7 of columns 2|6, 3|7
	HALVES(Y0, Y4, (DI), (R13))               // columns 0 and 4
	HALVES(Y1, Y5, (DI)(R8*1), (R13)(R8*1))   // columns 1 and 5
	HALVES(Y2, Y6, (DI)(R8*2), (R13)(R8*2))   // columns 2 and 6
	HALVES(Y3, Y7, (DI)(R11*1), (R13)(R11*1)) // columns 3 and 7
	ADDQ $32, SI                              // next 8 columns of rows 0 to 3
	ADDQ $32, R12                             // and of rows 4 to 7
	LEAQ (DI)(R8*8), DI                       // next 8 columns of dst
	DECQ CX                                   // a block less
	JNZ  block                                // until none is left
	VZEROUPPER                                // leave no dirty upper halves

end:
	RET

// func copyRows(dst []float32, ldd int, src []float32, lds, cols, rows int)
TEXT ·copyRows(SB), NOSPLIT, $0-80
	MOVQ dst_base+0(FP), DI  // DI = row 0 of dst
	MOVQ ldd+24(FP), R8      // R8 = ldd
	MOVQ src_base+32(FP), SI // SI = row 0 of src
	MOVQ lds+56(FP), R9      // R9 = lds
	MOVQ cols+64(FP), DX     // DX = cols
	MOVQ rows+72(FP), CX     // CX = rows
	SHLQ $2, R8              // R8 *= 4
	SHLQ $2, R9              // R9 *= 4
	SHLQ $2, DX              // DX *= 4
	JZ   copied              // no column
	LEAQ (SI)(R9*8), R10     // R10 = row 8 of src
	LEAQ (R10)(R9*8), R10    // R10 = row 16
	TESTQ CX, CX             // rows == 0?
	JZ   copied              // no row

row:
	XORQ AX, AX              // AX = 0, where column 0 is in a row

columns:
	PREFETCHT0 (R10)(AX*1)   // 16 rows on
	VMOVUPS (SI)(AX*1), Y0   // Y0 = 8 of src
	VMOVUPS Y0, (DI)(AX*1)   // 8 of dst = Y0
	ADDQ $32, AX             // next 8 columns
	CMPQ AX, DX              // is the row done?
	JLT  columns             // until it is
	ADDQ R9, SI              // next row of src
	ADDQ R9, R10             // and of what is fetched
	ADDQ R8, DI              // next row of dst
	DECQ CX                  // a row less
	JNZ  row                 // until none is left
	VZEROUPPER               // leave no dirty upper halves

copied:
	RET
