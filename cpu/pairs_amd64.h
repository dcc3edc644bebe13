#include "vdpbf16ps_amd64.h"

// What kernels on words that are pairs of BFloat16 have in common.

// ROW adds x = a[i, k] dot the row of b, in Z24 and Z25, to a row of the tile: lo
// and hi are the instructions for its halves.
#define ROW(x, lo, hi) \
	VPBROADCASTD x, Z26 /* Z26 = x, x, ... */   \
	lo                  /* lo += x . b[0:16] */ \
	hi                  /* hi += x . b[16:32] */

// ROW16 does the same for the narrow tile, which has two sums for every row, of
// even k and of odd: VDPBF16PS takes 6 cycles and two start in each.
#define ROW16(x, row) \
	VPBROADCASTD x, Z26 /* Z26 = x, x, ... */ \
	row                 /* row += x . b[0:16] */

// ZERO clears two registers.
#define ZERO(x, y) \
	VPXORQ x, x, x /* x = 0 */ \
	VPXORQ y, y, y /* y = 0 */
