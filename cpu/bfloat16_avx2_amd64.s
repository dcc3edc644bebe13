#include "textflag.h"

// ARGUMENTS loads the slices; CX counts pairs of vectors of 8.
#define ARGUMENTS \
	MOVQ dst_base+0(FP), DI  /* DI = &dst[0] */     \
	MOVQ src_base+24(FP), SI /* SI = &src[0] */     \
	MOVQ src_len+32(FP), CX  /* CX = len(src) */    \
	SHRQ $4, CX              /* CX = groups of 16 */ \

// CONSTANTS are what ROUND needs.
#define CONSTANTS \
	MOVL $0x7FFF, AX       /* just below half a unit of bfloat16 */ \
	VMOVD AX, X10          /* to a vector */                        \
	VPBROADCASTD X10, Y10  /* Y10 = 0x7FFF, ... */                  \
	MOVL $1, AX            /* the last bit that stays */            \
	VMOVD AX, X11          /* to a vector */                        \
	VPBROADCASTD X11, Y11  /* Y11 = 1, ... */                       \
	MOVL $0x400000, AX     /* the bit that makes a NaN quiet */     \
	VMOVD AX, X12          /* to a vector */                        \
	VPBROADCASTD X12, Y12  /* Y12 = 0x400000, ... */                \

// WIDEN sets y to the floats of 8 bfloat16.
#define WIDEN(at, y) \
	VPMOVZXWD at, y    /* y = 32 bits each */               \
	VPSLLD $16, y, y   /* y = floats of these upper halves */ \

// UPPER sets y to the upper halves of 8 floats u, rounded to nearest, ties to even.
#define UPPER(u, y) \
	VPSRLD $16, u, y         /* y = u>>16 */                     \
	VPAND Y11, y, y          /* y = u>>16 & 1 */                 \
	VPADDD Y10, u, Y4        /* Y4 = u + 0x7FFF */               \
	VPADDD Y4, y, y          /* y = u + 0x7FFF + u>>16&1 */      \
	VCMPPS $3, u, u, Y4      /* Y4 = which are NaN */            \
	VPOR Y12, u, Y5          /* Y5 = u with the quiet bit */     \
	VBLENDVPS Y4, Y5, y, y   /* for NaN, y = Y5 */               \
	VPSRLD $16, y, y         /* y = upper halves */              \

// ROUND stores the 16 floats in Y0 and Y1 at dst.
#define ROUND \
	UPPER(Y0, Y2)            /* Y2 = 8 of 32 bits */           \
	UPPER(Y1, Y3)            /* Y3 = 8 more */                 \
	VPACKUSDW Y3, Y2, Y2     /* Y2 = 16 of 16 bits, 0-3 8-11 4-7 12-15 */ \
	VPERMQ $0xD8, Y2, Y2     /* Y2 = in order */               \
	VMOVDQU Y2, (DI)         /* dst[0:16] = Y2 */              \

// func widenAVX2(dst []float32, src []bfloat16)
TEXT ·widenAVX2(SB), NOSPLIT, $0-48
	ARGUMENTS           // slices
	JZ end              // no vector

loop:
	WIDEN((SI), Y0)     // Y0 = src[0:8]
	WIDEN(16(SI), Y1)   // Y1 = src[8:16]
	VMOVUPS Y0, (DI)    // dst[0:8] = Y0
	VMOVUPS Y1, 32(DI)  // dst[8:16] = Y1
	ADDQ $32, SI        // next 16 of src
	ADDQ $64, DI        // and of dst
	DECQ CX             // a group less
	JNZ  loop           // until none is left
	VZEROUPPER          // leave no dirty upper halves

end:
	RET

// func roundAVX2(dst []bfloat16, src []float32)
TEXT ·roundAVX2(SB), NOSPLIT, $0-48
	ARGUMENTS           // slices
	JZ end              // no vector
	CONSTANTS           // of ROUND

loop:
	VMOVUPS (SI), Y0    // Y0 = src[0:8]
	VMOVUPS 32(SI), Y1  // Y1 = src[8:16]
	ROUND               // dst[0:16] = Y0, Y1
	ADDQ $64, SI        // next 16 of src
	ADDQ $32, DI        // and of dst
	DECQ CX             // a group less
	JNZ  loop           // until none is left
	VZEROUPPER          // leave no dirty upper halves

end:
	RET

// func addRoundAVX2(dst []bfloat16, src []float32)
TEXT ·addRoundAVX2(SB), NOSPLIT, $0-48
	ARGUMENTS              // slices
	JZ end                 // no vector
	CONSTANTS              // of ROUND

loop:
	WIDEN((DI), Y0)        // Y0 = dst[0:8]
	WIDEN(16(DI), Y1)      // Y1 = dst[8:16]
	VADDPS (SI), Y0, Y0    // Y0 += src[0:8]
	VADDPS 32(SI), Y1, Y1  // Y1 += src[8:16]
	ROUND                  // dst[0:16] = Y0, Y1
	ADDQ $64, SI           // next 16 of src
	ADDQ $32, DI           // and of dst
	DECQ CX                // a group less
	JNZ  loop              // until none is left
	VZEROUPPER             // leave no dirty upper halves

end:
	RET
