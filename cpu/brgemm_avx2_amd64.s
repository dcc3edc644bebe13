#include "go_asm.h"
#include "textflag.h"
#include "brgemm_amd64.h"

// A micro-tile of 6 rows by 16 (or 8) columns stays in registers: row i in
// Y(2i), Y(2i+1). Each step of k loads a row of b, spreads one element of each
// row of a over a register, and multiplies and adds: 12 FMAs for 8 loads.

// NEXT steps to the next k.
#define NEXT \
	ADDQ R9, SI  /* rows 0 to 2 of a: next column */ \
	ADDQ R9, R12 /* rows 3 to 5 */                   \
	ADDQ R10, DI /* next row of b */                 \
	DECQ CX      /* k-- */

// LOAD sets a row of the tile and steps to the next row of init.
#define LOAD(lo, hi) \
	VMOVUPS (DX), lo   /* lo = init[0:8] */  \
	VMOVUPS 32(DX), hi /* hi = init[8:16] */ \
	ADDQ R12, DX       /* next row of init */

// ROW adds x = a[i, k] times the row of b, in Y12 and Y13, to a row of the tile.
#define ROW(x, lo, hi) \
	VBROADCASTSS x, Y14      /* Y14 = x, x, ... */ \
	VFMADD231PS Y12, Y14, lo /* lo += x b[0:8] */  \
	VFMADD231PS Y13, Y14, hi /* hi += x b[8:16] */

// STORE puts a row of the tile into c and steps to the next row of c.
#define STORE(lo, hi) \
	VMOVUPS lo, (DX)   /* c[0:8] = lo */  \
	VMOVUPS hi, 32(DX) /* c[8:16] = hi */ \
	ADDQ R12, DX       /* next row of c */

// func brgemm6x16(c, init, a, b []float32, terms []term, s *strides)
TEXT ·brgemm6x16(SB), NOSPLIT, $0-128
	OPERANDS       // arguments
	LOAD(Y0, Y1)   // row 0 = init[0]
	LOAD(Y2, Y3)   // row 1
	LOAD(Y4, Y5)   // row 2
	LOAD(Y6, Y7)   // row 3
	LOAD(Y8, Y9)   // row 4
	LOAD(Y10, Y11) // row 5
	TESTQ R14, R14 // no term?
	JZ    done     // nothing to add
	TESTQ BX, BX   // k == 0?
	JZ    done     // nothing to add

term:
	FACTORS // of this term

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
	DECQ R14                   // a term less
	JNZ  term                  // until none is left

done:
	RESULT          // where it goes
	STORE(Y0, Y1)   // c[0] = row 0
	STORE(Y2, Y3)   // c[1]
	STORE(Y4, Y5)   // c[2]
	STORE(Y6, Y7)   // c[3]
	STORE(Y8, Y9)   // c[4]
	STORE(Y10, Y11) // c[5]
	VZEROUPPER      // leave no dirty upper halves
	RET

// ROW8 does the same for the narrow tile.
#define ROW8(x, row) \
	VBROADCASTSS x, Y14       /* Y14 = x, x, ... */ \
	VFMADD231PS Y12, Y14, row /* row += x b[0:8] */

// LOAD8 sets a row of the narrow tile and steps to the next row of init.
#define LOAD8(row) \
	VMOVUPS (DX), row /* row = init[0:8] */ \
	ADDQ R12, DX      /* next row of init */

// STORE8 puts a row of the narrow tile into c and steps to the next row of c.
#define STORE8(row) \
	VMOVUPS row, (DX) /* c[0:8] = row */ \
	ADDQ R12, DX      /* next row of c */

// func brgemm6x8(c, init, a, b []float32, terms []term, s *strides)
TEXT ·brgemm6x8(SB), NOSPLIT, $0-128
	OPERANDS       // arguments
	LOAD8(Y0)      // row 0 = init[0]
	LOAD8(Y1)      // row 1
	LOAD8(Y2)      // row 2
	LOAD8(Y3)      // row 3
	LOAD8(Y4)      // row 4
	LOAD8(Y5)      // row 5
	TESTQ R14, R14 // no term?
	JZ    done     // nothing to add
	TESTQ BX, BX   // k == 0?
	JZ    done     // nothing to add

term:
	FACTORS // of this term

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
	DECQ R14              // a term less
	JNZ  term             // until none is left

done:
	RESULT     // where it goes
	STORE8(Y0) // c[0] = row 0
	STORE8(Y1) // c[1]
	STORE8(Y2) // c[2]
	STORE8(Y3) // c[3]
	STORE8(Y4) // c[4]
	STORE8(Y5) // c[5]
	VZEROUPPER // leave no dirty upper halves
	RET
