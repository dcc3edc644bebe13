// What the micro-kernels on 8 rows by 32 (or 16) columns have in common, of
// Float32 and of pairs of BFloat16; see brgemm_avx512_amd64.s.

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

// STORE puts a row of the tile into c and steps to the next row of c.
#define STORE(lo, hi) \
	VMOVUPS lo, (DX)   /* c[0:16] = lo */  \
	VMOVUPS hi, 64(DX) /* c[16:32] = hi */ \
	ADDQ R12, DX       /* next row of c */

// LOAD16 sets a row of the narrow tile and steps to the next row of init.
#define LOAD16(row) \
	VMOVUPS (DX), row /* row = init[0:16] */ \
	ADDQ R12, DX      /* next row of init */

// STORE16 puts a row of the narrow tile into c and steps to the next row of c.
#define STORE16(row) \
	VMOVUPS row, (DX) /* c[0:16] = row */ \
	ADDQ R12, DX      /* next row of c */
