// Package optim moves parameters along their gradients: [NewSGD], [NewAdam] and
// [NewAdamW] with clipping by the global norm, and learning-rate schedules.
//
//	opt, err := optim.NewSGD(model.Params, 0.01, optim.SGD{Momentum: 0.9})
//	...
//	err = loss.Backward()
//	err = opt.Step() // applies the gradients and zeroes them, unless OverwriteGrads
//
// An update happens whole or not at all: where the norm of the gradients is not
// finite, or bad data was found, the step changes nothing, nor do later ones, and
// Status tells its number; see NoNorm for the exception. A new optimizer starts afresh.
//
// Steps are faster where Backward overwrites gradients
// ([backward.Params.OverwriteGrads]), without the norm, and recorded (device.Memory).
package optim

import (
	"cmp"
	"errors"
	"fmt"
	"math"

	"example.org/chainrule/backward"
	"example.org/chainrule/device"
	"example.org/chainrule/tensor"
)

// An Optimizer updates the parameters it was made for.
type Optimizer interface {
	// Step applies the gradients that Backward has added up, and zeroes them (unless
	// Backward overwrites them, see [backward.Params.OverwriteGrads]); it can be
	// recorded. The error is what the device has latched, a *device.Fault
	// or a *device.MemoryError: the step is then discarded.
	Step() error
	// SetRate sets the learning rate of the steps to come, replayed ones too. The
	// error is that of a rate which is negative or not finite: it changes nothing.
	SetRate(lr float32) error
	// Status waits for the device and tells how the steps went. The error is what
	// the device has latched.
	Status() (Status, error)
	// Resume lets the steps to come be applied again after one was refused, once
	// its cause is gone. The error is what the device has latched.
	Resume() error
	// Close frees the optimizer's state, but no parameters. A second Close does
	// nothing; the other methods are errors from then on.
	Close()
}

// Options are what all optimizers have in common. Gradients are clipped by their
// norm over all parameters; Pascanu 2013.
type Options struct {
	WeightDecay float32 // λ of matrices and filters: all groups but backward.VectorGroup
	DecayAll    bool    // biases, scales and shifts decay too, as in PyTorch
	MaxNorm     float32 // gradients are scaled down to this Euclidean norm; 0 for no clipping
	NoNorm      bool    // spares reading all gradients for their norm; those that are not finite are applied as others are
}

// A Status tells how the steps went.
type Status struct {
	Steps   int     // steps taken, refused ones too
	Applied int     // steps that changed the parameters
	Stopped int     // number, from 1, of the first step refused, after which all are; 0 for none
	Norm    float32 // Euclidean norm of the last step's gradients, before clipping; 0 with NoNorm
}

// updater is the part of an optimizer that all share.
type updater struct {
	ps      *backward.Params
	control *tensor.Tensor
	rates   *tensor.Tensor // the part of control that SetRate writes
	decay   [device.MaxGroups]float32
	gate    device.Gate
	slabs   []*tensor.Tensor // moments
	apply   func() error
}

// newUpdater allocates the control block and n slabs of state.
func newUpdater(ps *backward.Params, lr float32, o Options, n int) (*updater, error) {
	if ps.Values() == nil {
		return nil, errors.New("optim: the parameters have no memory yet: call Params.Open first")
	}
	if err := cmp.Or(checkRate(lr), atLeast0("weight decay", o.WeightDecay), atLeast0("clipping norm", o.MaxNorm)); err != nil {
		return nil, err
	}
	if o.NoNorm && o.MaxNorm > 0 {
		return nil, fmt.Errorf("optim: MaxNorm %g with NoNorm: want one of them", o.MaxNorm)
	}
	u := &updater{ps: ps, gate: device.Gate{MaxNorm: o.MaxNorm, NoNorm: o.NoNorm}}
	for g := range u.decay {
		if g != backward.VectorGroup || o.DecayAll {
			u.decay[g] = o.WeightDecay
		}
	}
	err := u.alloc(n)
	if err == nil {
		err = u.SetRate(lr)
	}
	if err != nil {
		u.Close()
		return nil, err
	}
	return u, nil
}

func checkRate(lr float32) error { return atLeast0("learning rate", lr) }

// atLeast0 reports an option that is negative, infinite or NaN.
func atLeast0(name string, v float32) error {
	if !(v >= 0 && v <= math.MaxFloat32) {
		return fmt.Errorf("optim: %s %g: want a finite number of at least 0", name, v)
	}
	return nil
}

func (u *updater) alloc(n int) (err error) {
	dev := u.ps.Device()
	if u.control, err = tensor.From(dev, make([]int32, device.ControlWords)); err != nil {
		return err
	}
	if u.rates, err = u.control.View(device.ControlRate, device.RowLen); err != nil {
		return err
	}
	for range n {
		slab, err := u.ps.NewSlab()
		if err != nil {
			return err
		}
		u.slabs = append(u.slabs, slab)
	}
	return nil
}

// SetRate sets the learning rate of every group.
func (u *updater) SetRate(lr float32) error {
	if err := cmp.Or(u.usable(), checkRate(lr)); err != nil {
		return err
	}
	words := make([]int32, device.RowLen)
	for g := range device.MaxGroups {
		words[g] = int32(math.Float32bits(lr))
		words[device.ControlDecay-device.ControlRate+g] = int32(math.Float32bits(u.decay[g]))
	}
	return tensor.Set(u.rates, words)
}

// Step decides, updates, and settles gradients and running statistics.
func (u *updater) Step() error {
	if err := u.usable(); err != nil {
		return err
	}
	if err := u.decide(); err != nil {
		u.ps.Discard()
		return err
	}
	if err := u.apply(); err != nil {
		return err
	}
	if err := u.ps.Updated(u.control); err != nil {
		return err
	}
	return u.ps.Device().Err()
}

// decide opens the step. A Gate without workspace was skipped, and the last step's
// decision stands there: that is an error, which another goroutine may have taken
// from the device.
func (u *updater) decide() error {
	dev := u.ps.Device()
	var full *device.MemoryError
	if err := dev.Err(); errors.As(err, &full) { // a fault is what Gate sees itself
		return err
	}
	before := dev.Stats().Skipped
	if err := tensor.Gate(u.control, u.ps.Grads(), nil, u.gate); err != nil {
		return err
	}
	err := dev.Err()
	if stats := dev.Stats(); err == nil && stats.Skipped > before {
		err = &device.MemoryError{Device: dev.Name(), Live: stats.Live}
	}
	return err
}

// Status reads the control block.
func (u *updater) Status() (Status, error) {
	if err := u.usable(); err != nil {
		return Status{}, err
	}
	w, err := u.control.Int32s()
	if err != nil {
		return Status{}, err
	}
	return Status{
		Steps:   int(w[device.ControlSteps]),
		Applied: int(w[device.ControlApplied]),
		Stopped: int(w[device.ControlStop]),
		Norm:    math.Float32frombits(uint32(w[device.ControlNorm])),
	}, nil
}

// Resume forgets the step that was refused.
func (u *updater) Resume() error {
	if err := u.usable(); err != nil {
		return err
	}
	w, err := u.control.Int32s()
	if err != nil {
		return err
	}
	w[device.ControlStop] = 0
	return tensor.Set(u.control, w)
}

// usable reports an optimizer that was closed, or whose parameters were.
func (u *updater) usable() error {
	switch {
	case u.control == nil:
		return errors.New("optim: the optimizer is closed: make a new one")
	case u.ps.Values() == nil:
		return errors.New("optim: the parameters are closed: open them and make a new optimizer")
	}
	return nil
}

// Close frees the control block and the slabs.
func (u *updater) Close() {
	for _, s := range u.slabs {
		s.Free()
	}
	u.rates.Free()
	u.control.Free()
	u.slabs, u.rates, u.control = nil, nil, nil
}
