package main

import (
	"fmt"
	"slices"

	"example.org/chainrule/internal/nearest"
	"example.org/chainrule/nn"
	"example.org/chainrule/optim"
)

var (
	optimizers = []string{"sgd", "adam", "adamw"}
	schedules  = []string{"constant", "step", "cosine"}
)

func contains(names []string, name string) bool { return slices.Contains(names, name) }

// unknown is the error about a flag whose value is none of names.
func unknown(flag, value string, names []string) error {
	return usageError{fmt.Errorf("%s %s: %s", flag, value, nearest.Hint(value, names))}
}

// rate is the highest learning rate.
func (r *recipe) rate() float32 {
	switch {
	case r.LR != 0:
		return r.LR
	case r.Optimizer == "sgd":
		return 0.05
	}
	return 0.001
}

func (r *recipe) optimizer(model *nn.Classifier) (optim.Optimizer, error) {
	o := optim.Options{WeightDecay: r.WeightDecay, MaxNorm: r.Clip}
	var opt optim.Optimizer
	var err error
	switch r.Optimizer {
	case "sgd":
		opt, err = optim.NewSGD(model.Params, r.rate(), optim.SGD{Options: o, Momentum: r.Momentum, Nesterov: r.Nesterov})
	case "adam":
		opt, err = optim.NewAdam(model.Params, r.rate(), optim.Adam{Options: o})
	case "adamw":
		opt, err = optim.NewAdamW(model.Params, r.rate(), optim.Adam{Options: o})
	}
	if err != nil {
		return nil, usageError{err}
	}
	return opt, nil
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
