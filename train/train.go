// Package train is the training loop: [Fit] and [Evaluate] over a classifier, a
// run folder, and reports of progress.
package train

import (
	"context"
	"errors"
	"fmt"
	"time"

	"example.org/chainrule/backward"
	"example.org/chainrule/data"
	"example.org/chainrule/device"
	"example.org/chainrule/nn"
	"example.org/chainrule/optim"
)

// Options are what Fit needs.
type Options struct {
	Device    device.Device
	Model     *nn.Classifier // its Params are open on Device
	Optimizer optim.Optimizer
	Schedule  optim.Schedule // learning rate of each step; nil leaves the optimizer's
	Train     *data.Dataset
	Test      *data.Dataset
	Batch     int
	Epochs    int
	Seed      uint64 // of the order of the images and of dropout
	Report    Report // nil for silence
}

// A Report is told how training goes.
type Report interface {
	// Step comes after every step, Loss and Accuracy every few steps only.
	Step(p Progress)
	// Epoch comes after every epoch.
	Epoch(e Epoch)
}

// Progress is where training stands within an epoch.
type Progress struct {
	Epoch, Epochs int     // from 1
	Images, Total int     // of this epoch
	Loss          float64 // mean over the epoch so far; NaN until it is first read
}

// An Epoch is the result of one pass over the training set.
type Epoch struct {
	Epoch           int     `json:"epoch"`         // from 1
	TrainLoss       float64 `json:"train_loss"`    // mean over the images, while they were trained on
	TestLoss        float64 `json:"test_loss"`     // mean over the test images
	TestAccuracy    float64 `json:"test_accuracy"` // share of test images classified right, 0 to 1
	ImagesPerSecond float64 `json:"images_per_s"`  // trained on, without evaluation
}

// A DivergedError says that the gradients became infinite or NaN. The weights
// are those before that step.
type DivergedError struct {
	Step  int // number, from 1, since the first epoch began
	Epoch int // from 1
}

func (e *DivergedError) Error() string {
	return fmt.Sprintf("train: the loss is no longer finite at step %d (epoch %d): use a lower learning rate; the weights are those before that step", e.Step, e.Epoch)
}

// Fit trains for o.Epochs epochs and evaluates after each. Where ctx is
// cancelled it stops after the step and returns the context's error with the
// epochs completed; the weights are those of the last step. The error is a
// *DivergedError where the loss stopped being finite.
func Fit(ctx context.Context, o Options) ([]Epoch, error) {
	if o.Epochs < 1 {
		return nil, fmt.Errorf("train: %d epochs: want at least 1", o.Epochs)
	}
	loader, err := data.NewLoader(o.Train, data.LoaderOptions{Batch: o.Batch, Shuffle: true, Seed: o.Seed})
	if err != nil {
		return nil, err
	}
	s, err := newStepper(&o)
	if err != nil {
		return nil, err
	}
	defer s.close()
	var done []Epoch
	for n := 1; n <= o.Epochs; n++ {
		e, err := fitEpoch(ctx, &o, s, loader, n)
		if err != nil {
			return done, err
		}
		done = append(done, e)
		if o.Report != nil {
			o.Report.Epoch(e)
		}
	}
	return done, nil
}

// readEvery is how many steps pass between two readings of the loss: each one
// waits for the device.
const readEvery = 16

func fitEpoch(ctx context.Context, o *Options, s *stepper, loader *data.Loader, n int) (Epoch, error) {
	start, images, steps := time.Now(), 0, 0
	p := Progress{Epoch: n, Epochs: o.Epochs, Total: o.Train.Len(), Loss: nan}
	for batch, err := range loader.Epoch(ctx, n) {
		if err == nil {
			err = s.step(batch)
		}
		if err != nil {
			return Epoch{}, errors.Join(err, s.diverged(n))
		}
		images += batch.Len()
		if steps++; steps%readEvery == 0 || images == p.Total {
			if p.Loss, err = s.read(n, images); err != nil {
				return Epoch{}, err
			}
		}
		if o.Report != nil {
			p.Images = images
			o.Report.Step(p)
		}
	}
	if err := ctx.Err(); err != nil {
		return Epoch{}, err
	}
	speed := float64(images) / time.Since(start).Seconds()
	m, err := Evaluate(ctx, o.Model, o.Test, o.Batch)
	if err != nil {
		return Epoch{}, err
	}
	return Epoch{Epoch: n, TrainLoss: p.Loss, TestLoss: m.Loss, TestAccuracy: m.Accuracy, ImagesPerSecond: speed}, s.reset()
}

// Metrics are a model's results on a set.
type Metrics struct {
	Loss     float64 // mean cross-entropy
	Accuracy float64 // share classified right, 0 to 1
}

// Evaluate measures a model on a set, in batches of the given size or of the
// whole set where that is smaller.
func Evaluate(ctx context.Context, model *nn.Classifier, set *data.Dataset, batch int) (Metrics, error) {
	loader, err := data.NewLoader(set, data.LoaderOptions{Batch: min(batch, set.Len())})
	if err != nil {
		return Metrics{}, err
	}
	sums, err := newSums(model.Params.Device())
	if err != nil {
		return Metrics{}, err
	}
	defer sums.free()
	for b, err := range loader.Epoch(ctx, 0) {
		if err == nil {
			err = evaluateBatch(model, sums, b)
		}
		if err != nil {
			return Metrics{}, err
		}
	}
	loss, hits, err := sums.read()
	n := float64(set.Len())
	return Metrics{Loss: loss / n, Accuracy: hits / n}, err
}

func evaluateBatch(model *nn.Classifier, sums *sums, b data.Batch) error {
	tape := backward.NewTape(model.Params.Device(), backward.Mode{NoGrad: true})
	defer tape.Close()
	images := backward.From(tape, b.Images, b.Len(), model.Height, model.Width, model.Channels)
	sums.add(model.Forward(images.Pixels()), backward.From(tape, b.Labels), b.Len())
	return tape.Err()
}
