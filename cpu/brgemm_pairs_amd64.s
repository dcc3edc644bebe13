#include "go_asm.h"
#include "textflag.h"
#include "brgemm_avx512_amd64.h"
#include "pairs_amd64.h"

// brgemm_avx512_amd64.s on words that are pairs of BFloat16: where that multiplies
// and adds, VDPBF16PS adds both products of a pair.

// func brdot8x32(c, init, a, b []float32, terms []term, s *strides)
TEXT ·brdot8x32(SB), NOSPLIT, $0-128
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
	VMOVUPS (DI), Z24                                              // Z24 = b[k, 0:16]
	VMOVUPS 64(DI), Z25                                            // Z25 = b[k, 16:32]
	ROW((SI), VDPBF16PS_Z24_Z26_Z0, VDPBF16PS_Z25_Z26_Z1)          // row 0 += a[0, k] . b[k]
	ROW((SI)(R8*1), VDPBF16PS_Z24_Z26_Z2, VDPBF16PS_Z25_Z26_Z3)    // row 1
	ROW((SI)(R8*2), VDPBF16PS_Z24_Z26_Z4, VDPBF16PS_Z25_Z26_Z5)    // row 2
	ROW((R12), VDPBF16PS_Z24_Z26_Z6, VDPBF16PS_Z25_Z26_Z7)         // row 3
	ROW((R12)(R8*1), VDPBF16PS_Z24_Z26_Z8, VDPBF16PS_Z25_Z26_Z9)   // row 4
	ROW((R12)(R8*2), VDPBF16PS_Z24_Z26_Z10, VDPBF16PS_Z25_Z26_Z11) // row 5
	ROW((R13), VDPBF16PS_Z24_Z26_Z12, VDPBF16PS_Z25_Z26_Z13)       // row 6
	ROW((R13)(R8*1), VDPBF16PS_Z24_Z26_Z14, VDPBF16PS_Z25_Z26_Z15) // row 7
	NEXT                                                           // k++
	JNZ loop                                                       // until k steps are done
	DECQ R14                                                       // a term less
	JNZ  term                                                      // until none is left

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

// func brdot8x16(c, init, a, b []float32, terms []term, s *strides)
TEXT ·brdot8x16(SB), NOSPLIT, $0-128
	OPERANDS       // arguments
	LOAD16(Z0)     // row 0 = init[0]
	LOAD16(Z1)     // row 1
	LOAD16(Z2)     // row 2
	LOAD16(Z3)     // row 3
	LOAD16(Z4)     // row 4
	LOAD16(Z5)     // row 5
	LOAD16(Z6)     // row 6
	LOAD16(Z7)     // row 7
	ZERO(Z8, Z9)   // rows 0 and 1, for odd k
	ZERO(Z10, Z11) // rows 2 and 3
	ZERO(Z12, Z13) // rows 4 and 5
	ZERO(Z14, Z15) // rows 6 and 7
	TESTQ R14, R14 // no term?
	JZ    done     // nothing to add
	TESTQ BX, BX   // k == 0?
	JZ    done     // nothing to add

term:
	FACTORS // of this term

loop:
	VMOVUPS (DI), Z24                         // Z24 = b[k, 0:16]
	ROW16((SI), VDPBF16PS_Z24_Z26_Z0)         // row 0 += a[0, k] . b[k]
	ROW16((SI)(R8*1), VDPBF16PS_Z24_Z26_Z1)   // row 1
	ROW16((SI)(R8*2), VDPBF16PS_Z24_Z26_Z2)   // row 2
	ROW16((R12), VDPBF16PS_Z24_Z26_Z3)        // row 3
	ROW16((R12)(R8*1), VDPBF16PS_Z24_Z26_Z4)  // row 4
	ROW16((R12)(R8*2), VDPBF16PS_Z24_Z26_Z5)  // row 5
	ROW16((R13), VDPBF16PS_Z24_Z26_Z6)        // row 6
	ROW16((R13)(R8*1), VDPBF16PS_Z24_Z26_Z7)  // row 7
	NEXT                                      // k++
	JZ   next                                 // none is left
	VMOVUPS (DI), Z25                         // Z25 = b[k, 0:16]
	ROW16((SI), VDPBF16PS_Z25_Z26_Z8)         // row 0 += a[0, k] . b[k]
	ROW16((SI)(R8*1), VDPBF16PS_Z25_Z26_Z9)   // row 1
	ROW16((SI)(R8*2), VDPBF16PS_Z25_Z26_Z10)  // row 2
	ROW16((R12), VDPBF16PS_Z25_Z26_Z11)       // row 3
	ROW16((R12)(R8*1), VDPBF16PS_Z25_Z26_Z12) // row 4
	ROW16((R12)(R8*2), VDPBF16PS_Z25_Z26_Z13) // row 5
	ROW16((R13), VDPBF16PS_Z25_Z26_Z14)       // row 6
	ROW16((R13)(R8*1), VDPBF16PS_Z25_Z26_Z15) // row 7
	NEXT                                      // k++
	JNZ loop                                  // until k steps are done

next:
	DECQ R14  // a term less
	JNZ  term // until none is left

done:
	RESULT             // where it goes
	VADDPS Z8, Z0, Z0  // row 0 += its odd k
	VADDPS Z9, Z1, Z1  // row 1 += its odd k
	VADDPS Z10, Z2, Z2 // row 2 += its odd k
	VADDPS Z11, Z3, Z3 // row 3 += its odd k
	VADDPS Z12, Z4, Z4 // row 4 += its odd k
	VADDPS Z13, Z5, Z5 // row 5 += its odd k
	VADDPS Z14, Z6, Z6 // row 6 += its odd k
	VADDPS Z15, Z7, Z7 // row 7 += its odd k
	STORE16(Z0)        // c[0] = row 0
	STORE16(Z1)        // c[1]
	STORE16(Z2)        // c[2]
	STORE16(Z3)        // c[3]
	STORE16(Z4)        // c[4]
	STORE16(Z5)        // c[5]
	STORE16(Z6)        // c[6]
	STORE16(Z7)        // c[7]
	VZEROUPPER         // leave no dirty upper halves
	RET
