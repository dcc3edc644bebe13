// The transforms of Winograd's convolution for both widths of vectors: one
// definition, included by conv2d_winograd_avx2_amd64.s and _avx512_amd64.s. Those
// say what these are:
//
//	V0 to V15            vector registers; V15 is the macros' own
//	LANES, BYTES         elements and bytes of a vector
//	A1 ... SCALE_BB      winogradNumbers
//	MUL(c, x, y)         y = c x
//	ADD_MUL(c, x, y)     y += c x
//	SUB_MUL(c, x, y)     y -= c x
//	NUMBERS              makes the numbers ready
//	MASKS                makes a mask of each bit of cols ready
//	READ0 to READ5(at, y)    y = the column at if its bit is set, else 0; at is not read then
//	COPY(x, y), CLEAR(y) y = x, y = 0
//
// A body transforms six vectors V0 to V5, or as many as its filter has taps, to
// V6 to V11, or as many as it has outputs. SPREAD and GATHER apply it to the
// lines of a tile, LANES channels at a time, keep what comes out in a buffer on
// the stack that stays in the first cache, and apply it to the columns. 16 channels
// of a tile of pixels take an AMD Zen 5 130 cycles with AVX-512, back to 4 by 4
// outputs 115; its 72 stores and its 144 products take 72 cycles each.

// PAIR sets plus and minus to plus ± c x.
#define PAIR(c, x, plus, minus) \
	COPY(plus, minus)      /* minus = plus */ \
	ADD_MUL(c, x, plus)    /* plus += c x */  \
	SUB_MUL(c, x, minus)   /* minus -= c x */ \

// DATA_BODY is winogradData.
#define DATA_BODY \
	COPY(V4, V6)           /* V6 = d4 */               \
	ADD_MUL(A2B2, V0, V6)  /* V6 += a²b² d0 */         \
	SUB_MUL(SUM, V2, V6)   /* V6 -= (a²+b²) d2 */      \
	COPY(V4, V7)           /* V7 = d4 */               \
	SUB_MUL(B2, V2, V7)    /* V7 -= b² d2, the even */ \
	COPY(V3, V12)          /* V12 = d3 */              \
	SUB_MUL(B2, V1, V12)   /* V12 -= b² d1, the odd */ \
	PAIR(A1, V12, V7, V8)  /* V7, V8 = even ± a odd */ \
	COPY(V4, V9)           /* V9 = d4 */               \
	SUB_MUL(A2, V2, V9)    /* V9 -= a² d2, the even */ \
	COPY(V3, V12)          /* V12 = d3 */              \
	SUB_MUL(A2, V1, V12)   /* V12 -= a² d1, the odd */ \
	PAIR(B1, V12, V9, V10) /* V9, V10 = even ± b odd */ \
	COPY(V5, V11)          /* V11 = d5 */              \
	ADD_MUL(A2B2, V1, V11) /* V11 += a²b² d1 */        \
	SUB_MUL(SUM, V3, V11)  /* V11 -= (a²+b²) d3 */     \

// FILTER_ENDS are the values of a filter at the points 0 and ∞.
#define FILTER_ENDS(last) \
	MUL(SCALE_0, V0, V6)   /* V6 = g0/(a²b²) */        \
	COPY(last, V11)        /* V11 = the last tap */    \

// FILTER_POINT sets plus and minus to scale (V12 ± point V13).
#define FILTER_POINT(scale, scaled, plus, minus) \
	MUL(scale, V12, plus)        /* plus = scale even */              \
	PAIR(scaled, V13, plus, minus) /* plus, minus = ± scale point odd */ \

// FILTER2_BODY to FILTER5_BODY are winogradFilter.
#define FILTER2_BODY \
	FILTER_ENDS(V1)                      /* V6, V11 */                \
	COPY(V0, V12)                        /* V12 = g0, the even */     \
	COPY(V1, V13)                        /* V13 = g1, the odd */      \
	FILTER_POINT(SCALE_A, SCALE_AA, V7, V8) /* at ±a */               \
	FILTER_POINT(SCALE_B, SCALE_BB, V9, V10) /* at ±b */              \

#define FILTER3_BODY \
	FILTER_ENDS(V2)                      /* V6, V11 */                \
	COPY(V1, V13)                        /* V13 = g1, the odd */      \
	COPY(V0, V12)                        /* V12 = g0 */               \
	ADD_MUL(A2, V2, V12)                 /* V12 += a² g2, the even */ \
	FILTER_POINT(SCALE_A, SCALE_AA, V7, V8) /* at ±a */               \
	COPY(V0, V12)                        /* V12 = g0 */               \
	ADD_MUL(B2, V2, V12)                 /* V12 += b² g2, the even */ \
	FILTER_POINT(SCALE_B, SCALE_BB, V9, V10) /* at ±b */              \

#define FILTER4_BODY \
	FILTER_ENDS(V3)                      /* V6, V11 */                \
	COPY(V0, V12)                        /* V12 = g0 */               \
	ADD_MUL(A2, V2, V12)                 /* V12 += a² g2, the even */ \
	COPY(V1, V13)                        /* V13 = g1 */               \
	ADD_MUL(A2, V3, V13)                 /* V13 += a² g3, the odd */  \
	FILTER_POINT(SCALE_A, SCALE_AA, V7, V8) /* at ±a */               \
	COPY(V0, V12)                        /* V12 = g0 */               \
	ADD_MUL(B2, V2, V12)                 /* V12 += b² g2, the even */ \
	COPY(V1, V13)                        /* V13 = g1 */               \
	ADD_MUL(B2, V3, V13)                 /* V13 += b² g3, the odd */  \
	FILTER_POINT(SCALE_B, SCALE_BB, V9, V10) /* at ±b */              \

#define FILTER5_BODY \
	FILTER_ENDS(V4)                      /* V6, V11 */                \
	COPY(V0, V12)                        /* V12 = g0 */               \
	ADD_MUL(A2, V2, V12)                 /* V12 += a² g2 */           \
	ADD_MUL(A4, V4, V12)                 /* V12 += a⁴ g4, the even */ \
	COPY(V1, V13)                        /* V13 = g1 */               \
	ADD_MUL(A2, V3, V13)                 /* V13 += a² g3, the odd */  \
	FILTER_POINT(SCALE_A, SCALE_AA, V7, V8) /* at ±a */               \
	COPY(V0, V12)                        /* V12 = g0 */               \
	ADD_MUL(B2, V2, V12)                 /* V12 += b² g2 */           \
	ADD_MUL(B4, V4, V12)                 /* V12 += b⁴ g4, the even */ \
	COPY(V1, V13)                        /* V13 = g1 */               \
	ADD_MUL(B2, V3, V13)                 /* V13 += b² g3, the odd */  \
	FILTER_POINT(SCALE_B, SCALE_BB, V9, V10) /* at ±b */              \

// OUTPUT2_BODY to OUTPUT5_BODY are winogradOutput; each is the one before, but
// for what ∞ adds to the last.
#define OUTPUT_SUMS \
	VADDPS V2, V1, V12     /* V12 = m1+m2, even a */ \
	VSUBPS V2, V1, V13     /* V13 = m1-m2, odd a */  \
	VADDPS V4, V3, V14     /* V14 = m3+m4, even b */ \
	VSUBPS V4, V3, V4      /* V4 = m3-m4, odd b */   \
	VADDPS V12, V0, V6     /* V6 = m0 + even a */    \
	VADDPS V14, V6, V6     /* V6 += even b */        \
	MUL(A1, V13, V7)       /* V7 = a odd a */        \
	ADD_MUL(B1, V4, V7)    /* V7 += b odd b */       \

#define OUTPUT_THIRD \
	MUL(A2, V12, V8)       /* V8 = a² even a */      \
	ADD_MUL(B2, V14, V8)   /* V8 += b² even b */     \

#define OUTPUT_FOURTH \
	MUL(A3, V13, V9)       /* V9 = a³ odd a */       \
	ADD_MUL(B3, V4, V9)    /* V9 += b³ odd b */      \

#define OUTPUT_FIFTH \
	MUL(A4, V12, V10)      /* V10 = a⁴ even a */     \
	ADD_MUL(B4, V14, V10)  /* V10 += b⁴ even b */    \

#define OUTPUT2_BODY \
	OUTPUT_SUMS            /* V6, V7 */              \
	VADDPS V5, V7, V7      /* V7 += m5 */            \

#define OUTPUT3_BODY \
	OUTPUT_SUMS            /* V6, V7 */              \
	OUTPUT_THIRD           /* V8 */                  \
	VADDPS V5, V8, V8      /* V8 += m5 */            \

#define OUTPUT4_BODY \
	OUTPUT_SUMS            /* V6, V7 */              \
	OUTPUT_THIRD           /* V8 */                  \
	OUTPUT_FOURTH          /* V9 */                  \
	VADDPS V5, V9, V9      /* V9 += m5 */            \

#define OUTPUT5_BODY \
	OUTPUT_SUMS            /* V6, V7 */              \
	OUTPUT_THIRD           /* V8 */                  \
	OUTPUT_FOURTH          /* V9 */                  \
	OUTPUT_FIFTH           /* V10 */                 \
	VADDPS V5, V10, V10    /* V10 += m5 */           \

// PIXELS2 to PIXELS6 read a line of a tile at AX; a pixel is R8 bytes, R9 is
// three and R10 five. DX is where the tile below has that line: its pixels are
// asked for in time, since steps from pixel to pixel are too wide for the hardware
// to foresee.
#define PIXELS2 \
	READ0((AX), V0)        /* pixel 0 */                   \
	READ1((AX)(R8*1), V1)  /* pixel 1 */                   \
	PREFETCHT0 (DX)        /* pixel 0 of the tile below */ \
	PREFETCHT0 (DX)(R8*1)  /* its pixel 1 */               \

#define PIXELS3 \
	PIXELS2                /* pixels 0 and 1 */            \
	READ2((AX)(R8*2), V2)  /* pixel 2 */                   \
	PREFETCHT0 (DX)(R8*2)  /* that of the tile below */    \

#define PIXELS4 \
	PIXELS3                /* pixels 0 to 2 */             \
	READ3((AX)(R9*1), V3)  /* pixel 3 */                   \
	PREFETCHT0 (DX)(R9*1)  /* that of the tile below */    \

#define PIXELS5 \
	PIXELS4                /* pixels 0 to 3 */             \
	READ4((AX)(R8*4), V4)  /* pixel 4 */                   \

#define PIXELS6 \
	PIXELS5                /* pixels 0 to 4 */             \
	READ5((AX)(R10*1), V5) /* pixel 5 */                   \

// COLUMN2 to COLUMN6 read a column of the buffer at BX.
#define COLUMN2 \
	VMOVUPS (BX), V0           /* line 0 */ \
	VMOVUPS 6*BYTES(BX), V1    /* line 1 */ \

#define COLUMN3 \
	COLUMN2                    /* lines 0 and 1 */ \
	VMOVUPS 12*BYTES(BX), V2   /* line 2 */        \

#define COLUMN4 \
	COLUMN3                    /* lines 0 to 2 */ \
	VMOVUPS 18*BYTES(BX), V3   /* line 3 */       \

#define COLUMN5 \
	COLUMN4                    /* lines 0 to 3 */ \
	VMOVUPS 24*BYTES(BX), V4   /* line 4 */       \

#define COLUMN6 \
	COLUMN5                    /* lines 0 to 4 */ \
	VMOVUPS 30*BYTES(BX), V5   /* line 5 */       \

// KEEP2 to KEEP6 put a line into the buffer at BX.
#define KEEP2 \
	VMOVUPS V6, (BX)           /* column 0 */ \
	VMOVUPS V7, BYTES(BX)      /* column 1 */ \

#define KEEP3 \
	KEEP2                      /* columns 0 and 1 */ \
	VMOVUPS V8, 2*BYTES(BX)    /* column 2 */        \

#define KEEP4 \
	KEEP3                      /* columns 0 to 2 */ \
	VMOVUPS V9, 3*BYTES(BX)    /* column 3 */       \

#define KEEP5 \
	KEEP4                      /* columns 0 to 3 */ \
	VMOVUPS V10, 4*BYTES(BX)   /* column 4 */       \

#define KEEP6 \
	KEEP5                      /* columns 0 to 4 */ \
	VMOVUPS V11, 5*BYTES(BX)   /* column 5 */       \

// MULTIPLES sets R8, R9 and R10 to one, three and five times R8.
#define MULTIPLES \
	LEAQ (R8)(R8*2), R9    /* R9 = 3 R8 */ \
	LEAQ (R8)(R8*4), R10   /* R10 = 5 R8 */ \

// SPREAD is a tileTransform of SIZE by SIZE pixels. SI is x at the channels in
// work, DI is v, R13 the buffer.
#define SPREAD(SIZE, PIXELS, COLUMN, BODY) \
	NUMBERS                    /* the points and scales */                      \
	LEAQ 63(SP), R13           /* R13 = the buffer, */                          \
	ANDQ $-64, R13             /* which begins on a cache line */               \
	MOVQ v_base+0(FP), DI      /* DI = v */                                     \
	MOVQ x_base+32(FP), SI     /* SI = x */                                     \
	MOVQ at+56(FP), AX         /* AX = at */                                    \
	LEAQ (SI)(AX*4), SI        /* SI = &x[at] */                                \
	MASKS                      /* of the columns */                             \
channels:                                                                       \
	MOVQ pixel+72(FP), R8      /* R8 = pixel */                                 \
	SHLQ $2, R8                /* R8 *= 4 */                                    \
	MULTIPLES                  /* R9 = 3 pixels, R10 = 5 */                     \
	MOVQ line+64(FP), R11      /* R11 = line */                                 \
	SHLQ $2, R11               /* R11 *= 4 */                                   \
	MOVQ rows+80(FP), R12      /* R12 = rows */                                 \
	MOVQ SI, AX                /* AX = line 0 of x */                           \
	MOVQ R13, BX               /* BX = line 0 of the buffer */                  \
	MOVQ $SIZE, CX             /* CX = lines left */                            \
lines:                                                                          \
	SHRQ $1, R12               /* is the line's bit set? */                     \
	JCS  inside                /* yes: the line is read */                      \
	CLEAR(V6)                  /* no: V6 = 0 */                                 \
	CLEAR(V7)                  /* V7 = 0 */                                     \
	CLEAR(V8)                  /* V8 = 0 */                                     \
	CLEAR(V9)                  /* V9 = 0 */                                     \
	CLEAR(V10)                 /* V10 = 0 */                                    \
	CLEAR(V11)                 /* V11 = 0 */                                    \
	JMP  keep                  /* six zeros */                                  \
inside:                                                                         \
	LEAQ (AX)(R11*4), DX       /* DX = the same line of the tile below */       \
	PIXELS                     /* the pixels of the line */                     \
	BODY                       /* transformed */                                \
keep:                                                                           \
	KEEP6                      /* into the buffer */                            \
	ADDQ $(6*BYTES), BX        /* next line of the buffer */                    \
	ADDQ R11, AX               /* next line of x */                             \
	DECQ CX                    /* one line less */                              \
	JNZ  lines                 /* until none is left */                         \
	MOVQ step+24(FP), R11      /* R11 = step */                                 \
	SHLQ $2, R11               /* R11 *= 4 */                                   \
	LEAQ (R11)(R11*2), R8      /* R8 = 3 steps */                               \
	SHLQ $1, R8                /* R8 = 6 steps, a line of v */                  \
	MULTIPLES                  /* R9 = 3 lines, R10 = 5 */                      \
	MOVQ DI, AX                /* AX = column 0 of v */                         \
	MOVQ R13, BX               /* BX = column 0 of the buffer */                \
	MOVQ $6, CX                /* CX = columns left */                          \
columns:                                                                        \
	COLUMN                     /* of the buffer */                              \
	BODY                       /* transformed */                                \
	VMOVUPS V6, (AX)           /* v[0, j] */                                    \
	VMOVUPS V7, (AX)(R8*1)     /* v[1, j] */                                    \
	VMOVUPS V8, (AX)(R8*2)     /* v[2, j] */                                    \
	VMOVUPS V9, (AX)(R9*1)     /* v[3, j] */                                    \
	VMOVUPS V10, (AX)(R8*4)    /* v[4, j] */                                    \
	VMOVUPS V11, (AX)(R10*1)   /* v[5, j] */                                    \
	ADDQ $BYTES, BX            /* next column of the buffer */                  \
	ADDQ R11, AX               /* next column of v */                           \
	DECQ CX                    /* one column less */                            \
	JNZ  columns               /* until none is left */                         \
	ADDQ $BYTES, SI            /* next channels of x */                         \
	ADDQ $BYTES, DI            /* and of v */                                   \
	SUBQ $LANES, n+96(FP)      /* n -= LANES */                                 \
	JNZ  channels              /* until none is left */                         \
	VZEROUPPER                 /* leave no dirty upper halves */                \
	RET

// PUT2 to PUT5 add a column of add, at DX, to V6 to V10 and store it at AX; a
// line of y is R8 bytes, R9 is three, a line of add R10, R12 is three.
#define PUT2 \
	VADDPS (DX), V6, V6        /* line 0 += add */ \
	VMOVUPS V6, (AX)           /* y[0, w] */       \
	VADDPS (DX)(R10*1), V7, V7 /* line 1 += add */ \
	VMOVUPS V7, (AX)(R8*1)     /* y[1, w] */       \

#define PUT3 \
	PUT2                       /* lines 0 and 1 */ \
	VADDPS (DX)(R10*2), V8, V8 /* line 2 += add */ \
	VMOVUPS V8, (AX)(R8*2)     /* y[2, w] */       \

#define PUT4 \
	PUT3                       /* lines 0 to 2 */  \
	VADDPS (DX)(R12*1), V9, V9 /* line 3 += add */ \
	VMOVUPS V9, (AX)(R9*1)     /* y[3, w] */       \

#define PUT5 \
	PUT4                         /* lines 0 to 3 */  \
	VADDPS (DX)(R10*4), V10, V10 /* line 4 += add */ \
	VMOVUPS V10, (AX)(R8*4)      /* y[4, w] */       \

// GATHER is an outputTransform to SIZE by SIZE pixels. DI is y at the channels
// in work, SI is m, R11 is add, R13 the buffer.
#define GATHER(SIZE, KEEP, PUT, BODY) \
	NUMBERS                    /* the points */                                 \
	LEAQ 63(SP), R13           /* R13 = the buffer, */                          \
	ANDQ $-64, R13             /* which begins on a cache line */               \
	MOVQ y_base+0(FP), DI      /* DI = y */                                     \
	MOVQ m_base+40(FP), SI     /* SI = m */                                     \
	MOVQ add_base+72(FP), R11  /* R11 = add */                                  \
channels:                                                                       \
	MOVQ step+64(FP), R8       /* R8 = step */                                  \
	SHLQ $2, R8                /* R8 *= 4 */                                    \
	MULTIPLES                  /* R9 = 3 steps, R10 = 5 */                      \
	LEAQ (R9)(R9*1), R12       /* R12 = 6 steps, a line of m */                 \
	MOVQ SI, AX                /* AX = line 0 of m */                           \
	MOVQ R13, BX               /* BX = line 0 of the buffer */                  \
	MOVQ $6, CX                /* CX = lines left */                            \
lines:                                                                          \
	VMOVUPS (AX), V0           /* m[i, 0] */                                    \
	VMOVUPS (AX)(R8*1), V1     /* m[i, 1] */                                    \
	VMOVUPS (AX)(R8*2), V2     /* m[i, 2] */                                    \
	VMOVUPS (AX)(R9*1), V3     /* m[i, 3] */                                    \
	VMOVUPS (AX)(R8*4), V4     /* m[i, 4] */                                    \
	VMOVUPS (AX)(R10*1), V5    /* m[i, 5] */                                    \
	BODY                       /* transformed */                                \
	KEEP                       /* into the buffer */                            \
	ADDQ $(6*BYTES), BX        /* next line of the buffer */                    \
	ADDQ R12, AX               /* next line of m */                             \
	DECQ CX                    /* one line less */                              \
	JNZ  lines                 /* until none is left */                         \
	MOVQ line+24(FP), R8       /* R8 = line */                                  \
	SHLQ $2, R8                /* R8 *= 4 */                                    \
	LEAQ (R8)(R8*2), R9        /* R9 = 3 lines of y */                          \
	MOVQ addLine+96(FP), R10   /* R10 = addLine */                              \
	SHLQ $2, R10               /* R10 *= 4 */                                   \
	LEAQ (R10)(R10*2), R12     /* R12 = 3 lines of add */                       \
	MOVQ DI, AX                /* AX = column 0 of y */                         \
	MOVQ R11, DX               /* DX = column 0 of add */                       \
	MOVQ R13, BX               /* BX = column 0 of the buffer */                \
	MOVQ $SIZE, CX             /* CX = columns left */                          \
columns:                                                                        \
	COLUMN6                    /* of the buffer */                              \
	BODY                       /* transformed */                                \
	PUT                        /* plus add, into y */                           \
	ADDQ $BYTES, BX            /* next column of the buffer */                  \
	MOVQ pixel+32(FP), R15     /* R15 = pixel */                                \
	LEAQ (AX)(R15*4), AX       /* next column of y */                           \
	MOVQ addPixel+104(FP), R15 /* R15 = addPixel */                             \
	LEAQ (DX)(R15*4), DX       /* next column of add */                         \
	DECQ CX                    /* one column less */                            \
	JNZ  columns               /* until none is left */                         \
	ADDQ $BYTES, DI            /* next channels of y, */                        \
	ADDQ $BYTES, SI            /* of m */                                       \
	ADDQ $BYTES, R11           /* and of add */                                 \
	SUBQ $LANES, n+112(FP)     /* n -= LANES */                                 \
	JNZ  channels              /* until none is left */                         \
	VZEROUPPER                 /* leave no dirty upper halves */                \
	RET
