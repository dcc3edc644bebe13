#include "go_asm.h"
#include "textflag.h"
#include "brgemm_amd64.h"

// A micro-tile of 4 rows by 16 (or 8) channels stays in registers: row i in
// Y(2i), Y(2i+1). Each step of k loads a row of b, and multiplies it with four
// rows of a: 8 FMAs for 10 loads.

// NEXT steps to the next k.
#define NEXT \
	ADDQ R9, SI  /* rows 0 to 2 of a: next k */ \
	ADDQ R9, R12 /* row 3 */                    \
	ADDQ R10, DI /* next row of b */            \
	DECQ CX      /* k-- */

// LOAD sets a row of the tile and steps to the next row of init.
#define LOAD(lo, hi) \
	VMOVUPS (DX), lo   /* lo = init[0:8] */  \
	VMOVUPS 32(DX), hi /* hi = init[8:16] */ \
	ADDQ R12, DX       /* next row of init */

// STORE puts a row of the tile into c and steps to the next row of c.
#define STORE(lo, hi) \
	VMOVUPS lo, (DX)   /* c[0:8] = lo */  \
	VMOVUPS hi, 32(DX) /* c[8:16] = hi */ \
	ADDQ R12, DX       /* next row of c */

// func depthwise4x16(c, init, a, b []float32, terms []term, s *strides)
TEXT ·depthwise4x16(SB), NOSPLIT, $0-128
	OPERANDS       // arguments
	LOAD(Y0, Y1)   // row 0 = init[0]
	LOAD(Y2, Y3)   // row 1
	LOAD(Y4, Y5)   // row 2
	LOAD(Y6, Y7)   // row 3
	TESTQ R14, R14 // no term?
	JZ    done     // nothing to add
	TESTQ BX, BX   // k == 0?
	JZ    done     // nothing to add

term:
	FACTORS // of this term

loop:
	VMOVUPS (DI), Y12                 // Y12 = b[k, 0:8]
	VMOVUPS 32(DI), Y13               // Y13 = b[k, 8:16]
	VFMADD231PS (SI), Y12, Y0         // row 0 += a[0, k] b[k]
	VFMADD231PS 32(SI), Y13, Y1       // its second half
	VFMADD231PS (SI)(R8*1), Y12, Y2   // row 1
	VFMADD231PS 32(SI)(R8*1), Y13, Y3 // its second half
	VFMADD231PS (SI)(R8*2), Y12, Y4   // row 2
	VFMADD231PS 32(SI)(R8*2), Y13, Y5 // its second half
	VFMADD231PS (R12), Y12, Y6        // row 3
	VFMADD231PS 32(R12), Y13, Y7      // its second half
	NEXT                              // k++
	JNZ loop                          // until k steps are done
	DECQ R14                          // a term less
	JNZ  term                         // until none is left

done:
	RESULT        // where it goes
	STORE(Y0, Y1) // c[0] = row 0
	STORE(Y2, Y3) // c[1]
	STORE(Y4, Y5) // c[2]
	STORE(Y6, Y7) // c[3]
	VZEROUPPER    // leave no dirty upper halves
	RET

// LOAD8 sets a row of the narrow tile and steps to the next row of init.
#define LOAD8(row) \
	VMOVUPS (DX), row /* row = init[0:8] */ \
	ADDQ R12, DX      /* next row of init */

// STORE8 puts a row of the narrow tile into c and steps to the next row of c.
#define STORE8(row) \
	VMOVUPS row, (DX) /* c[0:8] = row */ \
	ADDQ R12, DX      /* next row of c */

// func depthwise4x8(c, init, a, b []float32, terms []term, s *strides)
TEXT ·depthwise4x8(SB), NOSPLIT, $0-128
	OPERANDS       // arguments
	LOAD8(Y0)      // row 0 = init[0]
	LOAD8(Y1)      // row 1
	LOAD8(Y2)      // row 2
	LOAD8(Y3)      // row 3
	TESTQ R14, R14 // no term?
	JZ    done     // nothing to add
	TESTQ BX, BX   // k == 0?
	JZ    done     // nothing to add

term:
	FACTORS // of this term

loop:
	VMOVUPS (DI), Y12               // Y12 = b[k, 0:8]
	VFMADD231PS (SI), Y12, Y0       // row 0 += a[0, k] b[k]
	VFMADD231PS (SI)(R8*1), Y12, Y1 // row 1
	VFMADD231PS (SI)(R8*2), Y12, Y2 // row 2
	VFMADD231PS (R12), Y12, Y3      // row 3
	NEXT                            // k++
	JNZ loop                        // until k steps are done
	DECQ R14                        // a term less
	JNZ  term                       // until none is left

done:
	RESULT     // where it goes
	STORE8(Y0) // c[0] = row 0
	STORE8(Y1) // c[1]
	STORE8(Y2) // c[2]
	STORE8(Y3) // c[3]
	VZEROUPPER // leave no dirty upper halves
	RET
