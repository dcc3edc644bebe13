package device

// Rows kernels work along one axis: reductions, softmax and its loss.
type Rows interface {
	// Reduce sets y[o, i] = f over n of x[o, n, i]. y, x: data.
	Reduce(y Dst, x Buffer, s Reduce)
	// ReduceGrad sets dx[o, n, i] = dy[o, i] ∂y[o, i]/∂x[o, n, i]. With Sum it is
	// the broadcast of dy. x and y are read by Max, Min, LogSumExp and Norm2
	// alone and may be nil otherwise. dx, dy, x, y: data.
	ReduceGrad(dx Dst, dy, x, y Buffer, s Reduce)
	// ArgMax sets y[o, i] to the first n with the largest x[o, n, i]; a NaN is
	// larger than all. N is at least 1. y: Int32; x: data. s.Func is not read.
	ArgMax(y Dst, x Buffer, s Reduce)

	// Softmax sets y[r, c] = exp(x[r, c]) / Σ exp(x[r, :]), or its logarithm.
	// y, x: data.
	Softmax(y Dst, x Buffer, s Softmax)
	// SoftmaxGrad sets dx = y (dy - Σ dy y), or with Log: dx = dy - exp(y) Σ dy.
	// dx, dy, y: data.
	SoftmaxGrad(dx Dst, dy, y Buffer, s Softmax)

	// CrossEntropy computes, for each row r with the label t, with w the class
	// weights (all 1 where nil), ε the smoothing and C the classes,
	//
	//	lse[r]    = ln Σ exp(logits[r, :])
	//	loss[r]   = (1-ε) w[t] (lse[r] - logits[r, t]) + ε/C Σ_c w[c] (lse[r] - logits[r, c])
	//	weight[r] = w[t]
	//
	// and 0 for loss and weight where the label is s.Ignore. A label outside
	// 0..C-1 is a Fault at its row, which counts as ignored. logits: data;
	// loss, weight, lse, weights: always Float32; labels: Int32.
	CrossEntropy(loss, weight, lse Dst, logits, labels, weights Buffer, s CrossEntropy)
	// CrossEntropyGrad sets, with p = exp(logits - lse) and W = Σ_c w[c],
	//
	//	dlogits[r, c] = dloss[r] ((1-ε) w[t] (p[r, c] - [c = t]) + ε/C (W p[r, c] - w[c]))
	//
	// and 0 in ignored rows, those with a bad label among them: CrossEntropy has
	// reported it. dlogits, logits: data; dloss, lse, weights: always Float32;
	// labels: Int32.
	CrossEntropyGrad(dlogits Dst, dloss, logits, lse, labels, weights Buffer, s CrossEntropy)
	// Hits sets hits[0] to the number of rows whose first largest logit is at
	// the label; a label that is no class is never hit. hits: always Float32 [1];
	// logits: data; labels: Int32.
	Hits(hits Dst, logits, labels Buffer, s Softmax)
}

// A Reduce is a function over the middle axis of [Outer, N, Inner].
type Reduce struct {
	Func            ReduceFunc
	Outer, N, Inner int
}

// A ReduceFunc names a reduction.
type ReduceFunc uint8

// The reductions, with their values for N = 0.
const (
	Sum       ReduceFunc = iota // Σ x; 0
	Mean                        // Σ x / N; NaN
	Max                         // the largest; NaN wins; equal ones share dy evenly; -Inf
	Min                         // the smallest; NaN wins; equal ones share dy evenly; +Inf
	LogSumExp                   // ln Σ exp(x); -Inf
	Norm2                       // √Σ x²; derivative 0 where it is 0; 0
	numReduceFuncs
)

// ReduceFuncs lists every reduction, for tables and suites that must be complete.
func ReduceFuncs() []ReduceFunc {
	fs := make([]ReduceFunc, numReduceFuncs)
	for i := range fs {
		fs[i] = ReduceFunc(i)
	}
	return fs
}

func (f ReduceFunc) String() string {
	return entry([]string{"Sum", "Mean", "Max", "Min", "LogSumExp", "Norm2"}, f)
}

// ReadsXY reports whether the derivative is computed from x and y.
func (f ReduceFunc) ReadsXY() bool { return f >= Max }

// A Softmax is over the last axis of [Rows, Cols].
type Softmax struct {
	Rows, Cols int
	Log        bool // the logarithm of the softmax
}

// A CrossEntropy is a loss over logits [Rows, Classes].
type CrossEntropy struct {
	Rows, Classes int
	Smoothing     float32 // ε, 0 <= ε <= 1
	Ignore        int32   // the label of rows that do not count, such as -100
}
