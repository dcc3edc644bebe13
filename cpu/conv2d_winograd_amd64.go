package cpu

// The transforms in assembly; see tileTransform and outputTransform. No bound is
// checked.

// winogradNumbers are what the assembly multiplies with.
//
//lint:ignore U1000 the assembly reads it
var winogradNumbers = [...]float32{
	a1, a2, a3, a4,
	b1, b2, b3, b4,
	a2 * b2, a2 + b2,
	scale0, scaleA, scaleA * a1, scaleB, scaleB * b1,
}

var avx2Transforms = transforms{
	data:   winogradDataAVX2,
	filter: [6]tileTransform{2: winogradFilter2AVX2, 3: winogradFilter3AVX2, 4: winogradFilter4AVX2, 5: winogradFilter5AVX2},
	output: [6]outputTransform{2: winogradOutput2AVX2, 3: winogradOutput3AVX2, 4: winogradOutput4AVX2, 5: winogradOutput5AVX2},
}

var avx512Transforms = transforms{
	data:   winogradDataAVX512,
	filter: [6]tileTransform{2: winogradFilter2AVX512, 3: winogradFilter3AVX512, 4: winogradFilter4AVX512, 5: winogradFilter5AVX512},
	output: [6]outputTransform{2: winogradOutput2AVX512, 3: winogradOutput3AVX512, 4: winogradOutput4AVX512, 5: winogradOutput5AVX512},
}

//go:noescape
func winogradDataAVX2(v []float32, step int, x []float32, at, line, pixel int, rows, cols uint, n int)

//go:noescape
func winogradFilter2AVX2(v []float32, step int, x []float32, at, line, pixel int, rows, cols uint, n int)

//go:noescape
func winogradFilter3AVX2(v []float32, step int, x []float32, at, line, pixel int, rows, cols uint, n int)

//go:noescape
func winogradFilter4AVX2(v []float32, step int, x []float32, at, line, pixel int, rows, cols uint, n int)

//go:noescape
func winogradFilter5AVX2(v []float32, step int, x []float32, at, line, pixel int, rows, cols uint, n int)

//go:noescape
func winogradOutput2AVX2(y []float32, line, pixel int, m []float32, step int, add []float32, addLine, addPixel, n int)

//go:noescape
func winogradOutput3AVX2(y []float32, line, pixel int, m []float32, step int, add []float32, addLine, addPixel, n int)

//go:noescape
func winogradOutput4AVX2(y []float32, line, pixel int, m []float32, step int, add []float32, addLine, addPixel, n int)

//go:noescape
func winogradOutput5AVX2(y []float32, line, pixel int, m []float32, step int, add []float32, addLine, addPixel, n int)

//go:noescape
func winogradDataAVX512(v []float32, step int, x []float32, at, line, pixel int, rows, cols uint, n int)

//go:noescape
func winogradFilter2AVX512(v []float32, step int, x []float32, at, line, pixel int, rows, cols uint, n int)

//go:noescape
func winogradFilter3AVX512(v []float32, step int, x []float32, at, line, pixel int, rows, cols uint, n int)

//go:noescape
func winogradFilter4AVX512(v []float32, step int, x []float32, at, line, pixel int, rows, cols uint, n int)

//go:noescape
func winogradFilter5AVX512(v []float32, step int, x []float32, at, line, pixel int, rows, cols uint, n int)

//go:noescape
func winogradOutput2AVX512(y []float32, line, pixel int, m []float32, step int, add []float32, addLine, addPixel, n int)

//go:noescape
func winogradOutput3AVX512(y []float32, line, pixel int, m []float32, step int, add []float32, addLine, addPixel, n int)

//go:noescape
func winogradOutput4AVX512(y []float32, line, pixel int, m []float32, step int, add []float32, addLine, addPixel, n int)

//go:noescape
func winogradOutput5AVX512(y []float32, line, pixel int, m []float32, step int, add []float32, addLine, addPixel, n int)
