package main

import (
	"cmp"
	"math"
	"slices"

	"example.org/chainrule/device"
	"example.org/chainrule/internal/nearest"
	"example.org/chainrule/nn"
	"example.org/chainrule/optim"
)

// recipe is the flags that decide what is learned, and how.
type recipe struct {
	Model       string   `default:"lenet" help:"Network: lenet, mlp or resnet20."`
	Epochs      int      `default:"8" help:"Passes over the training images."`
	Batch       int      `default:"64" help:"Images a step."`
	Optimizer   string   `placeholder:"NAME" help:"Optimizer: sgd, adam or adamw (default: adam, or sgd where --momentum or --nesterov is given)."`
	LR          *float32 `name:"lr" placeholder:"RATE" help:"Highest learning rate (default: 0.002 for adam and adamw, 0.05 for sgd)."`
	Schedule    string   `default:"cosine" help:"Learning rate over time: constant, step (a tenth after each third) or cosine (down to 0, after a short warm-up)."`
	Momentum    *float32 `placeholder:"M" help:"Momentum of sgd (default: 0.9)."`
	Nesterov    bool     `help:"Nesterov's momentum for sgd."`
	WeightDecay float32  `placeholder:"DECAY" help:"Weight decay of matrices and filters (default: none)."`
	Clip        float32  `placeholder:"NORM" help:"Scale gradients down to this norm (default: never)."`
	Precision   string   `default:"float32" help:"Of activations: float32, or bfloat16, which halves their memory; weights and losses are float32 always."`
	Seed        uint64   `default:"1" help:"Seed of first weights, order of images, and test images drawn from a folder."`
}

// The values of --optimizer, --schedule and --precision.
func optimizers() []string { return []string{"sgd", "adam", "adamw"} }
func schedules() []string  { return []string{"constant", "step", "cosine"} }
func precisions() []string { return []string{"float32", "bfloat16"} }

// check finds the flags that are out of range, before anything is read.
func (r *recipe) check() error {
	const maxEpochs = 1_000_000
	err := cmp.Or(
		checkName("--model", r.Model, nn.Models()),
		checkName("--optimizer", r.method(), optimizers()),
		checkName("--schedule", r.Schedule, schedules()),
		checkName("--precision", r.Precision, precisions()),
	)
	switch {
	case err != nil:
		return err
	case r.Epochs < 1 || r.Epochs > maxEpochs:
		return usagef("--epochs %d: want 1 to %d", r.Epochs, maxEpochs)
	case r.Batch < 1:
		return usagef("--batch %d: want at least 1", r.Batch)
	case !(r.rate() > 0 && isFinite(r.rate())):
		return usagef("--lr %g: want a finite number above 0", r.rate())
	case !(r.WeightDecay >= 0 && isFinite(r.WeightDecay)):
		return usagef("--weight-decay %g: want a finite number of at least 0", r.WeightDecay)
	case !(r.Clip >= 0 && isFinite(r.Clip)):
		return usagef("--clip %g: want a finite number above 0, or 0 for never", r.Clip)
	}
	return r.checkMomentum()
}

func (r *recipe) checkMomentum() error {
	switch {
	case r.method() != "sgd" && (r.Momentum != nil || r.Nesterov):
		return usagef("--momentum and --nesterov are for --optimizer sgd: %s has moments of its own", r.Optimizer)
	case !(r.momentum() >= 0 && r.momentum() < 1):
		return usagef("--momentum %g: want at least 0 and less than 1", r.momentum())
	case r.Nesterov && r.momentum() == 0:
		return usagef("--nesterov: want --momentum above 0")
	}
	return nil
}

func isFinite(x float32) bool { return !math.IsNaN(float64(x)) && !math.IsInf(float64(x), 0) }

// checkName is the error about a flag whose value is none of names.
func checkName(flag, value string, names []string) error {
	if slices.Contains(names, value) {
		return nil
	}
	return usagef("%s %s: %s", flag, cmp.Or(value, `""`), nearest.Hint(value, names))
}

// method is the optimizer's name.
func (r *recipe) method() string {
	switch {
	case r.Optimizer != "":
		return r.Optimizer
	case r.Momentum != nil || r.Nesterov:
		return "sgd"
	}
	return "adam"
}

// rate is the highest learning rate.
func (r *recipe) rate() float32 {
	switch {
	case r.LR != nil:
		return *r.LR
	case r.method() == "sgd":
		return 0.05
	}
	return 0.002
}

func (r *recipe) momentum() float32 {
	if r.Momentum != nil {
		return *r.Momentum
	}
	return 0.9
}

func (r *recipe) optimizer(model *nn.Classifier) (optim.Optimizer, error) {
	o := optim.Options{WeightDecay: r.WeightDecay, MaxNorm: r.Clip}
	switch r.method() {
	case "sgd":
		return optim.NewSGD(model.Params, r.rate(), optim.SGD{Options: o, Momentum: r.momentum(), Nesterov: r.Nesterov})
	case "adamw":
		return optim.NewAdamW(model.Params, r.rate(), optim.Adam{Options: o})
	}
	return optim.NewAdam(model.Params, r.rate(), optim.Adam{Options: o})
}

// activations is the data type that Precision names.
func (r *recipe) activations() device.DType {
	if r.Precision == device.BFloat16.String() {
		return device.BFloat16
	}
	return device.Float32
}

// schedule is the learning rate over so many steps.
func (r *recipe) schedule(steps int) optim.Schedule {
	switch r.Schedule {
	case "step":
		return optim.Step(r.rate(), max(steps/3, 1), 0.1)
	case "cosine":
		return optim.WarmupCosine(r.rate(), steps/20, steps)
	}
	return optim.Constant(r.rate())
}
