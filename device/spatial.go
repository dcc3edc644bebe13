package device

// Spatial kernels work on images, NHWC.
type Spatial interface {
	// Conv2D sets, for every image n, position (i, j) and output channel o of
	// group g (a cross-correlation, as is customary),
	//
	//	y[n, i, j, o] = f(bias[o] + Σ x[n, i StrideH + kh DilationH - Top, j StrideW + kw DilationW - Left, c] w[o, kh, kw, c])
	//
	// over kh, kw and the channels c of group g, where x is on the image. pre takes
	// the value before the activation f. y, pre, x, w: data; bias: always Float32
	// [K], or nil for none.
	//
	// A device may pad with zeros and multiply them, here and in both gradients:
	// beside an Inf or NaN, a result whose sum reaches beyond the edge may then be
	// NaN (so it is in PyTorch's own kernels, though not in oneDNN's). Where it uses
	// Winograd's algorithm, an Inf may turn into NaN and either may reach positions
	// nearby.
	Conv2D(y, pre Dst, x, w, bias Buffer, s Conv2D)
	// Conv2DGradInput sets dx = Σ dy w over all that read dx's element; it is
	// the forward pass of a transposed convolution. dx, dy, w: data.
	Conv2DGradInput(dx Dst, dy, w Buffer, s Conv2D)
	// Conv2DGradFilter sets dw = Σ dy x over all images and positions.
	// dw, dy, x: data.
	Conv2DGradFilter(dw Dst, dy, x Buffer, s Conv2D)

	// MaxPool sets y to the largest element of each window and index to its
	// place in the image, h W + w: the first of equal ones; a NaN is larger
	// than all. Padding never wins; -1 and -Inf where a window is all padding.
	// y, x: data; index: Int32.
	MaxPool(y, index Dst, x Buffer, s Pool)
	// MaxPoolGrad sets dx[n, h, w, c] = Σ dy over the windows whose index is
	// there. dx, dy: data; index: Int32.
	MaxPoolGrad(dx Dst, dy, index Buffer, s Pool)
	// AvgPool sets y to the mean of each window: over all its places with
	// s.CountPad, else over those inside the image, 0 for none. y, x: data.
	AvgPool(y Dst, x Buffer, s Pool)
	// AvgPoolGrad spreads dy evenly over each window. dx, dy: data.
	AvgPoolGrad(dx Dst, dy Buffer, s Pool)

	// Moments sets mean[c] and variance[c] (biased) of the column c of x, in a
	// way that stays exact where the mean is large; NaN for no rows. x: data
	// [Rows, C]; mean, variance: always Float32 [C].
	Moments(mean, variance Dst, x Buffer, s BatchNorm)
	// BatchNorm sets, with f the activation and residual nil or of x's shape,
	//
	//	y[r, c] = f(γ[c] (x[r, c] - mean[c]) / √(variance[c] + ε) + β[c] + residual[r, c])
	//
	// pre takes the value before f. y, pre, x, residual: data; mean, variance,
	// gamma, beta: always Float32. Ioffe and Szegedy 2015.
	BatchNorm(y, pre Dst, x, residual, mean, variance, gamma, beta Buffer, s BatchNorm)
	// BatchNormGrad sets, with dz = dy f'(v), x̂ = (x-mean)/√(variance+ε) and R rows,
	//
	//	dβ = Σ_r dz    dγ = Σ_r dz x̂    dresidual = dz
	//	dx = γ/√(variance+ε) (dz - dβ/R - x̂ dγ/R)
	//
	// or, with s.Fixed, where mean and variance do not depend on x,
	// dx = γ/√(variance+ε) dz. v is pre or y as s.Act.Func.ReadsX() says, nil for
	// Identity. dx, dresidual, dy, x, v: data; the rest: always Float32.
	BatchNormGrad(dx, dresidual, dgamma, dbeta Dst, dy, x, v, mean, variance, gamma Buffer, s BatchNorm)
}

// A Window slides over an image: kernel, stride, dilation and zero padding.
type Window struct {
	KH, KW                   int
	StrideH, StrideW         int
	DilationH, DilationW     int
	Top, Bottom, Left, Right int
}

// Out is how many places the window takes on an image of h by w.
func (a Window) Out(h, w int) (oh, ow int) {
	return places(h+a.Top+a.Bottom, a.KH, a.StrideH, a.DilationH), places(w+a.Left+a.Right, a.KW, a.StrideW, a.DilationW)
}

func places(n, kernel, stride, dilation int) int {
	span := dilation*(kernel-1) + 1
	if n < span {
		return 0
	}
	return (n-span)/stride + 1
}

// A Conv2D describes a convolution of N images H by W by C with K filters.
type Conv2D struct {
	N, H, W, C int
	K          int // output channels
	Window
	Groups int   // divides C and K
	Act    Unary // the activation; Identity is none
}

// Out is the extent of the result's images.
func (s Conv2D) Out() (oh, ow int) { return s.Window.Out(s.H, s.W) }

// FLOPs is the number of multiplications and additions, padding counted.
func (s Conv2D) FLOPs() int64 {
	oh, ow := s.Out()
	return 2 * int64(s.N) * int64(oh) * int64(ow) * int64(s.K) * int64(s.KH) * int64(s.KW) * int64(s.C/max(s.Groups, 1))
}

// A Pool describes windows on N images H by W by C.
type Pool struct {
	N, H, W, C int
	Window
	CountPad bool // the mean counts padding as zeros
	// Adaptive windows divide each image into OH by OW: rows ⌊i H/OH⌋ to
	// ⌈(i+1) H/OH⌉, columns alike. Window is then not read. AvgPool alone.
	Adaptive bool
	OH, OW   int
}

// Out is the extent of the result's images.
func (s Pool) Out() (oh, ow int) {
	if s.Adaptive {
		return s.OH, s.OW
	}
	return s.Window.Out(s.H, s.W)
}

// A BatchNorm normalises the columns of [Rows, C].
type BatchNorm struct {
	Rows, C int
	Epsilon float32 // ε, added to the variance
	Fixed   bool    // mean and variance are constants (evaluation)
	Act     Unary   // the activation; Identity is none
}
