package cpu

// The plain Go twins of the assembly.

var goKernels = kernels{
	level:          LevelGo,
	productKernels: productKernels{mr: 1, nr: 16, wide: gemm1x16, narrow: gemm1x8, transpose: transpose8Go},
	conversions:    goConversions,
	poolKernels:    goPoolKernels,
	unary:          unary,
	folds:          goFolds,
	arithmetic:     goArithmetic,
	updates:        goUpdates,
	softmaxKernels: goSoftmax,
	columnKernels:  goColumns,
	transforms:     goTransforms,
	reducer:        goReducer,
	depthwise:      goDepthwise,
}

// gemm1x16 is a microKernel on a row of 16.
func gemm1x16(c []float32, _ int, a []float32, _, ks int, b []float32, ldb, k int) {
	addScaledRows(c[:16], a, ks, b, ldb, k)
}

// gemm1x8 is a microKernel on a row of 8.
func gemm1x8(c []float32, _ int, a []float32, _, ks int, b []float32, ldb, k int) {
	addScaledRows(c[:8], a, ks, b, ldb, k)
}

// addScaledRows adds a[p*ks] times row p of b to c, for p < k: four rows at a time,
// since loading and storing c costs as much as multiplying.
func addScaledRows(c, a []float32, ks int, b []float32, ldb, k int) {
	p := 0
	for ; p+4 <= k; p += 4 {
		x0, x1, x2, x3 := a[p*ks], a[(p+1)*ks], a[(p+2)*ks], a[(p+3)*ks]
		b0, b1, b2, b3 := b[p*ldb:][:len(c)], b[(p+1)*ldb:][:len(c)], b[(p+2)*ldb:][:len(c)], b[(p+3)*ldb:][:len(c)]
		for j := range c {
			c[j] += x0*b0[j] + x1*b1[j] + x2*b2[j] + x3*b3[j]
		}
	}
	for ; p < k; p++ {
		for j, v := range b[p*ldb:][:len(c)] {
			c[j] += a[p*ks] * v
		}
	}
}

// transpose8Go sets dst[c*ldd+r] = src[r*lds+c] for r < 8 and c < cols.
func transpose8Go(dst []float32, ldd int, src []float32, lds, cols int) {
	for r := range 8 {
		for c, v := range src[r*lds:][:cols] {
			dst[c*ldd+r] = v
		}
	}
}
