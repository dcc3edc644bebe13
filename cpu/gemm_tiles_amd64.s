#include "go_asm.h"
#include "textflag.h"
#include "tdpbf16ps_amd64.h"

// Sums of products of tiles. TMM0 to TMM3 hold the sums, of rows 0 and 16 and of
// columns 0 and 16; TMM4 and TMM5 rows 0 and 16 of a; TMM6 and TMM7 columns 0 and 16
// of b. Tiles are configured and released in one call: Go may move a goroutine to
// another thread between two.
//
//	BX           s
//	AX, R13      the next term, and how many are left
//	SI, R11, DI  rows 0 and 16 of a and row 0 of b, at this step
//	CX           steps left
//	R8, R10      bytes from row to row of a and of b
//	R12          bytes of 16 rows of a
//	DX, R11, R9  rows 0 and 16 of init or c, and bytes from row to row

// OPERANDS gives the tiles their shapes and loads what stays.
#define OPERANDS \
	MOVQ s+120(FP), BX        /* BX = s */                \
	LDTILECFG_BX              /* shapes; all tiles = 0 */ \
	MOVQ tileSum_rs(BX), R8   /* R8 = a: row to row */    \
	MOVQ tileSum_ldb(BX), R10 /* R10 = b: row to row */   \
	MOVQ R8, R12              /* R12 = rs */              \
	SHLQ $4, R12              /* R12 = 16 rows of a */

// BEGIN goes to the first term, and to what the sums are added to.
#define BEGIN \
	MOVQ terms_base+96(FP), AX  /* AX = the first term */   \
	MOVQ terms_len+104(FP), R13 /* R13 = terms left */      \
	MOVQ init_base+24(FP), DX   /* DX = row 0 of init */    \
	MOVQ tileSum_ldi(BX), R9    /* R9 = init: row to row */ \
	MOVQ R9, R11                /* R11 = ldi */             \
	SHLQ $4, R11                /* R11 = 16 rows */         \
	ADDQ DX, R11                /* R11 = row 16 of init */

// FACTORS goes to where the next term's factors begin.
#define FACTORS \
	MOVQ term_a(AX), SI         /* SI = where in a */  \
	MOVQ term_b(AX), DI         /* DI = where in b */  \
	ADDQ $term__size, AX        /* next term */        \
	MOVQ a_base+48(FP), CX      /* CX = a */           \
	LEAQ (CX)(SI*4), SI         /* SI = row 0 of a */  \
	MOVQ b_base+72(FP), CX      /* CX = b */           \
	LEAQ (CX)(DI*4), DI         /* DI = row 0 of b */  \
	LEAQ (SI)(R12*1), R11       /* R11 = row 16 of a */ \
	MOVQ tileSum_steps(BX), CX  /* CX = steps */

// NEXT steps to the next words.
#define NEXT \
	ADDQ tileSum_nextA(BX), SI  /* rows 0 to 15 of a */  \
	ADDQ tileSum_nextA(BX), R11 /* rows 16 to 31 of a */ \
	ADDQ tileSum_nextB(BX), DI  /* rows of b */          \
	DECQ CX                     /* a step less */

// RESULT goes to where the sums belong.
#define RESULT \
	MOVQ c_base+0(FP), DX    /* DX = row 0 of c */    \
	MOVQ tileSum_ldc(BX), R9 /* R9 = c: row to row */ \
	MOVQ R9, R11             /* R11 = ldc */          \
	SHLQ $4, R11             /* R11 = 16 rows */      \
	ADDQ DX, R11             /* R11 = row 16 of c */

// BESIDE goes to the micro-tile on the right, by the arguments.
#define BESIDE \
	MOVQ tileSum_nextTile(BX), CX /* CX = b: tile to tile */ \
	ADDQ CX, b_base+72(FP)        /* its columns of b */     \
	ADDQ $128, init_base+24(FP)   /* of init */              \
	ADDQ $128, c_base+0(FP)       /* of c */                 \
	DECQ tileSum_tiles(BX)        /* a micro-tile less */

// func tiles32x32(c, init, a, b []float32, terms []term, s *tileSum)
TEXT ·tiles32x32(SB), NOSPLIT, $0-128
	OPERANDS // arguments

tile:
	BEGIN                    // of this micro-tile
	TILELOADD_DX_R9_TMM0     // sums = init: rows 0, columns 0
	TILELOADD_64_DX_R9_TMM1  // columns 16
	TILELOADD_R11_R9_TMM2    // rows 16, columns 0
	TILELOADD_64_R11_R9_TMM3 // columns 16
	TESTQ R13, R13           // no term?
	JZ    done               // nothing to add
	CMPQ  tileSum_steps(BX), $0 // no step?
	JEQ   done                  // nothing to add

term:
	FACTORS // of this term

loop:
	TILELOADD_DI_R10_TMM6     // TMM6 = b[k, 0:16]
	TILELOADD_SI_R8_TMM4      // TMM4 = a[0:16, k]
	TDPBF16PS_TMM6_TMM4_TMM0  // sums += a b: rows 0, columns 0
	TILELOADD_64_DI_R10_TMM7  // TMM7 = b[k, 16:32]
	TDPBF16PS_TMM7_TMM4_TMM1  // columns 16
	TILELOADD_R11_R8_TMM5     // TMM5 = a[16:32, k]
	TDPBF16PS_TMM6_TMM5_TMM2  // rows 16, columns 0
	TDPBF16PS_TMM7_TMM5_TMM3  // columns 16
	NEXT                      // k += words
	JNZ  loop                 // until all steps are done
	DECQ R13                  // a term less
	JNZ  term                 // until none is left

done:
	RESULT                    // where it goes
	TILESTORED_TMM0_DX_R9     // c = sums: rows 0, columns 0
	TILESTORED_TMM1_64_DX_R9  // columns 16
	TILESTORED_TMM2_R11_R9    // rows 16, columns 0
	TILESTORED_TMM3_64_R11_R9 // columns 16
	BESIDE                    // the next micro-tile
	JNZ  tile                 // until none is left
	TILERELEASE               // leave no tiles to be saved with this thread
	RET

// func tiles32x16(c, init, a, b []float32, terms []term, s *tileSum)
TEXT ·tiles32x16(SB), NOSPLIT, $0-128
	OPERANDS                 // arguments
	BEGIN                    // of the micro-tile
	TILELOADD_DX_R9_TMM0     // sums = init: rows 0
	TILELOADD_R11_R9_TMM2    // rows 16
	TESTQ R13, R13           // no term?
	JZ    done               // nothing to add
	CMPQ  tileSum_steps(BX), $0 // no step?
	JEQ   done                  // nothing to add

term:
	FACTORS // of this term

loop:
	TILELOADD_DI_R10_TMM6     // TMM6 = b[k, 0:16]
	TILELOADD_SI_R8_TMM4      // TMM4 = a[0:16, k]
	TDPBF16PS_TMM6_TMM4_TMM0  // sums += a b: rows 0
	TILELOADD_R11_R8_TMM5     // TMM5 = a[16:32, k]
	TDPBF16PS_TMM6_TMM5_TMM2  // rows 16
	NEXT                      // k += words
	JNZ  loop                 // until all steps are done
	DECQ R13                  // a term less
	JNZ  term                 // until none is left

done:
	RESULT                    // where it goes
	TILESTORED_TMM0_DX_R9     // c = sums: rows 0
	TILESTORED_TMM2_R11_R9    // rows 16
	TILERELEASE               // leave no tiles to be saved with this thread
	RET
