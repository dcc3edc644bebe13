package device

// Update kernels move parameters. Parameters, gradients and each kind of
// optimizer state are slabs: one Float32 buffer each, every tensor starting on
// a multiple of RowLen elements, the padding zero. A table (Int32, two words
// for each RowLen elements) gives the tensor's number and its group; rows of group
// -1 stay as they are. A control block (Int32, ControlWords words) holds what
// changes from step to step, so that a recorded step stays true.
type Update interface {
	// Gate opens a step: it counts it, and decides whether it is applied. With
	// norm the 2-norm of grad,
	//
	//	ControlOK   = norm and loss are finite, no Fault stands, ControlStop is 0
	//	ControlClip = min(1, MaxNorm / (norm + 10⁻⁶)), 1 where MaxNorm is 0
	//
	// Where a step is refused, ControlStop keeps its number, ControlClip means
	// nothing, and later ones are refused too. With s.NoNorm, norm is 0 and
	// ControlClip 1. grad, loss: always Float32; loss is nil for none. A Gate that
	// found no workspace leaves the last decision standing: ask Err before updating.
	Gate(control, grad, loss Buffer, s Gate)
	// SGD applies a step, with g the clipped gradient, λ the group's decay and η
	// its rate (Sutskever 2013; PyTorch's conventions):
	//
	//	g += λ w;  v = ControlApplied is 1 ? g : μ v + (1-dampening) g
	//	w -= η (nesterov ? g + μ v : v)
	//
	// where the step is applied. low, nil for none, becomes w in the rows that move.
	// v is nil where μ is 0. w, v, grad: always Float32; low: always BFloat16.
	SGD(w, low, v, grad, control, table Buffer, s SGD)
	// Adam applies a step, with t the number of steps applied (Kingma 2015; with
	// s.Decoupled Loshchilov 2019):
	//
	//	decoupled: w -= η λ w;  else: g += λ w
	//	m = β₁ m + (1-β₁) g;  v = β₂ v + (1-β₂) g²
	//	w -= η m/(1-β₁ᵗ) / (√(v/(1-β₂ᵗ)) + ε)
	//
	// where the step is applied. low, nil for none, becomes w in the rows that move.
	// w, m, v, grad: always Float32; low: always BFloat16.
	Adam(w, low, m, v, grad, control, table Buffer, s Adam)
	// Settle ends a step for running statistics: where it was applied,
	// backup = state, else state = backup. state, backup: always Float32.
	Settle(state, backup, control Buffer)
	// Lerp sets y += t (scale x - y): running statistics and moving averages.
	// y, x: always Float32.
	Lerp(y, x Buffer, s Lerp)
}

// The words of a control block. Float32 words hold their IEEE 754 bits.
const (
	ControlSteps   = 0      // steps seen
	ControlApplied = 1      // steps applied
	ControlStop    = 2      // number, from 1, of the first step refused; 0 for none
	ControlOK      = 3      // 1 where this step is applied
	ControlNorm    = 4      // Float32: norm of the gradients before clipping
	ControlClip    = 5      // Float32: what the gradients are multiplied by
	ControlRate    = RowLen // Float32 for each group: the learning rate η; apart, so that one upload sets it
	ControlDecay   = ControlRate + MaxGroups
	ControlWords   = 2 * RowLen
)

// MaxGroups is the largest number of groups of parameters.
const MaxGroups = 8

// A Gate says how gradients are clipped and checked.
type Gate struct {
	MaxNorm float32 // 0 for no clipping
	NoNorm  bool    // the norm is not taken: the loss alone guards, nothing is clipped
}

// SGD holds the constants of stochastic gradient descent with momentum.
type SGD struct {
	Momentum, Dampening float32
	Nesterov            bool
}

// Adam holds the constants of Adam and AdamW.
type Adam struct {
	Beta1, Beta2, Epsilon float32
	Decoupled             bool // AdamW's weight decay
}

// A Lerp is a step of T from y towards Scale x.
type Lerp struct{ T, Scale float32 }
