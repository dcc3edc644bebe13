package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"example.org/chainrule/data"
	"example.org/chainrule/data/datasets"
	"example.org/chainrule/data/mnist"
	"example.org/chainrule/nn"
	"example.org/chainrule/train"
)

// A training is a run under way: what it reports, and where its weights go.
type training struct {
	train.Reports
	env   *environment
	text  io.Writer // for people
	bar   *train.Bar
	json  bool
	model *nn.Classifier
	card  train.Card
	path  string // of the weights
	kept  string // which weights are there, in words
	begun time.Time
	last  train.Epoch // completed
}

// start makes the run folder and tells what is about to be trained.
func (c *trainCmd) start(env *environment, model *nn.Classifier, splits *data.Splits) (*training, error) {
	dir, err := train.NewRunFolder(c.Out, c.Model)
	if err != nil {
		return nil, err
	}
	set := splits.Train
	t := &training{
		env: env, text: env.out, json: c.JSON, model: model, begun: time.Now(),
		bar: train.NewBar(env.err),
		card: train.Card{
			Classes: set.Classes, Digits: c.Data == datasets.Sample || mnist.IsFull(set), Seed: c.Seed, Precision: c.Precision,
		},
		path: filepath.Join(dir, train.WeightsFile),
	}
	if err := t.reserve(); err != nil {
		os.RemoveAll(dir)
		return nil, err
	}
	if t.json {
		t.text = env.err
	}
	t.addReports()
	fmt.Fprintln(t.text, "on", c.place(model.Params.Device()))
	fmt.Fprintf(t.text, "%s in %s: %d parameters, %dx%dx%d images, %d classes; %d to train on, %d to test on\n",
		model.Name, c.Precision, model.Params.Count(), set.Height, set.Width, set.Channels, len(set.Classes), set.Len(), splits.Test.Len())
	return t, nil
}

// reserve saves the first weights twice, since replacing them takes room for
// both: a full disk is found before training.
func (t *training) reserve() error {
	for range 2 {
		if err := t.save("first weights"); err != nil {
			return err
		}
	}
	return nil
}

// save replaces the weights on the disk; what they are is kept in words.
func (t *training) save(what string) error {
	if err := train.SaveWeights(t.path, t.model, t.card); err != nil {
		return err
	}
	t.kept = what
	return nil
}

// addReports puts the bar first, so that it is gone when others write.
func (t *training) addReports() {
	if t.env.terminal {
		t.Reports = append(t.Reports, t.bar)
	}
	if t.json {
		t.Reports = append(t.Reports, train.JSON{W: t.env.out})
	}
	t.Reports = append(t.Reports, train.Lines{W: t.text})
}

// Epoch reports and saves. Where saving fails training goes on: the next epoch
// tries again, and finish has the last word.
func (t *training) Epoch(e train.Epoch) {
	t.Reports.Epoch(e)
	t.last = e
	if err := t.save(fmt.Sprintf("weights after epoch %d", e.Epoch)); err != nil {
		fmt.Fprintf(t.env.err, "not saved after epoch %d: %v\n", e.Epoch, err)
	}
}

// finish saves the weights and says where they are. ended is what ended
// training, nil where all epochs are done.
func (t *training) finish(ended error) error {
	t.bar.Stop()
	err := t.saveLast(ended)
	if err != nil {
		err = fmt.Errorf("%w; the %s are in %s", err, t.kept, t.path)
	} else {
		fmt.Fprintf(t.text, "done in %.1f s: test accuracy %.2f%%; weights: %s\n", time.Since(t.begun).Seconds(), 100*t.last.TestAccuracy, t.path)
	}
	if t.json {
		t.writeSummary(err == nil)
	}
	return err
}

// saveLast saves what training has ended with, unless it diverged: then those
// of the last whole epoch are better, and on the disk already.
func (t *training) saveLast(ended error) error {
	var diverged *train.DivergedError
	if errors.As(ended, &diverged) {
		return ended
	}
	err := t.save("weights so far")
	if err != nil && ended != nil {
		return fmt.Errorf("%w; %w", ended, err)
	}
	return cmp.Or(err, ended)
}

// writeSummary writes the last line of --json.
func (t *training) writeSummary(done bool) {
	summary := struct {
		Done         bool     `json:"done"`
		Epochs       int      `json:"epochs"`
		TestAccuracy *float64 `json:"test_accuracy,omitempty"` // none before the first epoch is complete
		Weights      string   `json:"weights"`
	}{Done: done, Epochs: t.last.Epoch, Weights: t.path}
	if t.last.Epoch > 0 {
		summary.TestAccuracy = &t.last.TestAccuracy
	}
	json.NewEncoder(t.env.out).Encode(summary)
}
