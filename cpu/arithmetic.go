package cpu

// arithmetic are rows of two operands, over spans of equal length. A result may
// be an operand.
type arithmetic struct {
	plus, minus, div, maximum, minimum func(y, a, b []float32)

	divisorGrad, share func(t, dy, a, b []float32)
}

var goArithmetic = arithmetic{plusRow, minusRow, divRow, maximumRow, minimumRow, divisorGradRow, shareRow}

// plusRow sets y = a + b.
func plusRow(y, a, b []float32) {
	for i := range min(len(y), len(a), len(b)) {
		y[i] = a[i] + b[i]
	}
}

// minusRow sets y = a - b.
func minusRow(y, a, b []float32) {
	for i := range min(len(y), len(a), len(b)) {
		y[i] = a[i] - b[i]
	}
}

// divRow sets y = a / b.
func divRow(y, a, b []float32) {
	for i := range min(len(y), len(a), len(b)) {
		y[i] = a[i] / b[i]
	}
}

// maximumRow sets y = max(a, b); NaN wins.
func maximumRow(y, a, b []float32) {
	for i := range min(len(y), len(a), len(b)) {
		y[i] = max(a[i], b[i])
	}
}

// minimumRow sets y = min(a, b); NaN wins.
func minimumRow(y, a, b []float32) {
	for i := range min(len(y), len(a), len(b)) {
		y[i] = min(a[i], b[i])
	}
}

// divisorGradRow is a quotient's derivative by b: t = -dy a/b².
func divisorGradRow(t, dy, a, b []float32) {
	for i := range min(len(t), len(dy), len(a), len(b)) {
		t[i] = -dy[i] * (a[i] / b[i]) / b[i]
	}
}

// shareRow is the winner's derivative of a maximum: all of dy where a > b, half
// where they are equal.
func shareRow(t, dy, a, b []float32) {
	for i := range min(len(t), len(dy), len(a), len(b)) {
		t[i] = dy[i] * [3]float32{0, 0.5, 1}[1+above(a[i], b[i])-above(b[i], a[i])]
	}
}
