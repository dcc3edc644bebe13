#include "textflag.h"
#include "pairs_amd64.h"

// gemm_avx512_amd64.s on words that are pairs of BFloat16: where that multiplies
// and adds, VDPBF16PS adds both products of a pair. Words go into Z24 to Z26.

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
	LEAQ (R8)(R8*2), R11    /* R11 = 3 rows of a */ \
	LEAQ (SI)(R11*1), R12   /* R12 = row 3 of a */  \
	LEAQ (SI)(R11*2), R13   /* R13 = row 6 of a */

// NEXT steps to the next k.
#define NEXT \
	ADDQ R9, SI  /* rows 0 to 2 of a: next column */ \
	ADDQ R9, R12 /* rows 3 to 5 */                   \
	ADDQ R9, R13 /* rows 6 and 7 */                  \
	ADDQ R10, DI /* next row of b */                 \
	DECQ CX      /* k-- */

// INIT loads what the tile is added to, in the end.
#define INIT \
	MOVQ init_base+32(FP), AX /* AX = row 0 of init */ \
	MOVQ ldi+56(FP), R11      /* R11 = ldi */          \
	SHLQ $2, R11              /* R11 *= 4 */

// STORE puts a row of init and the tile into c, and steps to the next.
#define STORE(lo, hi) \
	VADDPS (AX), lo, lo   /* lo += init[0:16] */  \
	VADDPS 64(AX), hi, hi /* hi += init[16:32] */ \
	VMOVUPS lo, (DX)      /* c[0:16] = lo */      \
	VMOVUPS hi, 64(DX)    /* c[16:32] = hi */     \
	ADDQ BX, DX           /* next row of c */     \
	ADDQ R11, AX          /* next row of init */

// STORE16 does the same for the narrow tile.
#define STORE16(row) \
	VADDPS (AX), row, row /* row += init[0:16] */ \
	VMOVUPS row, (DX)     /* c[0:16] = row */     \
	ADDQ BX, DX           /* next row of c */     \
	ADDQ R11, AX          /* next row of init */

// FETCH brings a row of c near, long before STORE wants it, and steps to the next.
#define FETCH(row) \
	PREFETCHT0 (row)   /* c[0:16] */  \
	PREFETCHT0 64(row) /* c[16:32] */ \
	ADDQ BX, row       /* next row of c */

// func dot8x32(c []float32, ldc int, init []float32, ldi int, a []float32, rs, ks int, b []float32, ldb, k int)
TEXT ·dot8x32(SB), NOSPLIT, $0-144
	OPERANDS       // arguments
	MOVQ DX, AX    // AX = row 0 of c, wanted at the end
	FETCH(AX)      // row 0
	FETCH(AX)      // row 1
	FETCH(AX)      // row 2
	FETCH(AX)      // row 3
	FETCH(AX)      // row 4
	FETCH(AX)      // row 5
	FETCH(AX)      // row 6
	FETCH(AX)      // row 7
	ZERO(Z0, Z1)   // row 0 = 0
	ZERO(Z2, Z3)   // row 1
	ZERO(Z4, Z5)   // row 2
	ZERO(Z6, Z7)   // row 3
	ZERO(Z8, Z9)   // row 4
	ZERO(Z10, Z11) // row 5
	ZERO(Z12, Z13) // row 6
	ZERO(Z14, Z15) // row 7
	TESTQ CX, CX   // k == 0?
	JZ    done     // nothing to add

loop:
	VMOVUPS (DI), Z24                                              // Z24 = b[k, 0:16]
	VMOVUPS 64(DI), Z25                                            // Z25 = b[k, 16:32]
	ROW((SI), VDPBF16PS_Z24_Z26_Z0, VDPBF16PS_Z25_Z26_Z1)          // row 0 += a[0, k] . b[k]
	ROW((SI)(R8*1), VDPBF16PS_Z24_Z26_Z2, VDPBF16PS_Z25_Z26_Z3)    // row 1
	ROW((SI)(R8*2), VDPBF16PS_Z24_Z26_Z4, VDPBF16PS_Z25_Z26_Z5)    // row 2
	ROW((R12), VDPBF16PS_Z24_Z26_Z6, VDPBF16PS_Z25_Z26_Z7)         // row 3
	ROW((R12)(R8*1), VDPBF16PS_Z24_Z26_Z8, VDPBF16PS_Z25_Z26_Z9)   // row 4
	ROW((R12)(R8*2), VDPBF16PS_Z24_Z26_Z10, VDPBF16PS_Z25_Z26_Z11) // row 5
	ROW((R13), VDPBF16PS_Z24_Z26_Z12, VDPBF16PS_Z25_Z26_Z13)       // row 6
	ROW((R13)(R8*1), VDPBF16PS_Z24_Z26_Z14, VDPBF16PS_Z25_Z26_Z15) // row 7
	NEXT                                                           // k++
	JNZ loop                                                       // until k steps are done

done:
	INIT            // and where it lies
	STORE(Z0, Z1)   // c[0] = init[0] + row 0
	STORE(Z2, Z3)   // c[1]
	STORE(Z4, Z5)   // c[2]
	STORE(Z6, Z7)   // c[3]
	STORE(Z8, Z9)   // c[4]
	STORE(Z10, Z11) // c[5]
	STORE(Z12, Z13) // c[6]
	STORE(Z14, Z15) // c[7]
	VZEROUPPER      // leave no dirty upper halves
	RET

// func dot8x16(c []float32, ldc int, init []float32, ldi int, a []float32, rs, ks int, b []float32, ldb, k int)
TEXT ·dot8x16(SB), NOSPLIT, $0-144
	OPERANDS       // arguments
	ZERO(Z0, Z1)   // rows 0 and 1 = 0
	ZERO(Z2, Z3)   // rows 2 and 3
	ZERO(Z4, Z5)   // rows 4 and 5
	ZERO(Z6, Z7)   // rows 6 and 7
	ZERO(Z8, Z9)   // rows 0 and 1, for odd k
	ZERO(Z10, Z11) // rows 2 and 3
	ZERO(Z12, Z13) // rows 4 and 5
	ZERO(Z14, Z15) // rows 6 and 7
	TESTQ CX, CX   // k == 0?
	JZ    done     // nothing to add

loop:
	VMOVUPS (DI), Z24                         // Z24 = b[k, 0:16]
	ROW16((SI), VDPBF16PS_Z24_Z26_Z0)         // row 0 += a[0, k] . b[k]
	ROW16((SI)(R8*1), VDPBF16PS_Z24_Z26_Z1)   // row 1
	ROW16((SI)(R8*2), VDPBF16PS_Z24_Z26_Z2)   // row 2
	ROW16((R12), VDPBF16PS_Z24_Z26_Z3)        // row 3
	ROW16((R12)(R8*1), VDPBF16PS_Z24_Z26_Z4)  // row 4
	ROW16((R12)(R8*2), VDPBF16PS_Z24_Z26_Z5)  // row 5
	ROW16((R13), VDPBF16PS_Z24_Z26_Z6)        // row 6
	ROW16((R13)(R8*1), VDPBF16PS_Z24_Z26_Z7)  // row 7
	NEXT                                      // k++
	JZ   done                                 // none is left
	VMOVUPS (DI), Z25                         // Z25 = b[k, 0:16]
	ROW16((SI), VDPBF16PS_Z25_Z26_Z8)         // row 0 += a[0, k] . b[k]
	ROW16((SI)(R8*1), VDPBF16PS_Z25_Z26_Z9)   // row 1
	ROW16((SI)(R8*2), VDPBF16PS_Z25_Z26_Z10)  // row 2
	ROW16((R12), VDPBF16PS_Z25_Z26_Z11)       // row 3
	ROW16((R12)(R8*1), VDPBF16PS_Z25_Z26_Z12) // row 4
	ROW16((R12)(R8*2), VDPBF16PS_Z25_Z26_Z13) // row 5
	ROW16((R13), VDPBF16PS_Z25_Z26_Z14)       // row 6
	ROW16((R13)(R8*1), VDPBF16PS_Z25_Z26_Z15) // row 7
	NEXT                                      // k++
	JNZ loop                                  // until k steps are done

done:
	INIT               // and where it lies
	VADDPS Z8, Z0, Z0  // row 0 += its odd k
	VADDPS Z9, Z1, Z1  // row 1 += its odd k
	VADDPS Z10, Z2, Z2 // row 2 += its odd k
	VADDPS Z11, Z3, Z3 // row 3 += its odd k
	VADDPS Z12, Z4, Z4 // row 4 += its odd k
	VADDPS Z13, Z5, Z5 // row 5 += its odd k
	VADDPS Z14, Z6, Z6 // row 6 += its odd k
	VADDPS Z15, Z7, Z7 // row 7 += its odd k
	STORE16(Z0)        // c[0] = init[0] + row 0
	STORE16(Z1)        // c[1]
	STORE16(Z2)        // c[2]
	STORE16(Z3)        // c[3]
	STORE16(Z4)        // c[4]
	STORE16(Z5)        // c[5]
	STORE16(Z6)        // c[6]
	STORE16(Z7)        // c[7]
	VZEROUPPER         // leave no dirty upper halves
	RET

// func interleaveAVX512(dst []float32, ldd int, lo, hi []bfloat16, lds, cols, rows int)
TEXT ·interleaveAVX512(SB), NOSPLIT, $0-104
	MOVQ dst_base+0(FP), DI // DI = row 0 of dst
	MOVQ ldd+24(FP), R8     // R8 = ldd
	MOVQ lo_base+32(FP), SI // SI = row 0 of lo
	MOVQ hi_base+56(FP), DX // DX = row 0 of hi
	MOVQ lds+80(FP), R9     // R9 = lds
	MOVQ cols+88(FP), BX    // BX = cols
	MOVQ rows+96(FP), CX    // CX = rows
	SHLQ $2, R8             // R8 *= 4
	ADDQ R9, R9             // R9 *= 2
	LEAQ (SI)(R9*8), R10    // R10 = row 8 of lo
	LEAQ (DX)(R9*8), R11    // R11 = row 8 of hi
	TESTQ BX, BX            // cols == 0?
	JZ   end                // no column
	TESTQ CX, CX            // rows == 0?
	JZ   end                // no row

row:
	XORQ AX, AX // AX = 0, the column

words:
	PREFETCHT0 (R10)(AX*2)   // 8 rows on
	PREFETCHT0 (R11)(AX*2)   // likewise
	VPMOVZXWD (SI)(AX*2), Z0 // Z0 = lo[0:16], as 32 bits each
	VPMOVZXWD (DX)(AX*2), Z1 // Z1 = hi[0:16]
	VPSLLD $16, Z1, Z1       // Z1 = hi[0:16], in upper halves
	VPORD Z1, Z0, Z0         // Z0 = words
	VMOVUPS Z0, (DI)(AX*4)   // dst[0:16] = Z0
	ADDQ $16, AX             // next 16 columns
	CMPQ AX, BX              // is the row done?
	JLT  words               // until it is
	ADDQ R9, SI              // next row of lo
	ADDQ R9, DX              // of hi
	ADDQ R9, R10             // and of what is fetched
	ADDQ R9, R11             // of both
	ADDQ R8, DI              // next row of dst
	DECQ CX                  // a row less
	JNZ  row                 // until none is left
	VZEROUPPER               // leave no dirty upper halves

end:
	RET
