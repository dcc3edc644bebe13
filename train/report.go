package train

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"time"

	"github.com/schollz/progressbar/v3"
)

// Lines reports a line for each epoch on W.
type Lines struct{ W io.Writer }

// Step says nothing.
func (Lines) Step(Progress) {}

// Epoch writes a line.
func (l Lines) Epoch(e Epoch) {
	fmt.Fprintf(l.W, "epoch %d  train loss %.4f  test loss %.4f  test accuracy %.2f%%  %.0f images/s\n",
		e.Epoch, e.TrainLoss, e.TestLoss, 100*e.TestAccuracy, e.ImagesPerSecond)
}

// JSON reports each epoch on W: an [Epoch] as a JSON object, on one line.
type JSON struct{ W io.Writer }

// Step says nothing.
func (JSON) Step(Progress) {}

// Epoch writes a line.
func (j JSON) Epoch(e Epoch) { json.NewEncoder(j.W).Encode(e) }

// Bar draws a progress bar for each epoch on a terminal, cleared at its end.
type Bar struct {
	w   io.Writer
	bar *progressbar.ProgressBar // of the epoch under way; nil between epochs
}

// NewBar returns a bar on w.
func NewBar(w io.Writer) *Bar { return &Bar{w: w} }

// Step moves the bar.
func (b *Bar) Step(p Progress) {
	what := fmt.Sprintf("epoch %d/%d", p.Epoch, p.Epochs)
	if !math.IsNaN(p.Loss) {
		what += fmt.Sprintf("  loss %.4f", p.Loss)
	}
	if b.bar == nil {
		b.bar = newEpochBar(b.w, p.Total)
	}
	b.bar.Describe(what)
	b.bar.Set(p.Images)
}

// newEpochBar keeps within 80 columns.
func newEpochBar(w io.Writer, images int) *progressbar.ProgressBar {
	return progressbar.NewOptions(images, progressbar.OptionSetWriter(w), progressbar.OptionSetWidth(16),
		progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionClearOnFinish(),
		progressbar.OptionShowIts(), progressbar.OptionSetItsString("images"))
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

// Reports tells several reports, in their order.
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
