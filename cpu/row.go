package cpu

import "math"

// foldKernels are folds over spans; see the rows of these names.
type foldKernels struct {
	sum      func(x []float32) float64
	dot      func(x, y []float32) float64
	max, min func(x []float32) float32
	expSum   func(y, x []float32, m float32) float64 // sets y = exp(x - m)
}

var goFolds = foldKernels{sumRow, dotRow, maxRow, minRow, func(y, x []float32, m float32) float64 { return expRow(y, x, float64(m)) }}

// sumRow is Σ x.
func sumRow(x []float32) float64 {
	var s0, s1, s2, s3 float64
	for ; len(x) >= 4; x = x[4:] {
		s0 += float64(x[0])
		s1 += float64(x[1])
		s2 += float64(x[2])
		s3 += float64(x[3])
	}
	for _, v := range x {
		s0 += float64(v)
	}
	return (s0 + s1) + (s2 + s3)
}

// dotRow is Σ x y.
func dotRow(x, y []float32) float64 {
	var s0, s1, s2, s3 float64
	for ; len(x) >= 4 && len(y) >= 4; x, y = x[4:], y[4:] {
		s0 += float64(x[0]) * float64(y[0])
		s1 += float64(x[1]) * float64(y[1])
		s2 += float64(x[2]) * float64(y[2])
		s3 += float64(x[3]) * float64(y[3])
	}
	y = y[:len(x)]
	for i, v := range x {
		s0 += float64(v) * float64(y[i])
	}
	return (s0 + s1) + (s2 + s3)
}

// maxRow is the largest of x; -Inf for none, NaN where there is one.
func maxRow(x []float32) float32 {
	m0 := infinity(-1)
	m1, m2, m3 := m0, m0, m0
	for ; len(x) >= 4; x = x[4:] {
		m0, m1, m2, m3 = max(m0, x[0]), max(m1, x[1]), max(m2, x[2]), max(m3, x[3])
	}
	for _, v := range x {
		m0 = max(m0, v)
	}
	return max(m0, m1, m2, m3)
}

// minRow is the smallest of x; +Inf for none, NaN where there is one.
func minRow(x []float32) float32 {
	m0 := infinity(1)
	m1, m2, m3 := m0, m0, m0
	for ; len(x) >= 4; x = x[4:] {
		m0, m1, m2, m3 = min(m0, x[0]), min(m1, x[1]), min(m2, x[2]), min(m3, x[3])
	}
	for _, v := range x {
		m0 = min(m0, v)
	}
	return min(m0, m1, m2, m3)
}

// infinity is +Inf or, for a negative sign, -Inf.
func infinity(sign int) float32 { return float32(math.Inf(sign)) }
