#include "textflag.h"

// See conv2d_winograd_amd64.h, which is included below.

#define LANES 16
#define BYTES 64

#define V0 Z0
#define V1 Z1
#define V2 Z2
#define V3 Z3
#define V4 Z4
#define V5 Z5
#define V6 Z6
#define V7 Z7
#define V8 Z8
#define V9 Z9
#define V10 Z10
#define V11 Z11
#define V12 Z12
#define V13 Z13
#define V14 Z14
#define V15 Z15

// The numbers stay in registers.
#define A1 Z16
#define A2 Z17
#define A3 Z18
#define A4 Z19
#define B1 Z20
#define B2 Z21
#define B3 Z22
#define B4 Z23
#define A2B2 Z24
#define SUM Z25
#define SCALE_0 Z26
#define SCALE_A Z27
#define SCALE_AA Z28
#define SCALE_B Z29
#define SCALE_BB Z30

// NUMBERS spreads each over its register.
#define NUMBERS \
	VBROADCASTSS ·winogradNumbers+0(SB), A1 /* A1 */ \
	VBROADCASTSS ·winogradNumbers+4(SB), A2 /* A2 */ \
	VBROADCASTSS ·winogradNumbers+8(SB), A3 /* A3 */ \
	VBROADCASTSS ·winogradNumbers+12(SB), A4 /* A4 */ \
	VBROADCASTSS ·winogradNumbers+16(SB), B1 /* B1 */ \
	VBROADCASTSS ·winogradNumbers+20(SB), B2 /* B2 */ \
	VBROADCASTSS ·winogradNumbers+24(SB), B3 /* B3 */ \
	VBROADCASTSS ·winogradNumbers+28(SB), B4 /* B4 */ \
	VBROADCASTSS ·winogradNumbers+32(SB), A2B2 /* A2B2 */ \
	VBROADCASTSS ·winogradNumbers+36(SB), SUM /* SUM */ \
	VBROADCASTSS ·winogradNumbers+40(SB), SCALE_0 /* SCALE_0 */ \
	VBROADCASTSS ·winogradNumbers+44(SB), SCALE_A /* SCALE_A */ \
	VBROADCASTSS ·winogradNumbers+48(SB), SCALE_AA /* SCALE_AA */ \
	VBROADCASTSS ·winogradNumbers+52(SB), SCALE_B /* SCALE_B */ \
	VBROADCASTSS ·winogradNumbers+56(SB), SCALE_BB /* SCALE_BB */ \

// MUL sets y = c x.
#define MUL(c, x, y) \
	VMULPS c, x, y /* y = c x */

// ADD_MUL sets y += c x.
#define ADD_MUL(c, x, y) \
	VFMADD231PS c, x, y /* y += c x */

// SUB_MUL sets y -= c x.
#define SUB_MUL(c, x, y) \
	VFNMADD231PS c, x, y /* y -= c x */

// COPY sets y = x.
#define COPY(x, y) \
	VMOVAPS x, y /* y = x */

// CLEAR sets y = 0.
#define CLEAR(y) \
	VPXORQ y, y, y /* y = 0 */

// MASK sets k to all lanes where bit i of cols is set, else to none.
#define MASK(i, k) \
	MOVQ cols+88(FP), AX /* AX = cols */       \
	SHRQ $i, AX          /* bit i is lowest */ \
	ANDQ $1, AX          /* and alone */       \
	NEGQ AX              /* ~0 or 0 */         \
	KMOVW AX, k          /* k = all or none */

// MASKS are K1 to K6.
#define MASKS \
	MASK(0, K1) /* column 0 */ \
	MASK(1, K2) /* column 1 */ \
	MASK(2, K3) /* column 2 */ \
	MASK(3, K4) /* column 3 */ \
	MASK(4, K5) /* column 4 */ \
	MASK(5, K6) /* column 5 */

#define READ0(at, y) \
	VMOVUPS.Z at, K1, y /* y = column 0 or 0 */

#define READ1(at, y) \
	VMOVUPS.Z at, K2, y /* y = column 1 or 0 */

#define READ2(at, y) \
	VMOVUPS.Z at, K3, y /* y = column 2 or 0 */

#define READ3(at, y) \
	VMOVUPS.Z at, K4, y /* y = column 3 or 0 */

#define READ4(at, y) \
	VMOVUPS.Z at, K5, y /* y = column 4 or 0 */

#define READ5(at, y) \
	VMOVUPS.Z at, K6, y /* y = column 5 or 0 */

#include "conv2d_winograd_amd64.h"

// func winogradDataAVX512(v []float32, step int, x []float32, at, line, pixel int, rows, cols uint, n int)
TEXT ·winogradDataAVX512(SB), 0, $2368-104
	SPREAD(6, PIXELS6, COLUMN6, DATA_BODY) // 6 by 6 pixels to 6 by 6 values

// func winogradFilter2AVX512(v []float32, step int, x []float32, at, line, pixel int, rows, cols uint, n int)
TEXT ·winogradFilter2AVX512(SB), 0, $2368-104
	SPREAD(2, PIXELS2, COLUMN2, FILTER2_BODY) // 2 by 2 taps to 6 by 6 values

// func winogradFilter3AVX512(v []float32, step int, x []float32, at, line, pixel int, rows, cols uint, n int)
TEXT ·winogradFilter3AVX512(SB), 0, $2368-104
	SPREAD(3, PIXELS3, COLUMN3, FILTER3_BODY) // 3 by 3 taps to 6 by 6 values

// func winogradFilter4AVX512(v []float32, step int, x []float32, at, line, pixel int, rows, cols uint, n int)
TEXT ·winogradFilter4AVX512(SB), 0, $2368-104
	SPREAD(4, PIXELS4, COLUMN4, FILTER4_BODY) // 4 by 4 taps to 6 by 6 values

// func winogradFilter5AVX512(v []float32, step int, x []float32, at, line, pixel int, rows, cols uint, n int)
TEXT ·winogradFilter5AVX512(SB), 0, $2368-104
	SPREAD(5, PIXELS5, COLUMN5, FILTER5_BODY) // 5 by 5 taps to 6 by 6 values

// func winogradOutput2AVX512(y []float32, line, pixel int, m []float32, step int, add []float32, addLine, addPixel, n int)
TEXT ·winogradOutput2AVX512(SB), 0, $2368-120
	GATHER(2, KEEP2, PUT2, OUTPUT2_BODY) // 6 by 6 values to 2 by 2 outputs

// func winogradOutput3AVX512(y []float32, line, pixel int, m []float32, step int, add []float32, addLine, addPixel, n int)
TEXT ·winogradOutput3AVX512(SB), 0, $2368-120
	GATHER(3, KEEP3, PUT3, OUTPUT3_BODY) // 6 by 6 values to 3 by 3 outputs

// func winogradOutput4AVX512(y []float32, line, pixel int, m []float32, step int, add []float32, addLine, addPixel, n int)
TEXT ·winogradOutput4AVX512(SB), 0, $2368-120
	GATHER(4, KEEP4, PUT4, OUTPUT4_BODY) // 6 by 6 values to 4 by 4 outputs

// func winogradOutput5AVX512(y []float32, line, pixel int, m []float32, step int, add []float32, addLine, addPixel, n int)
TEXT ·winogradOutput5AVX512(SB), 0, $2368-120
	GATHER(5, KEEP5, PUT5, OUTPUT5_BODY) // 6 by 6 values to 5 by 5 outputs
