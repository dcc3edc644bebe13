#include "textflag.h"

// ARGUMENTS loads the slices; CX counts vectors of 16.
#define ARGUMENTS \
	MOVQ dst_base+0(FP), DI  /* DI = &dst[0] */       \
	MOVQ src_base+24(FP), SI /* SI = &src[0] */       \
	MOVQ src_len+32(FP), CX  /* CX = len(src) */      \
	SHRQ $4, CX              /* CX = vectors of 16 */ \

// CONSTANTS are what ROUND needs.
#define CONSTANTS \
	MOVL $0x7FFF, AX       /* just below half a unit of bfloat16 */ \
	VPBROADCASTD AX, Z16   /* Z16 = 0x7FFF, ... */                  \
	MOVL $1, AX            /* the last bit that stays */            \
	VPBROADCASTD AX, Z17   /* Z17 = 1, ... */                       \
	MOVL $0x400000, AX     /* the bit that makes a NaN quiet */     \
	VPBROADCASTD AX, Z18   /* Z18 = 0x400000, ... */                \

// ROUND stores the 16 floats in Z0 at dst, rounded to nearest, ties to even.
#define ROUND \
	VPSRLD $16, Z0, Z1       /* Z1 = u>>16 */                      \
	VPANDD Z17, Z1, Z1       /* Z1 = u>>16 & 1 */                  \
	VPADDD Z16, Z0, Z2       /* Z2 = u + 0x7FFF */                 \
	VPADDD Z2, Z1, Z1        /* Z1 = u + 0x7FFF + u>>16&1 */       \
	VCMPPS $3, Z0, Z0, K1    /* K1 = which are NaN */              \
	VPORD Z18, Z0, K1, Z1    /* for these, Z1 = u with quiet bit */ \
	VPSRLD $16, Z1, Z1       /* Z1 = upper halves */               \
	VPMOVDW Z1, (DI)         /* dst[0:16] = Z1 */                  \

// AHEAD is how far ahead widening asks memory for what it reads, in bytes: a span of
// elementwise work. The same worker mostly goes on with the span that follows.
#define AHEAD 2048

// func widenAVX512(dst []float32, src []bfloat16)
TEXT ·widenAVX512(SB), NOSPLIT, $0-48
	ARGUMENTS             // slices
	JZ end                // no vector
	SUBQ $2, CX           // two vectors less
	JLT  last             // there is one

loop:
	PREFETCHT0 AHEAD(SI)  // bring near what the next span reads
	VPMOVZXWD (SI), Z0    // Z0 = src[0:16], as 32 bits each
	VPMOVZXWD 32(SI), Z1  // Z1 = src[16:32]
	VPSLLD $16, Z0, Z0    // Z0 = floats of these upper halves
	VPSLLD $16, Z1, Z1    // Z1 likewise
	VMOVUPS Z0, (DI)      // dst[0:16] = Z0
	VMOVUPS Z1, 64(DI)    // dst[16:32] = Z1
	ADDQ $64, SI          // next 32 of src
	ADDQ $128, DI         // and of dst
	SUBQ $2, CX           // two vectors less
	JGE  loop             // until less than two are left
	CMPQ CX, $-2          // none at all?
	JEQ  done             // all are done

last:
	VPMOVZXWD (SI), Z0    // Z0 = src[0:16], as 32 bits each
	VPSLLD $16, Z0, Z0    // Z0 = floats of these upper halves
	VMOVUPS Z0, (DI)      // dst[0:16] = Z0

done:
	VZEROUPPER            // leave no dirty upper halves

end:
	RET

// func roundAVX512(dst []bfloat16, src []float32)
TEXT ·roundAVX512(SB), NOSPLIT, $0-48
	ARGUMENTS           // slices
	JZ end              // no vector
	CONSTANTS           // of ROUND

loop:
	VMOVUPS (SI), Z0    // Z0 = src[0:16]
	ROUND               // dst[0:16] = Z0
	ADDQ $64, SI        // next 16 of src
	ADDQ $32, DI        // and of dst
	DECQ CX             // a vector less
	JNZ  loop           // until none is left
	VZEROUPPER          // leave no dirty upper halves

end:
	RET

// func addRoundAVX512(dst []bfloat16, src []float32)
TEXT ·addRoundAVX512(SB), NOSPLIT, $0-48
	ARGUMENTS           // slices
	JZ end              // no vector
	CONSTANTS           // of ROUND

loop:
	VPMOVZXWD (DI), Z0  // Z0 = dst[0:16], as 32 bits each
	VPSLLD $16, Z0, Z0  // Z0 = floats of these upper halves
	VADDPS (SI), Z0, Z0 // Z0 = dst[0:16] + src[0:16]
	ROUND               // dst[0:16] = Z0
	ADDQ $64, SI        // next 16 of src
	ADDQ $32, DI        // and of dst
	DECQ CX             // a vector less
	JNZ  loop           // until none is left
	VZEROUPPER          // leave no dirty upper halves

end:
	RET
