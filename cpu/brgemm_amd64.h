// What the batchKernels have in common: arguments, terms, and registers
//
//	R8, R9, R10   rs, ks and ldb in bytes
//	SI, R12, R13  rows 0, 3 and 6 of a, at this k
//	DI            the row of b, at this k
//	BX, CX        k, and what is left of it
//	AX, R14       the next term, and how many are left
//	DX, R12       the row of init or of c, and the distance to the next

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

// RESULT goes to where the result lies.
#define RESULT \
	MOVQ s+120(FP), AX        /* AX = s */          \
	MOVQ strides_ldc(AX), R12 /* R12 = ldc */       \
	MOVQ c_base+0(FP), DX     /* DX = row 0 of c */ \
	SHLQ $2, R12              /* R12 *= 4 */
