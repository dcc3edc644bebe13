// Package backward records operations on a [Tape] and applies the chain rule
// over it. A [Var] is a value on a tape; each operation is a method of Var
// whose file shows the forward pass and the derivative side by side:
//
//	tape := backward.NewTape(dev, backward.Mode{Training: true})
//	defer tape.Close()
//	loss := tape.Input(x).Linear(tape.Param(w), nil, device.Unary{}).Tanh().Square().Mean()
//	err := loss.Backward() // adds to the gradient of every Param, unless OverwriteGrads
//
// The first failure sticks to the tape: later operations do nothing, and
// Backward, Item and Err return it with the caller's line.
//
// A tape whose [Mode].Precision is BFloat16 computes activations and their
// gradients in it, with sums in Float32. Float32 remain the parameters themselves
// (the master weights, of which the tape reads rounded copies), their gradients,
// scales, shifts and statistics of batch normalisation, biases, losses, and what
// optimizers keep. [Params.KeepBFloat16] keeps the rounded copies from step to
// step.
//
// A step of fixed shapes can be recorded and played without a tape: see Record in
// [device.Memory]. [Params.OverwriteGrads] spares zeroing gradients.
package backward

import (
	"cmp"
	"errors"
	"fmt"
	"iter"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"example.org/chainrule/device"
	"example.org/chainrule/tensor"
)

// A Mode is what a tape is for. The zero Mode evaluates in Float32 and can be
// differentiated.
type Mode struct {
	Training  bool           // dropout drops; batch normalisation uses and tracks the batch's statistics
	NoGrad    bool           // Params get no gradient: prediction
	Precision device.DType   // of activations: Float32, or BFloat16 with Float32 master weights
	Random    *tensor.Stream // for dropout; each tape that draws takes one pass of it
}

// A Tape remembers operations in the order they ran. It belongs to one
// goroutine; several tapes may read one model while nothing updates it.
type Tape struct {
	dev    device.Device
	mode   Mode
	vars   []*Var
	params map[placed]*Var
	models []*registry    // of the params
	cell   *tensor.Tensor // this tape's seed and pass
	sites  uint32         // random calls so far
	spent  bool           // Backward has walked it
	aside  []setAside
	taken  []*Var // gradients handed out to the derivative that runs now
	err    error

	skipped int64 // device.Stats.Skipped at the start
}

// placed is a Param on a tape: its own value, or its BFloat16 copy.
type placed struct {
	param *Param
	dtype device.DType
}

// NewTape returns an empty tape for values on dev. Close frees them.
func NewTape(dev device.Device, m Mode) *Tape {
	return &Tape{dev: dev, mode: m, params: map[placed]*Var{}, skipped: dev.Stats().Skipped}
}

// Device is where the tape's values live.
func (t *Tape) Device() device.Device { return t.dev }

// Mode is what the tape was made for.
func (t *Tape) Mode() Mode { return t.mode }

// Err returns the first failure of the tape, or what its device has latched. Where
// a kernel found no workspace since NewTape, that is a *device.MemoryError for
// every tape of that time: which of them it served is not known.
func (t *Tape) Err() error {
	if t.err != nil {
		return t.err
	}
	if err := t.dev.Err(); err != nil {
		t.latch(err)
	} else if stats := t.dev.Stats(); stats.Skipped > t.skipped {
		t.latch(fmt.Errorf("backward: a kernel found no workspace: %w", &device.MemoryError{Device: t.dev.Name(), Live: stats.Live}))
	}
	return t.err
}

// latch keeps the first failure. A training pass may have moved running statistics
// by then, and with what a skipped kernel left undefined: it is discarded at once,
// whether or not Backward will be called.
func (t *Tape) latch(err error) {
	t.err = err
	if t.mode.Training && !t.spent {
		t.discard()
	}
}

// fail latches err with the caller's line. What the device has latched came
// first, and no later tape shall meet it.
func (t *Tape) fail(err error) {
	if t.err == nil && err != nil {
		t.latch(located(cmp.Or(t.dev.Err(), err)))
	}
}

// located is err with the line of the caller outside this module's layers.
func located(err error) error { return fmt.Errorf("%s: %w", caller(), err) }

// caller is the first line outside packages backward and nn.
func caller() string {
	var pc [1024]uintptr // a Sequential is a few frames for each layer
	frames := runtime.CallersFrames(pc[:runtime.Callers(2, pc[:])])
	for {
		f, more := frames.Next()
		if !more || !strings.Contains(f.Function, "chainrule/backward.") && !strings.Contains(f.Function, "chainrule/nn.") {
			return fmt.Sprintf("%s:%d", filepath.Base(f.File), f.Line)
		}
	}
}

// Input puts x, of any dtype and shape, on the tape without a gradient. Float32
// data is converted to the tape's precision. The tape shares x's storage until
// Close; x itself is still the caller's to free.
func (t *Tape) Input(x *tensor.Tensor) *Var {
	v := t.place(x)
	if x.DType() == device.Float32 && t.mode.Precision == device.BFloat16 {
		return v.Cast(device.BFloat16)
	}
	return v
}

// Watch puts x, Float32 or BFloat16 of any shape, on the tape as a leaf with a
// gradient, which Grad returns after Backward: saliency maps, adversarial
// examples. It stays as it is on a tape of another precision: see Cast.
func (t *Tape) Watch(x *tensor.Tensor) *Var {
	v := t.place(x)
	if !x.DType().IsFloat() {
		t.fail(fmt.Errorf("backward: Watch of %v: want float32 or bfloat16, the others have no gradient", x.DType()))
	}
	v.need, v.keep = true, true
	return v
}

// From puts a copy of host data on the tape without a gradient, as [tensor.From]
// and Input do: float32 and float64 become Float32 or the tape's precision. No
// shape means a vector. The tape frees it.
func From[T tensor.Host](t *Tape, data []T, shape ...int) *Var {
	if t.closed() {
		return &Var{tape: t}
	}
	x, err := tensor.From(t.dev, data, shape...)
	if err != nil {
		t.fail(err)
		return &Var{tape: t}
	}
	defer x.Free()
	return t.Input(x)
}

func (t *Tape) place(x *tensor.Tensor) *Var {
	v := &Var{tape: t}
	if t.closed() {
		return v
	}
	if x.Device() != t.dev {
		t.fail(fmt.Errorf("backward: a tensor on device %s is put on a tape of %s: copy it over", x.Device().Name(), t.dev.Name()))
		return v
	}
	v.value = x.Retain()
	t.vars = append(t.vars, v)
	return v
}

// Param puts p on the tape, as Float32 of p.Shape(); Backward adds to its
// gradient, unless it is frozen, a state, or the tape has NoGrad. One Param is
// one Var, however often it is asked for.
func (t *Tape) Param(p *Param) *Var { return t.param(p, p.value) }

// Weight is Param for matrices and filters: its value has the tape's precision, and
// its gradient is Float32 all the same. In BFloat16 it is the copy that
// [Params.KeepBFloat16] keeps, or else rounded anew for each tape.
func (t *Tape) Weight(p *Param) *Var {
	if t.mode.Precision != device.BFloat16 || p.value == nil || t.closed() {
		return t.Param(p)
	}
	if v := t.params[placed{p, device.BFloat16}]; v != nil {
		return v
	}
	if p.low != nil {
		return t.param(p, p.low)
	}
	low, err := tensor.Cast(p.value, device.BFloat16)
	if err != nil {
		t.fail(err)
		return &Var{tape: t}
	}
	defer low.Free()
	return t.param(p, low)
}

func (t *Tape) param(p *Param, value *tensor.Tensor) *Var {
	if value == nil {
		t.fail(p.notOpen())
		return &Var{tape: t}
	}
	key := placed{p, value.DType()}
	if v := t.params[key]; v != nil {
		return v
	}
	v := t.place(value)
	if v.value == nil {
		return v
	}
	if !t.mode.NoGrad && !p.frozen && !p.state {
		v.need, v.param, v.gradient = true, p, p.grad
	}
	t.params[key] = v
	if !slices.Contains(t.models, p.reg) {
		t.models = append(t.models, p.reg)
	}
	return v
}

// Ops yields the operations in the order they ran, for export and inspection;
// leaves are left out.
func (t *Tape) Ops() iter.Seq[*Var] {
	return func(yield func(*Var) bool) {
		for _, v := range t.vars {
			if v.op.Name != "" && !yield(v) {
				return
			}
		}
	}
}

// Scope runs f and returns its result. Where nothing that f made wants a gradient
// it frees all of it but the result, so that evaluation needs the memory of one
// block; values under Keep stay.
func (t *Tape) Scope(f func() *Var) *Var {
	from := len(t.vars)
	y := f()
	if slices.ContainsFunc(t.vars[from:], func(v *Var) bool { return v.need }) {
		return y
	}
	for _, v := range t.vars[from:] {
		if v != y && !v.keep && v.op.Name != "" {
			v.free()
		}
	}
	return y
}

// Close frees all values and gradients of the tape but those of Params. A
// second Close does nothing.
func (t *Tape) Close() {
	for _, v := range t.vars {
		v.free()
		v.kept.Free()
		v.kept = nil
	}
	t.cell.Free()
	t.vars, t.params, t.models, t.cell = nil, nil, nil, nil
	if t.err == nil {
		t.err = errClosed
	}
}

// closed reports whether nobody is left to free what is put on the tape.
func (t *Tape) closed() bool { return t.params == nil }

var errClosed = errors.New("backward: the tape is closed")
