#include "textflag.h"
#include "vdpbf16ps_amd64.h"
#include "tdpbf16ps_amd64.h"

// A fused multiply-add takes 4 or 5 cycles and two start in each: 8 to 10
// vectors must be in flight to keep both units busy. There are 16, or 12 where
// only 16 registers exist. All elements stay 0, so that none becomes denormal.

// FMA4 starts four independent vectors: each += x y.
#define FMA4(x, y, a, b, c, d) \
	VFMADD231PS x, y, a /* a += x y */ \
	VFMADD231PS x, y, b /* b += x y */ \
	VFMADD231PS x, y, c /* c += x y */ \
	VFMADD231PS x, y, d /* d += x y */

// ZERO4 clears four registers.
#define ZERO4(a, b, c, d) \
	VXORPS a, a, a /* a = 0 */ \
	VXORPS b, b, b /* b = 0 */ \
	VXORPS c, c, c /* c = 0 */ \
	VXORPS d, d, d /* d = 0 */

// ZERO4Z is ZERO4 with what AVX-512F has.
#define ZERO4Z(a, b, c, d) \
	VPXORD a, a, a /* a = 0 */ \
	VPXORD b, b, b /* b = 0 */ \
	VPXORD c, c, c /* c = 0 */ \
	VPXORD d, d, d /* d = 0 */

// func fmaAVX512(rounds int)
TEXT ·fmaAVX512(SB), NOSPLIT, $0-8
	MOVQ  rounds+0(FP), CX              // CX = rounds
	ZERO4Z(Z0, Z1, Z2, Z3)              // v = 0
	ZERO4Z(Z4, Z5, Z6, Z7)
	ZERO4Z(Z8, Z9, Z10, Z11)
	ZERO4Z(Z12, Z13, Z14, Z15)
	ZERO4Z(Z16, Z17, Z18, Z19)          // x = Z16, y = Z17
	TESTQ CX, CX                        // rounds <= 0?
	JLE   done512                       // nothing to do

loop512:
	FMA4(Z16, Z17, Z0, Z1, Z2, Z3)      // v[0:4] += x y
	FMA4(Z16, Z17, Z4, Z5, Z6, Z7)      // v[4:8]
	FMA4(Z16, Z17, Z8, Z9, Z10, Z11)    // v[8:12]
	FMA4(Z16, Z17, Z12, Z13, Z14, Z15)  // v[12:16]
	DECQ CX                             // rounds--
	JNZ  loop512                        // until none is left

done512:
	VZEROUPPER                          // Go's own code is SSE
	RET

// func fmaAVX2(rounds int)
TEXT ·fmaAVX2(SB), NOSPLIT, $0-8
	MOVQ  rounds+0(FP), CX              // CX = rounds
	ZERO4(Y0, Y1, Y2, Y3)               // v = 0
	ZERO4(Y4, Y5, Y6, Y7)
	ZERO4(Y8, Y9, Y10, Y11)
	ZERO4(Y12, Y13, Y14, Y15)           // x = Y12, y = Y13
	TESTQ CX, CX                        // rounds <= 0?
	JLE   done2                         // nothing to do

loop2:
	FMA4(Y12, Y13, Y0, Y1, Y2, Y3)      // v[0:4] += x y
	FMA4(Y12, Y13, Y4, Y5, Y6, Y7)      // v[4:8]
	FMA4(Y12, Y13, Y8, Y9, Y10, Y11)    // v[8:12]
	DECQ CX                             // rounds--
	JNZ  loop2                          // until none is left

done2:
	VZEROUPPER                          // Go's own code is SSE
	RET

// func dotAVX512(rounds int)
TEXT ·dotAVX512(SB), NOSPLIT, $0-8
	MOVQ  rounds+0(FP), CX              // CX = rounds
	ZERO4Z(Z0, Z1, Z2, Z3)              // v = 0
	ZERO4Z(Z4, Z5, Z6, Z7)
	ZERO4Z(Z8, Z9, Z10, Z11)
	ZERO4Z(Z12, Z13, Z14, Z15)
	ZERO4Z(Z24, Z25, Z26, Z27)          // x = Z26, y = Z24
	TESTQ CX, CX                        // rounds <= 0?
	JLE   doneDot                       // nothing to do

loopDot:
	VDPBF16PS_Z24_Z26_Z0              // v[0] += x . y
	VDPBF16PS_Z24_Z26_Z1              // v[1] += x . y
	VDPBF16PS_Z24_Z26_Z2              // v[2] += x . y
	VDPBF16PS_Z24_Z26_Z3              // v[3] += x . y
	VDPBF16PS_Z24_Z26_Z4              // v[4] += x . y
	VDPBF16PS_Z24_Z26_Z5              // v[5] += x . y
	VDPBF16PS_Z24_Z26_Z6              // v[6] += x . y
	VDPBF16PS_Z24_Z26_Z7              // v[7] += x . y
	VDPBF16PS_Z24_Z26_Z8              // v[8] += x . y
	VDPBF16PS_Z24_Z26_Z9              // v[9] += x . y
	VDPBF16PS_Z24_Z26_Z10             // v[10] += x . y
	VDPBF16PS_Z24_Z26_Z11             // v[11] += x . y
	VDPBF16PS_Z24_Z26_Z12             // v[12] += x . y
	VDPBF16PS_Z24_Z26_Z13             // v[13] += x . y
	VDPBF16PS_Z24_Z26_Z14             // v[14] += x . y
	VDPBF16PS_Z24_Z26_Z15             // v[15] += x . y
	DECQ CX                             // rounds--
	JNZ  loopDot                        // until none is left

doneDot:
	VZEROUPPER                          // Go's own code is SSE
	RET

// A product of tiles takes 52 cycles and one starts in 16: four are in flight.

// func dotAMX(rounds int, shapes *[64]byte)
TEXT ·dotAMX(SB), NOSPLIT, $0-16
	MOVQ  rounds+0(FP), CX              // CX = rounds
	MOVQ  shapes+8(FP), BX              // BX = shapes
	LDTILECFG_BX                        // all tiles = 0
	TESTQ CX, CX                        // rounds <= 0?
	JLE   doneTiles                     // nothing to do

loopTiles:
	TDPBF16PS_TMM6_TMM4_TMM0            // v[0] += x . y
	TDPBF16PS_TMM7_TMM4_TMM1            // v[1] += x . y
	TDPBF16PS_TMM6_TMM5_TMM2            // v[2] += x . y
	TDPBF16PS_TMM7_TMM5_TMM3            // v[3] += x . y
	DECQ CX                             // rounds--
	JNZ  loopTiles                      // until none is left

doneTiles:
	TILERELEASE                         // leave no tiles to be saved with this thread
	RET
