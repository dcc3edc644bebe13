#include "textflag.h"

// See conv2d_winograd_amd64.h, which is included below.

#define LANES 8
#define BYTES 32

#define V0 Y0
#define V1 Y1
#define V2 Y2
#define V3 Y3
#define V4 Y4
#define V5 Y5
#define V6 Y6
#define V7 Y7
#define V8 Y8
#define V9 Y9
#define V10 Y10
#define V11 Y11
#define V12 Y12
#define V13 Y13
#define V14 Y14
#define V15 Y15

// There are no registers left for the numbers.
#define A1 ·winogradNumbers+0(SB)
#define A2 ·winogradNumbers+4(SB)
#define A3 ·winogradNumbers+8(SB)
#define A4 ·winogradNumbers+12(SB)
#define B1 ·winogradNumbers+16(SB)
#define B2 ·winogradNumbers+20(SB)
#define B3 ·winogradNumbers+24(SB)
#define B4 ·winogradNumbers+28(SB)
#define A2B2 ·winogradNumbers+32(SB)
#define SUM ·winogradNumbers+36(SB)
#define SCALE_0 ·winogradNumbers+40(SB)
#define SCALE_A ·winogradNumbers+44(SB)
#define SCALE_AA ·winogradNumbers+48(SB)
#define SCALE_B ·winogradNumbers+52(SB)
#define SCALE_BB ·winogradNumbers+56(SB)

// NUMBERS has nothing to do.
#define NUMBERS

// MUL sets y = c x.
#define MUL(c, x, y) \
	VBROADCASTSS c, V15 /* V15 = c */ \
	VMULPS V15, x, y    /* y = c x */

// ADD_MUL sets y += c x.
#define ADD_MUL(c, x, y) \
	VBROADCASTSS c, V15    /* V15 = c */  \
	VFMADD231PS V15, x, y  /* y += c x */

// SUB_MUL sets y -= c x.
#define SUB_MUL(c, x, y) \
	VBROADCASTSS c, V15    /* V15 = c */  \
	VFNMADD231PS V15, x, y /* y -= c x */

// COPY sets y = x.
#define COPY(x, y) \
	VMOVAPS x, y /* y = x */

// CLEAR sets y = 0.
#define CLEAR(y) \
	VXORPS y, y, y /* y = 0 */

// MASK keeps after the buffer all ones where bit i of cols is set, else zeros.
#define MASK(i) \
	MOVQ cols+88(FP), AX              /* AX = cols */       \
	SHRQ $i, AX                       /* bit i is lowest */ \
	ANDQ $1, AX                       /* and alone */       \
	NEGQ AX                           /* ~0 or 0 */         \
	VMOVQ AX, X0                      /* to a vector */     \
	VPBROADCASTQ X0, Y0               /* Y0 = ~0 or 0 */    \
	VMOVUPS Y0, (36+i)*BYTES(R13)     /* mask i = Y0 */

// MASKS are those of all columns.
#define MASKS \
	MASK(0) /* column 0 */ \
	MASK(1) /* column 1 */ \
	MASK(2) /* column 2 */ \
	MASK(3) /* column 3 */ \
	MASK(4) /* column 4 */ \
	MASK(5) /* column 5 */

#define READ0(at, y) \
	VMOVUPS 36*BYTES(R13), V15 /* V15 = mask 0 */ \
	VMASKMOVPS at, V15, y /* y = column 0 or 0 */

#define READ1(at, y) \
	VMOVUPS 37*BYTES(R13), V15 /* V15 = mask 1 */ \
	VMASKMOVPS at, V15, y /* y = column 1 or 0 */

#define READ2(at, y) \
	VMOVUPS 38*BYTES(R13), V15 /* V15 = mask 2 */ \
	VMASKMOVPS at, V15, y /* y = column 2 or 0 */

#define READ3(at, y) \
	VMOVUPS 39*BYTES(R13), V15 /* V15 = mask 3 */ \
	VMASKMOVPS at, V15, y /* y = column 3 or 0 */

#define READ4(at, y) \
	VMOVUPS 40*BYTES(R13), V15 /* V15 = mask 4 */ \
	VMASKMOVPS at, V15, y /* y = column 4 or 0 */

#define READ5(at, y) \
	VMOVUPS 41*BYTES(R13), V15 /* V15 = mask 5 */ \
	VMASKMOVPS at, V15, y /* y = column 5 or 0 */

#include "conv2d_winograd_amd64.h"

// func winogradDataAVX2(v []float32, step int, x []float32, at, line, pixel int, rows, cols uint, n int)
TEXT ·winogradDataAVX2(SB), 0, $1408-104
	SPREAD(6, PIXELS6, COLUMN6, DATA_BODY) // 6 by 6 pixels to 6 by 6 values

// func winogradFilter2AVX2(v []float32, step int, x []float32, at, line, pixel int, rows, cols uint, n int)
TEXT ·winogradFilter2AVX2(SB), 0, $1408-104
	SPREAD(2, PIXELS2, COLUMN2, FILTER2_BODY) // 2 by 2 taps to 6 by 6 values

// func winogradFilter3AVX2(v []float32, step int, x []float32, at, line, pixel int, rows, cols uint, n int)
TEXT ·winogradFilter3AVX2(SB), 0, $1408-104
	SPREAD(3, PIXELS3, COLUMN3, FILTER3_BODY) // 3 by 3 taps to 6 by 6 values

// func winogradFilter4AVX2(v []float32, step int, x []float32, at, line, pixel int, rows, cols uint, n int)
TEXT ·winogradFilter4AVX2(SB), 0, $1408-104
	SPREAD(4, PIXELS4, COLUMN4, FILTER4_BODY) // 4 by 4 taps to 6 by 6 values

// func winogradFilter5AVX2(v []float32, step int, x []float32, at, line, pixel int, rows, cols uint, n int)
TEXT ·winogradFilter5AVX2(SB), 0, $1408-104
	SPREAD(5, PIXELS5, COLUMN5, FILTER5_BODY) // 5 by 5 taps to 6 by 6 values

// func winogradOutput2AVX2(y []float32, line, pixel int, m []float32, step int, add []float32, addLine, addPixel, n int)
TEXT ·winogradOutput2AVX2(SB), 0, $1408-120
	GATHER(2, KEEP2, PUT2, OUTPUT2_BODY) // 6 by 6 values to 2 by 2 outputs

// func winogradOutput3AVX2(y []float32, line, pixel int, m []float32, step int, add []float32, addLine, addPixel, n int)
TEXT ·winogradOutput3AVX2(SB), 0, $1408-120
	GATHER(3, KEEP3, PUT3, OUTPUT3_BODY) // 6 by 6 values to 3 by 3 outputs

// func winogradOutput4AVX2(y []float32, line, pixel int, m []float32, step int, add []float32, addLine, addPixel, n int)
TEXT ·winogradOutput4AVX2(SB), 0, $1408-120
	GATHER(4, KEEP4, PUT4, OUTPUT4_BODY) // 6 by 6 values to 4 by 4 outputs

// func winogradOutput5AVX2(y []float32, line, pixel int, m []float32, step int, add []float32, addLine, addPixel, n int)
TEXT ·winogradOutput5AVX2(SB), 0, $1408-120
	GATHER(5, KEEP5, PUT5, OUTPUT5_BODY) // 6 by 6 values to 5 by 5 outputs
