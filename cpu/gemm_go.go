package cpu

// The plain Go twins of the assembly.

var goKernels = kernels{
	level:          LevelGo,
	productKernels: productKernels{mr: 2, nr: 16, wide: gemm2x16, narrow: gemm2x8, transpose: transpose8Go, copyRows: copyRowsGo},
	conversions:    goConversions,
	poolKernels:    goPoolKernels,
	unary:          unary,
	folds:          goFolds,
	arithmetic:     goArithmetic,
	updates:        goUpdates,
	softmaxKernels: goSoftmax,
	randomKernels:  goRandom,
	columnKernels:  goColumns,
	transforms:     goTransforms,
	reducer:        goReducer,
	slideKernels:   goSlideKernels,
}

// gemm2x16 is a microKernel on two rows of 16.
func gemm2x16(c []float32, ldc int, init []float32, ldi int, a []float32, rs, ks int, b []float32, ldb, k int) {
	copy(c[:16], init)
	copy(c[ldc:][:16], init[ldi:])
	addScaledRows(c[:16], c[ldc:][:16], a, a[rs:], ks, b, ldb, k)
}

// gemm2x8 is a microKernel on two rows of 8.
func gemm2x8(c []float32, ldc int, init []float32, ldi int, a []float32, rs, ks int, b []float32, ldb, k int) {
	copy(c[:8], init)
	copy(c[ldc:][:8], init[ldi:])
	addScaledRows(c[:8], c[ldc:][:8], a, a[rs:], ks, b, ldb, k)
}

// addScaledRows adds x[p*ks] times row p of b to c and y[p*ks] times it to d, for
// p < k: four rows of b at a time for two of the result, as many as registers
// hold, since loading and storing costs as much as multiplying.
func addScaledRows(c, d, x, y []float32, ks int, b []float32, ldb, k int) {
	d = d[:len(c)]
	p := 0
	for ; p+4 <= k; p += 4 {
		x0, x1, x2, x3 := x[p*ks], x[(p+1)*ks], x[(p+2)*ks], x[(p+3)*ks]
		y0, y1, y2, y3 := y[p*ks], y[(p+1)*ks], y[(p+2)*ks], y[(p+3)*ks]
		b0, b1, b2, b3 := b[p*ldb:][:len(c)], b[(p+1)*ldb:][:len(c)], b[(p+2)*ldb:][:len(c)], b[(p+3)*ldb:][:len(c)]
		for j := range c {
			u0, u1, u2, u3 := b0[j], b1[j], b2[j], b3[j]
			c[j] += x0*u0 + x1*u1 + x2*u2 + x3*u3
			d[j] += y0*u0 + y1*u1 + y2*u2 + y3*u3
		}
	}
	for ; p < k; p++ {
		for j, v := range b[p*ldb:][:len(c)] {
			c[j] += x[p*ks] * v
			d[j] += y[p*ks] * v
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

// copyRowsGo sets dst[r*ldd+c] = src[r*lds+c] for r < rows and c < cols.
func copyRowsGo(dst []float32, ldd int, src []float32, lds, cols, rows int) {
	for r := range rows {
		copy(dst[r*ldd:][:cols], src[r*lds:])
	}
}
