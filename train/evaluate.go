package train

import (
	"context"
	"errors"
	"fmt"

	"example.org/chainrule/backward"
	"example.org/chainrule/data"
	"example.org/chainrule/nn"
)

// Metrics are a model's results on a set.
type Metrics struct {
	Loss     float64 // mean cross-entropy; may be NaN or infinite where the weights are bad
	Accuracy float64 // share classified right, 0 to 1
}

// Evaluate measures a model on a set, batch images at a time or the whole set
// where that is smaller. Errors: a set that does not fit the model, a
// [*data.BatchSizeError] for a batch less than 1, the context's, what the
// device has latched.
func Evaluate(ctx context.Context, model *nn.Classifier, set *data.Dataset, batch int) (Metrics, error) {
	if err := checkSet(model, set); err != nil {
		return Metrics{}, err
	}
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

// Predict returns the probability of each class for one image, [Height, Width,
// Channels] bytes as the model was trained on. Several goroutines may call it.
// Errors: an image of another size, weights that lead to numbers that are not
// finite, what the device has latched.
func Predict(model *nn.Classifier, image []byte) ([]float32, error) {
	if len(image) != model.Height*model.Width*model.Channels {
		return nil, fmt.Errorf("train: an image of %d bytes: the model takes %dx%dx%d (height, width, channels)",
			len(image), model.Height, model.Width, model.Channels)
	}
	tape := backward.NewTape(model.Params.Device(), backward.Mode{NoGrad: true})
	defer tape.Close()
	x := backward.From(tape, image, 1, model.Height, model.Width, model.Channels)
	p, err := model.Forward(x.Pixels()).Softmax(-1).Float32s()
	if err != nil {
		return nil, err
	}
	for _, v := range p {
		if !finite(float64(v)) {
			return nil, errors.New("train: the probabilities are not finite: the weights are of a training that diverged, or damaged")
		}
	}
	return p, nil
}
