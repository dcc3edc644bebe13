package device

// Elementwise kernels compute every element by itself. A destination may be
// exactly a source.
type Elementwise interface {
	// Unary sets y[i] = f(x[i]). y, x: data.
	Unary(y Dst, x Buffer, f Unary)
	// UnaryGrad sets dx[i] = dy[i] f'(x[i]). v is x where f.Func.ReadsX(), else
	// y = f(x). dx, dy, v: data.
	UnaryGrad(dx Dst, dy, v Buffer, f Unary)

	// Binary sets y = f(a, b) with NumPy broadcasting as s says. y, a, b: data.
	Binary(y Dst, a, b Buffer, s Binary)
	// BinaryGrad sets da = Σ dy ∂f/∂a and db = Σ dy ∂f/∂b, summed over the axes
	// along which the operand repeats. da, db, dy, a, b: data. In place only where
	// neither operand repeats.
	BinaryGrad(da, db Dst, dy, a, b Buffer, s Binary)

	// Convert sets y[i] = x[i], between Float32 and BFloat16 (to nearest, ties
	// to even) or within one of them. y, x: data, each its own.
	Convert(y Dst, x Buffer)
	// Fill sets y[i] = v. y: data.
	Fill(y Dst, v float32)
	// Normalize sets y[i, c] = scale[c] x[i, c] + shift[c] for images of
	// len(scale) channels. x: Uint8; y: data; scale, shift: always Float32.
	Normalize(y Dst, x, scale, shift Buffer)

	// NextPass copies the four words of stream to cell and adds one to the
	// stream's pass. Both are Int32 buffers of StreamWords words.
	NextPass(cell, stream Buffer)
	// Dropout sets y[i] = x[i] / (1-p) where element i is kept, else 0; it is its
	// own derivative. Word i%4 of Philox with the counter (i/4, site, pass) under
	// the key seed decides, low words first: the element is kept where it is at
	// least s.Threshold(). y, x: data; cell: as NextPass left it.
	Dropout(y Dst, x, cell Buffer, s Dropout)
}

// A Unary is a function of one argument with its constants.
type Unary struct {
	Func UnaryFunc
	A, B float32 // the constants named in the table of functions
}

// A UnaryFunc names a function of one argument.
type UnaryFunc uint8

// The functions of one argument. At a kink the derivative is the one from the
// left, where nothing else is said. NaN stays NaN. Where a formula meets 0 ∞ or
// ∞/∞ at an infinite x, its limit is as good as NaN; derivatives at infinities,
// at NaN and at the end of a domain are left open.
const (
	Identity    UnaryFunc = iota // x; as an activation: none
	ReLU                         // max(x, 0)
	LeakyReLU                    // x > 0 ? x : A x
	ELU                          // x > 0 ? x : A (eˣ-1)
	SELU                         // λ (x > 0 ? x : α (eˣ-1)); Klambauer 2017
	GELU                         // x Φ(x) = x (1 + erf(x/√2))/2; Hendrycks 2016
	GELUTanh                     // x (1 + tanh(√(2/π) (x + 0.044715 x³)))/2
	SiLU                         // x σ(x)
	Mish                         // x tanh(ln(1+eˣ)); Misra 2019
	Sigmoid                      // σ(x) = 1/(1+e⁻ˣ)
	Tanh                         // tanh(x)
	Softplus                     // ln(1+eˣ)
	Softsign                     // x/(1+|x|)
	HardSigmoid                  // clamp(x/6 + 1/2, 0, 1); derivative 0 at ±3
	HardSwish                    // x clamp(x/6 + 1/2, 0, 1); derivative 0 at -3, 1 at 3
	ReLU6                        // clamp(x, 0, 6); derivative 0 at 0 and at 6
	Exp                          // eˣ
	Log                          // ln(x)
	Sqrt                         // √x
	Rsqrt                        // 1/√x
	Square                       // x²
	Abs                          // |x|; derivative 0 at 0
	Neg                          // -x
	Reciprocal                   // 1/x
	Sin                          // sin(x)
	Cos                          // cos(x)
	Erf                          // erf(x)
	Pow                          // xᴬ
	Clamp                        // min(max(x, A), B); derivative 1 at A and at B
	Affine                       // A x + B
	numUnaryFuncs
)

var unaryFuncs = [numUnaryFuncs]struct {
	name   string
	readsX bool
}{
	Identity: {"Identity", false}, ReLU: {"ReLU", false}, LeakyReLU: {"LeakyReLU", true}, ELU: {"ELU", true},
	SELU: {"SELU", true}, GELU: {"GELU", true}, GELUTanh: {"GELUTanh", true}, SiLU: {"SiLU", true}, Mish: {"Mish", true},
	Sigmoid: {"Sigmoid", false}, Tanh: {"Tanh", false}, Softplus: {"Softplus", true}, Softsign: {"Softsign", true},
	HardSigmoid: {"HardSigmoid", true}, HardSwish: {"HardSwish", true}, ReLU6: {"ReLU6", true}, Exp: {"Exp", false},
	Log: {"Log", true}, Sqrt: {"Sqrt", false}, Rsqrt: {"Rsqrt", true}, Square: {"Square", true}, Abs: {"Abs", true},
	Neg: {"Neg", false}, Reciprocal: {"Reciprocal", false}, Sin: {"Sin", true}, Cos: {"Cos", true}, Erf: {"Erf", true},
	Pow: {"Pow", true}, Clamp: {"Clamp", true}, Affine: {"Affine", false},
}

// UnaryFuncs lists every function, for tables and suites that must be complete.
func UnaryFuncs() []UnaryFunc {
	fs := make([]UnaryFunc, numUnaryFuncs)
	for i := range fs {
		fs[i] = UnaryFunc(i)
	}
	return fs
}

func (f UnaryFunc) String() string { return entry(unaryFuncs[:], f).name }

// ReadsX reports whether the derivative is computed from x; else it is from y.
func (f UnaryFunc) ReadsX() bool { return entry(unaryFuncs[:], f).readsX }

// MaxDims is the largest number of axes of a specification.
const MaxDims = 6

// Dims are extents of an array, outermost first; unused leading ones are 1.
type Dims [MaxDims]int

// Len is the number of elements.
func (d Dims) Len() int {
	n := 1
	for _, e := range d {
		n *= e
	}
	return n
}

// A Binary is a function of two arguments and how they broadcast.
type Binary struct {
	Func BinaryFunc
	Dims Dims // of the result
	// RepeatA and RepeatB mark the axes along which the operand has extent 1.
	RepeatA, RepeatB [MaxDims]bool
}

// A BinaryFunc names a function of two arguments.
type BinaryFunc uint8

// The functions of two arguments.
const (
	Add     BinaryFunc = iota // a + b
	Sub                       // a - b
	Mul                       // a b
	Div                       // a / b
	Maximum                   // max(a, b); NaN wins; where equal each gets half of dy
	Minimum                   // min(a, b); NaN wins; where equal each gets half of dy
	Power                     // aᵇ; ∂b is 0 where a is 0 and b > 0
	numBinaryFuncs
)

// BinaryFuncs lists every function, for tables and suites that must be complete.
func BinaryFuncs() []BinaryFunc {
	fs := make([]BinaryFunc, numBinaryFuncs)
	for i := range fs {
		fs[i] = BinaryFunc(i)
	}
	return fs
}

func (f BinaryFunc) String() string {
	return entry([]string{"Add", "Sub", "Mul", "Div", "Maximum", "Minimum", "Power"}, f)
}

// A Dropout says how many elements are dropped and which random call this is.
type Dropout struct {
	P    float32 // share of elements dropped, 0 <= P < 1
	Site uint32  // number of this random call on its tape
}

// Threshold is the smallest random word that keeps an element.
func (s Dropout) Threshold() uint32 { return uint32(float64(s.P) * (1 << 32)) }

// StreamWords is the length of a random stream's buffer: seed and pass, 64
// bits each, low words first.
const StreamWords = 4
