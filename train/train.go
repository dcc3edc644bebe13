// Package train is the training loop: [Fit] and [Evaluate] over a classifier,
// [Predict] for one image, reports of progress, run folders, and weights in
// files that tell which model they are of.
//
//	epochs, err := train.Fit(ctx, train.Options{
//		Model: model, Optimizer: opt, Train: set.Train, Test: set.Test,
//		Batch: 64, Epochs: 5, Report: train.Lines{W: os.Stdout},
//	})
//	err = train.SaveWeights("weights.safetensors", model, train.Card{Classes: set.Train.Classes})
package train

import (
	"context"
	"fmt"
	"math"
	"time"

	"example.org/chainrule/data"
	"example.org/chainrule/device"
	"example.org/chainrule/nn"
	"example.org/chainrule/optim"
)

// Options are what Fit needs; only Schedule and Report may be left out.
type Options struct {
	Model     *nn.Classifier  // its Params are open on the device to train on
	Optimizer optim.Optimizer // of the model's Params
	Schedule  optim.Schedule  // learning rate of each step; nil leaves the optimizer's
	Train     *data.Dataset
	Test      *data.Dataset
	Batch     int          // images a step; the last step of an epoch takes what is left
	Epochs    int          // passes over Train
	Precision device.DType // of activations while training: Float32, or BFloat16, which halves their memory
	Seed      uint64       // of the order of the images and of dropout
	Report    Report       // nil for silence
}

func (o *Options) check() error {
	if o.Epochs < 1 {
		return fmt.Errorf("train: %d epochs: want at least 1", o.Epochs)
	}
	if !o.Precision.IsFloat() {
		return fmt.Errorf("train: activations of %v: want float32 or bfloat16", o.Precision)
	}
	for _, set := range []*data.Dataset{o.Train, o.Test} {
		if err := checkSet(o.Model, set); err != nil {
			return err
		}
	}
	return nil
}

// checkSet says what makes a set unfit for a model.
func checkSet(m *nn.Classifier, set *data.Dataset) error {
	if set.Height != m.Height || set.Width != m.Width || set.Channels != m.Channels || len(set.Classes) != m.Classes {
		return fmt.Errorf("train: the set has %dx%dx%d images (height, width, channels) and %d classes, the model takes %dx%dx%d and %d",
			set.Height, set.Width, set.Channels, len(set.Classes), m.Height, m.Width, m.Channels, m.Classes)
	}
	return set.Check()
}

// A Report is told how training goes.
type Report interface {
	// Step comes at the start of every epoch, with no images yet, and after
	// every step.
	Step(p Progress)
	// Epoch comes after every epoch.
	Epoch(e Epoch)
}

// Progress is where training stands within an epoch.
type Progress struct {
	Epoch, Epochs int     // the one under way, from 1, and how many there will be
	Images, Total int     // of this epoch: trained on, and in all
	Loss          float64 // mean over the epoch's images when last read, every few steps; NaN before
}

// An Epoch is the result of one pass over the training set. All its numbers are
// finite.
type Epoch struct {
	Epoch           int     `json:"epoch"`         // from 1
	TrainLoss       float64 `json:"train_loss"`    // mean over the images, while they were trained on
	TestLoss        float64 `json:"test_loss"`     // mean over the test images
	TestAccuracy    float64 `json:"test_accuracy"` // share of test images classified right, 0 to 1
	ImagesPerSecond float64 `json:"images_per_s"`  // trained on, without evaluation
}

// A DivergedError says that the loss or its gradient became infinite or NaN.
// The weights are those before that step.
type DivergedError struct {
	Step  int // from 1, as the optimizer counts
	Epoch int // from 1
}

func (e *DivergedError) Error() string {
	return fmt.Sprintf("train: the loss or its gradient is no longer finite at step %d (epoch %d): use a lower learning rate", e.Step, e.Epoch)
}

// Fit trains for o.Epochs epochs, evaluates after each, and returns their
// results. Where ctx is cancelled it stops after the step and returns the
// context's error with the epochs completed; the weights are those of the last
// step. With Precision BFloat16, weights, optimizer state and losses are Float32
// all the same, as is evaluation, and Params keep the copy that such steps read
// (see [backward.Params.KeepBFloat16]). Gradients are overwritten
// ([backward.Params.OverwriteGrads]), and steps of full batches recorded and played. Other errors: a set that does not fit the model, a
// [*data.BatchSizeError], a [*DivergedError], what the device has latched.
func Fit(ctx context.Context, o Options) ([]Epoch, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	if o.Report == nil {
		o.Report = Reports{}
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
		e, err := s.epoch(ctx, loader, n)
		if err != nil {
			return done, err
		}
		done = append(done, e)
		o.Report.Epoch(e)
	}
	return done, nil
}

// epoch trains on every image once and evaluates.
func (s *stepper) epoch(ctx context.Context, loader *data.Loader, n int) (Epoch, error) {
	start := time.Now()
	loss, err := s.pass(ctx, loader, n)
	if err != nil {
		return Epoch{}, err
	}
	elapsed := max(time.Since(start), time.Microsecond) // clocks may be coarse
	m, err := Evaluate(ctx, s.Model, s.Test, s.Batch)
	switch {
	case err != nil:
		return Epoch{}, err
	case !finite(m.Loss):
		return Epoch{}, &DivergedError{Step: s.steps + 1, Epoch: n}
	}
	return Epoch{
		Epoch: n, TrainLoss: loss, TestLoss: m.Loss, TestAccuracy: m.Accuracy,
		ImagesPerSecond: float64(s.Train.Len()) / elapsed.Seconds(),
	}, nil
}

// readEvery is how many steps pass between two readings of the loss: each one
// waits for the device.
const readEvery = 16

// pass trains on every image once and returns the mean loss.
func (s *stepper) pass(ctx context.Context, loader *data.Loader, n int) (float64, error) {
	if err := s.sums.reset(); err != nil {
		return 0, err
	}
	p := Progress{Epoch: n, Epochs: s.Epochs, Total: s.Train.Len(), Loss: math.NaN()}
	s.Report.Step(p)
	for batch, err := range loader.Epoch(ctx, n) {
		if err == nil {
			err = s.step(batch)
		}
		if err != nil {
			return 0, err
		}
		p.Images += batch.Len()
		if s.steps%readEvery == 0 || p.Images == p.Total {
			if p.Loss, err = s.loss(p); err != nil {
				return 0, err
			}
		}
		s.Report.Step(p)
	}
	return p.Loss, nil
}

// loss waits for the device and returns the mean over the epoch's images so
// far, or the *DivergedError that ends training.
func (s *stepper) loss(p Progress) (float64, error) {
	status, err := s.Optimizer.Status()
	if err != nil {
		return 0, err
	}
	sum, _, err := s.sums.read()
	switch {
	case err != nil:
		return 0, err
	case status.Stopped > 0:
		return 0, &DivergedError{Step: status.Stopped, Epoch: p.Epoch}
	case !finite(sum):
		return 0, &DivergedError{Step: s.steps + 1, Epoch: p.Epoch}
	}
	return sum / float64(p.Images), nil
}

func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }
