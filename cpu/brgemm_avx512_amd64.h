#include "brgemm_amd64.h"

// What batchKernels with AVX-512 have in common, on up to 8 rows of Float32 or of
// pairs of BFloat16.

// NEXT steps to the next k.
#define NEXT \
	ADDQ R9, SI  /* rows 0 to 2 of a: next column */ \
	ADDQ R9, R12 /* rows 3 to 5 */                   \
	ADDQ R9, R13 /* rows 6 and 7 */                  \
	ADDQ R10, DI /* next row of b */                 \
	DECQ CX      /* k-- */

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
