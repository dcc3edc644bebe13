package train

import (
	"encoding/json"
	"fmt"
	"io"
	"math"

	"github.com/schollz/progressbar/v3"
)

// Lines reports a line for each epoch on w.
type Lines struct{ W io.Writer }

// Step says nothing.
func (Lines) Step(Progress) {}

// Epoch writes a line.
func (l Lines) Epoch(e Epoch) {
	fmt.Fprintf(l.W, "epoch %d  train loss %.4f  test loss %.4f  test accuracy %.2f%%  %.0f images/s\n",
		e.Epoch, e.TrainLoss, e.TestLoss, 100*e.TestAccuracy, e.ImagesPerSecond)
}

// JSON reports a JSON object for each epoch, on one line each.
type JSON struct{ W io.Writer }

// Step says nothing.
func (JSON) Step(Progress) {}

// Epoch writes a line.
func (j JSON) Epoch(e Epoch) { json.NewEncoder(j.W).Encode(e) }

// Bar draws a progress bar for each epoch on a terminal, cleared at its end.
type Bar struct {
	w   io.Writer
	bar *progressbar.ProgressBar
}

// NewBar returns a bar on w.
func NewBar(w io.Writer) *Bar { return &Bar{w: w} }

// Step moves the bar.
func (b *Bar) Step(p Progress) {
	if b.bar == nil {
		b.bar = progressbar.NewOptions(p.Total, progressbar.OptionSetWriter(b.w), progressbar.OptionShowCount(),
			progressbar.OptionShowIts(), progressbar.OptionSetItsString("images"), progressbar.OptionClearOnFinish(),
			progressbar.OptionSetPredictTime(true), progressbar.OptionSetWidth(24))
	}
	what := fmt.Sprintf("epoch %d/%d", p.Epoch, p.Epochs)
	if !math.IsNaN(p.Loss) {
		what += fmt.Sprintf("  loss %.4f", p.Loss)
	}
	b.bar.Describe(what)
	b.bar.Set(p.Images)
}

// Epoch clears the bar.
func (b *Bar) Epoch(Epoch) { b.Stop() }

// Stop clears the bar, so that something else can be written.
func (b *Bar) Stop() {
	if b.bar != nil {
		b.bar.Clear()
		b.bar = nil
	}
}

// Reports tells several reports.
type Reports []Report

// Step tells all.
func (r Reports) Step(p Progress) {
	for _, one := range r {
		one.Step(p)
	}
}

// Epoch tells all.
func (r Reports) Epoch(e Epoch) {
	for _, one := range r {
		one.Epoch(e)
	}
}
