#include "go_asm.h"
#include "textflag.h"
#include "brgemm_avx512_amd64.h"

// A micro-tile of 4 rows by 32 channels stays in registers: row i in
// Z(2i), Z(2i+1). Each step of k loads a row of b, and multiplies it with four
// rows of a: 8 FMAs for 10 loads.

// func depthwise4x32(c, init, a, b []float32, terms []term, s *strides)
TEXT ·depthwise4x32(SB), NOSPLIT, $0-128
	OPERANDS       // arguments
	LOAD(Z0, Z1)   // row 0 = init[0]
	LOAD(Z2, Z3)   // row 1
	LOAD(Z4, Z5)   // row 2
	LOAD(Z6, Z7)   // row 3
	TESTQ R14, R14 // no term?
	JZ    done     // nothing to add
	TESTQ BX, BX   // k == 0?
	JZ    done     // nothing to add

term:
	FACTORS // of this term

loop:
	VMOVUPS (DI), Z24                 // Z24 = b[k, 0:16]
	VMOVUPS 64(DI), Z25               // Z25 = b[k, 16:32]
	VFMADD231PS (SI), Z24, Z0         // row 0 += a[0, k] b[k]
	VFMADD231PS 64(SI), Z25, Z1       // its second half
	VFMADD231PS (SI)(R8*1), Z24, Z2   // row 1
	VFMADD231PS 64(SI)(R8*1), Z25, Z3 // its second half
	VFMADD231PS (SI)(R8*2), Z24, Z4   // row 2
	VFMADD231PS 64(SI)(R8*2), Z25, Z5 // its second half
	VFMADD231PS (R12), Z24, Z6        // row 3
	VFMADD231PS 64(R12), Z25, Z7      // its second half
	NEXT                              // k++
	JNZ loop                          // until k steps are done
	DECQ R14                          // a term less
	JNZ  term                         // until none is left

done:
	RESULT        // where it goes
	STORE(Z0, Z1) // c[0] = row 0
	STORE(Z2, Z3) // c[1]
	STORE(Z4, Z5) // c[2]
	STORE(Z6, Z7) // c[3]
	VZEROUPPER    // leave no dirty upper halves
	RET
