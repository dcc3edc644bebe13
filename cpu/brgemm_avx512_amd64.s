#include "go_asm.h"
#include "textflag.h"

// A micro-tile of 8 rows by 32 (or 16) columns stays in registers: row i in
// Z(2i), Z(2i+1). Each step of k loads a row of b, spreads one element of each
// row of a over a register, and multiplies and adds: 16 FMAs for 10 loads.

// OPERANDS loads the arguments; strides become bytes.
#define OPERANDS \
	MOVQ s+120(FP), AX          /* AX = s */              \
	MOVQ init_base+24(FP), DX   /* DX = row 0 of init */  \
	MOVQ strides_ldi(AX), R12   /* R12 = ldi */           \
	MOVQ strides_rs(AX), R8     /* R8 = rs */             \
	MOVQ strides_ks(AX), R9     /* R9 = ks */             \
	MOVQ strides_ldb(AX), R10   /* R10 = ldb */           \
	MOVQ strides_k(AX), BX      /* BX = k */              \
	MOVQ terms_base+96(FP), AX  /* AX = the first term */ \
	MOVQ terms_len+104(FP), R14 /* R14 = terms left */    \
	SHLQ $2, R12                /* R12 *= 4 */            \
	SHLQ $2, R8                 /* R8 *= 4 */             \
	SHLQ $2, R9                 /* R9 *= 4 */             \
	SHLQ $2, R10                /* R10 *= 4 */            \
	LEAQ (R8)(R8*2), R11        /* R11 = 3 rows of a */

// FACTORS goes to where the next term's factors begin.
#define FACTORS \
	MOVQ term_a(AX), SI     /* SI = where in a */  \
	MOVQ term_b(AX), DI     /* DI = where in b */  \
	ADDQ $term__size, AX    /* next term */        \
	MOVQ a_base+48(FP), R12 /* R12 = a */          \
	MOVQ b_base+72(FP), R13 /* R13 = b */          \
	LEAQ (R12)(SI*4), SI    /* SI = row 0 of a */  \
	LEAQ (R13)(DI*4), DI    /* DI = row 0 of b */  \
	LEAQ (SI)(R11*1), R12   /* R12 = row 3 of a */ \
	LEAQ (SI)(R11*2), R13   /* R13 = row 6 of a */ \
	MOVQ BX, CX             /* CX = k */

// NEXT steps to the next k.
#define NEXT \
	ADDQ R9, SI  /* rows 0 to 2 of a: next column */ \
	ADDQ R9, R12 /* rows 3 to 5 */                   \
	ADDQ R9, R13 /* rows 6 and 7 */                  \
	ADDQ R10, DI /* next row of b */                 \
	DECQ CX      /* k-- */

// RESULT goes to where the result lies.
#define RESULT \
	MOVQ s+120(FP), AX        /* AX = s */          \
	MOVQ strides_ldc(AX), R12 /* R12 = ldc */       \
	MOVQ c_base+0(FP), DX     /* DX = row 0 of c */ \
	SHLQ $2, R12              /* R12 *= 4 */

// LOAD sets a row of the tile and steps to the next row of init.
#define LOAD(lo, hi) \
	VMOVUPS (DX), lo   /* lo = init[0:16] */  \
	VMOVUPS 64(DX), hi /* hi = init[16:32] */ \
	ADDQ R12, DX       /* next row of init */

// ROW adds x = a[i, k] times the row of b, in Z24 and Z25, to a row of the tile.
#define ROW(x, lo, hi) \
	VBROADCASTSS x, Z26      /* Z26 = x, x, ... */ \
	VFMADD231PS Z24, Z26, lo /* lo += x b[0:16] */ \
	VFMADD231PS Z25, Z26, hi /* hi += x b[16:32] */

// STORE puts a row of the tile into c and steps to the next row of c.
#define STORE(lo, hi) \
	VMOVUPS lo, (DX)   /* c[0:16] = lo */  \
	VMOVUPS hi, 64(DX) /* c[16:32] = hi */ \
	ADDQ R12, DX       /* next row of c */

// func brgemm8x32(c, init, a, b []float32, terms []term, s *strides)
TEXT ·brgemm8x32(SB), NOSPLIT, $0-128
	OPERANDS       // arguments
	LOAD(Z0, Z1)   // row 0 = init[0]
	LOAD(Z2, Z3)   // row 1
	LOAD(Z4, Z5)   // row 2
	LOAD(Z6, Z7)   // row 3
	LOAD(Z8, Z9)   // row 4
	LOAD(Z10, Z11) // row 5
	LOAD(Z12, Z13) // row 6
	LOAD(Z14, Z15) // row 7
	TESTQ R14, R14 // no term?
	JZ    done     // nothing to add
	TESTQ BX, BX   // k == 0?
	JZ    done     // nothing to add

term:
	FACTORS // of this term

loop:
	VMOVUPS (DI), Z24          // Z24 = b[k, 0:16]
	VMOVUPS 64(DI), Z25        // Z25 = b[k, 16:32]
	ROW((SI), Z0, Z1)          // row 0 += a[0, k] b[k]
	ROW((SI)(R8*1), Z2, Z3)    // row 1
	ROW((SI)(R8*2), Z4, Z5)    // row 2
	ROW((R12), Z6, Z7)         // row 3
	ROW((R12)(R8*1), Z8, Z9)   // row 4
	ROW((R12)(R8*2), Z10, Z11) // row 5
	ROW((R13), Z12, Z13)       // row 6
	ROW((R13)(R8*1), Z14, Z15) // row 7
	NEXT                       // k++
	JNZ loop                   // until k steps are done
	DECQ R14                   // a term less
	JNZ  term                  // until none is left

done:
	RESULT          // where it goes
	STORE(Z0, Z1)   // c[0] = row 0
	STORE(Z2, Z3)   // c[1]
	STORE(Z4, Z5)   // c[2]
	STORE(Z6, Z7)   // c[3]
	STORE(Z8, Z9)   // c[4]
	STORE(Z10, Z11) // c[5]
	STORE(Z12, Z13) // c[6]
	STORE(Z14, Z15) // c[7]
	VZEROUPPER      // leave no dirty upper halves
	RET

// LOAD16 sets a row of the narrow tile and steps to the next row of init.
#define LOAD16(row) \
	VMOVUPS (DX), row /* row = init[0:16] */ \
	ADDQ R12, DX      /* next row of init */

// STORE16 puts a row of the narrow tile into c and steps to the next row of c.
#define STORE16(row) \
	VMOVUPS row, (DX) /* c[0:16] = row */ \
	ADDQ R12, DX      /* next row of c */

// func brgemm8x16(c, init, a, b []float32, terms []term, s *strides)
TEXT ·brgemm8x16(SB), NOSPLIT, $0-128
	OPERANDS       // arguments
	LOAD16(Z0)     // row 0 = init[0]
	LOAD16(Z1)     // row 1
	LOAD16(Z2)     // row 2
	LOAD16(Z3)     // row 3
	LOAD16(Z4)     // row 4
	LOAD16(Z5)     // row 5
	LOAD16(Z6)     // row 6
	LOAD16(Z7)     // row 7
	TESTQ R14, R14 // no term?
	JZ    done     // nothing to add
	TESTQ BX, BX   // k == 0?
	JZ    done     // nothing to add

term:
	FACTORS // of this term

loop:
	VMOVUPS (DI), Z24                     // Z24 = b[k, 0:16]
	VFMADD231PS.BCST (SI), Z24, Z0        // row 0 += a[0, k] b[k]
	VFMADD231PS.BCST (SI)(R8*1), Z24, Z1  // row 1
	VFMADD231PS.BCST (SI)(R8*2), Z24, Z2  // row 2
	VFMADD231PS.BCST (R12), Z24, Z3       // row 3
	VFMADD231PS.BCST (R12)(R8*1), Z24, Z4 // row 4
	VFMADD231PS.BCST (R12)(R8*2), Z24, Z5 // row 5
	VFMADD231PS.BCST (R13), Z24, Z6       // row 6
	VFMADD231PS.BCST (R13)(R8*1), Z24, Z7 // row 7
	NEXT                                  // k++
	JNZ loop                              // until k steps are done
	DECQ R14                              // a term less
	JNZ  term                             // until none is left

done:
	RESULT      // where it goes
	STORE16(Z0) // c[0] = row 0
	STORE16(Z1) // c[1]
	STORE16(Z2) // c[2]
	STORE16(Z3) // c[3]
	STORE16(Z4) // c[4]
	STORE16(Z5) // c[5]
	STORE16(Z6) // c[6]
	STORE16(Z7) // c[7]
	VZEROUPPER  // leave no dirty upper halves
	RET
