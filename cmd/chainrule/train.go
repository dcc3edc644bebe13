package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"example.org/chainrule"
	"example.org/chainrule/data"
	"example.org/chainrule/data/datasets"
	"example.org/chainrule/data/folder"
	"example.org/chainrule/device"
	"example.org/chainrule/nn"
	"example.org/chainrule/train"
)

// recipe is the flags that decide what is learned, and how.
type recipe struct {
	Model       string  `default:"lenet" help:"Network: lenet, mlp or resnet20."`
	Epochs      int     `default:"8" help:"Passes over the training set."`
	Batch       int     `default:"64" help:"Images a step."`
	Optimizer   string  `default:"sgd" help:"Optimizer: sgd (with momentum), adam or adamw."`
	LR          float32 `name:"lr" help:"Highest learning rate (sgd: 0.05; adam, adamw: 0.001)."`
	Momentum    float32 `default:"0.9" help:"Momentum of sgd."`
	Nesterov    bool    `help:"Nesterov's momentum for sgd."`
	WeightDecay float32 `help:"Weight decay of matrices and filters."`
	Clip        float32 `help:"Scale gradients down to this norm; 0 for no clipping."`
	Schedule    string  `default:"cosine" help:"Learning rate over time: constant, step (a tenth after each third) or cosine (with a short warm-up)."`
	Seed        uint64  `default:"1" help:"Seed of first weights, order of images and dropout."`
}

// source is the flags that say which images are read.
type source struct {
	Data   string `default:"sample" placeholder:"NAME|DIR" help:"Images: sample (comes with the program), mnist (fetched with the go command), or a folder: MNIST's four files, one folder a class, or train and test folders of those."`
	Size   int    `placeholder:"PIXELS" help:"Resize images of a folder to this height and width."`
	Strict bool   `help:"Make an image that cannot be read an error, instead of leaving it out."`
}

// compute is the flags that say where to compute.
type compute struct {
	Device  string `default:"auto" help:"Device: auto or cpu; see chainrule devices."`
	Threads int    `help:"CPU cores to use; 0 takes all."`
}

type trainCmd struct {
	recipe
	source
	compute
	Out  string `placeholder:"DIR" help:"Run folder to make, with weights and metrics (default: the next free runs/MODEL-N)."`
	JSON bool   `name:"json" help:"Print one JSON object a line on standard output, all else on standard error."`
}

// Run trains, reports and saves.
func (c *trainCmd) Run(env *environment) error {
	if err := c.check(); err != nil {
		return err
	}
	splits, err := c.read(env, c.Seed)
	if err != nil {
		return err
	}
	dev, err := c.compute.open()
	if err != nil {
		return err
	}
	defer dev.Close()
	return c.train(env, dev, splits)
}

func (r *recipe) check() error {
	switch {
	case r.Epochs < 1:
		return usageError{fmt.Errorf("--epochs %d: want at least 1", r.Epochs)}
	case r.Batch < 1:
		return usageError{fmt.Errorf("--batch %d: want at least 1", r.Batch)}
	case !contains(optimizers, r.Optimizer):
		return unknown("--optimizer", r.Optimizer, optimizers)
	case !contains(schedules, r.Schedule):
		return unknown("--schedule", r.Schedule, schedules)
	case !contains(nn.Models(), r.Model):
		return unknown("--model", r.Model, nn.Models())
	}
	return nil
}

// read opens the images and says what was left out.
func (s *source) read(env *environment, seed uint64) (*data.Splits, error) {
	if s.Size < 0 {
		return nil, usageError{fmt.Errorf("--size %d: want at least 1 pixel", s.Size)}
	}
	splits, err := datasets.Open(env.ctx, s.Data, folder.Options{Height: s.Size, Width: s.Size, Seed: seed, Strict: s.Strict})
	if err != nil {
		return nil, err
	}
	env.reportSkipped(splits.Skipped)
	return splits, nil
}

func (env *environment) reportSkipped(skipped []error) {
	const most = 5
	for i, err := range skipped {
		if i == most {
			fmt.Fprintf(env.err, "... and %d more\n", len(skipped)-most)
			break
		}
		fmt.Fprintf(env.err, "left out: %v\n", err)
	}
	if n := len(skipped); n > 0 {
		fmt.Fprintf(env.err, "%d images left out (--strict makes the first an error)\n", n)
	}
}

func (c *compute) open() (device.Device, error) {
	if c.Threads < 0 {
		return nil, usageError{fmt.Errorf("--threads %d: want at least 1, or 0 for all cores", c.Threads)}
	}
	return chainrule.Open(c.Device, chainrule.Threads(c.Threads))
}

func (c *trainCmd) train(env *environment, dev device.Device, splits *data.Splits) error {
	set := splits.Train
	model, err := nn.NewClassifier(c.Model, nn.Input{Height: set.Height, Width: set.Width, Channels: set.Channels}, len(set.Classes))
	if err != nil {
		return err
	}
	if err := model.Params.Open(dev, c.Seed); err != nil {
		return err
	}
	defer model.Params.Close()
	optimizer, err := c.optimizer(model)
	if err != nil {
		return err
	}
	defer optimizer.Close()
	if c.Batch > set.Len() {
		return &data.BatchSizeError{Batch: c.Batch, Images: set.Len()}
	}
	run, err := c.newTraining(env, model, splits)
	if err != nil {
		return err
	}
	defer run.close()
	steps := c.Epochs * ((set.Len() + c.Batch - 1) / c.Batch)
	_, err = train.Fit(env.ctx, train.Options{
		Device: dev, Model: model, Optimizer: optimizer, Schedule: c.schedule(steps),
		Train: set, Test: splits.Test, Batch: c.Batch, Epochs: c.Epochs, Seed: c.Seed, Report: run,
	})
	return run.finish(err)
}

// A training is a run in progress: its folder and its reports.
type training struct {
	train.Reports
	env   *environment
	bar   *train.Bar
	out   io.Writer // for people
	json  bool
	path  string // of the weights
	model *nn.Classifier
	card  train.Card
	start time.Time
	last  train.Epoch
	err   error // of saving
}

func (c *trainCmd) newTraining(env *environment, model *nn.Classifier, splits *data.Splits) (*training, error) {
	dir, err := train.NewRunFolder(c.Out, c.Model)
	if err != nil {
		return nil, err
	}
	set := splits.Train
	r := &training{
		env: env, out: env.out, json: c.JSON, model: model, start: time.Now(),
		path: filepath.Join(dir, train.WeightsFile),
		card: train.Card{Model: model.Name, Height: set.Height, Width: set.Width, Channels: set.Channels, Classes: set.Classes,
			Digits: c.Data == datasets.Sample || c.Data == datasets.MNIST},
	}
	if err := r.reserve(); err != nil {
		return nil, err
	}
	if c.JSON {
		r.out = env.err
		r.Reports = append(r.Reports, train.JSON{W: env.out})
	}
	if env.terminal {
		r.bar = train.NewBar(env.err)
		r.Reports = append(train.Reports{r.bar}, r.Reports...)
	}
	r.Reports = append(r.Reports, train.Lines{W: r.out})
	fmt.Fprintf(r.out, "%s: %d parameters, %dx%dx%d images, %d classes; %d to train on, %d to test on\n",
		model.Name, model.Params.Count(), set.Height, set.Width, set.Channels, len(set.Classes), set.Len(), splits.Test.Len())
	return r, nil
}

// reserve saves the first weights twice, since replacing them takes room for
// both: a full disk is found before training.
func (r *training) reserve() error {
	for range 2 {
		if err := r.save(); err != nil {
			return err
		}
	}
	return nil
}

func (r *training) save() error { return train.SaveWeights(r.path, r.model, r.card) }

// Epoch saves the weights after each epoch.
func (r *training) Epoch(e train.Epoch) {
	r.Reports.Epoch(e)
	r.last = e
	r.err = errors.Join(r.err, r.save())
}

func (r *training) close() {
	if r.bar != nil {
		r.bar.Stop()
	}
}

// finish saves what there is and says where it is. err is what ended training.
func (r *training) finish(err error) error {
	r.close()
	if err != nil {
		if saveErr := r.save(); saveErr != nil {
			return errors.Join(err, saveErr)
		}
	} else if r.err != nil {
		return r.err
	}
	switch {
	case errors.Is(err, context.Canceled):
		fmt.Fprintf(r.env.err, "interrupted after %d epochs; weights so far: %s\n", r.last.Epoch, r.path)
	case err != nil:
		fmt.Fprintf(r.env.err, "weights before the failure: %s\n", r.path)
	default:
		fmt.Fprintf(r.out, "done in %.1f s: test accuracy %.2f%%; weights: %s\n", time.Since(r.start).Seconds(), 100*r.last.TestAccuracy, r.path)
	}
	if r.json {
		json.NewEncoder(r.env.out).Encode(summary{Done: err == nil, Epochs: r.last.Epoch, TestAccuracy: r.last.TestAccuracy, Weights: r.path})
	}
	return err
}

// summary is the last line of --json.
type summary struct {
	Done         bool    `json:"done"`
	Epochs       int     `json:"epochs"`
	TestAccuracy float64 `json:"test_accuracy"`
	Weights      string  `json:"weights"`
}
