package train

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"example.org/chainrule/backward"
	"example.org/chainrule/device"
	"example.org/chainrule/nn"
	"example.org/chainrule/tensor/safetensors"
)

// WeightsFile is the name of the weights in a run folder.
const WeightsFile = "weights.safetensors"

// A Card is what a file of weights says about the images its model was trained
// on, and how.
type Card struct {
	Classes []string `json:"classes"` // their names, in the order of the labels
	Digits  bool     `json:"digits"`  // MNIST's, so that photographs are prepared as those were
	Seed    uint64   `json:"seed"`    // drew the test images, where the set was not divided already

	Precision string `json:"precision,omitempty"` // of activations in training: bfloat16, or float32, which empty means too
}

// description is a Card and what it takes to build the model again, as the
// file's metadata have it under descriptionKey.
type description struct {
	Model    string `json:"model"`
	Height   int    `json:"height"`
	Width    int    `json:"width"`
	Channels int    `json:"channels"`
	Card
}

const descriptionKey = "chainrule"

// A NotFiniteError tells of weights that are infinite or NaN.
type NotFiniteError struct{ Name string } // of the first parameter that holds one

func (e *NotFiniteError) Error() string {
	return fmt.Sprintf("%s has numbers that are infinite or NaN", e.Name)
}

// SaveWeights writes a model and its card, whole or not at all: after an error
// the file is as it was. Equal weights and cards make equal files. Errors: a
// [*NotFiniteError], a card that is not the model's, those of writing.
func SaveWeights(path string, model *nn.Classifier, card Card) error {
	d := description{model.Name, model.Height, model.Width, model.Channels, card}
	if err := cmp.Or(d.check(), checkFinite(model.Params)); err != nil {
		return fmt.Errorf("train: %w", err)
	}
	if len(card.Classes) != model.Classes {
		return fmt.Errorf("train: %d names for the %d classes of the model", len(card.Classes), model.Classes)
	}
	text, err := json.Marshal(d)
	if err != nil {
		return err
	}
	return nn.Save(path, model.Params, map[string]string{descriptionKey: string(text)})
}

// LoadWeights builds the model that [SaveWeights] has written, on dev; path is
// the file or its run folder. The caller closes its Params. The error names the file and says what is wrong
// with it: among others a [*safetensors.FormatError], a [*nn.WeightsError], a
// [*NotFiniteError].
func LoadWeights(path string, dev device.Device) (*nn.Classifier, Card, error) {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		path = filepath.Join(path, WeightsFile)
	}
	f, err := safetensors.Open(path)
	if bad, ok := errors.AsType[*safetensors.FormatError](err); ok {
		return nil, Card{}, fmt.Errorf("train: %s is %w", path, bad)
	}
	if err != nil {
		return nil, Card{}, fmt.Errorf("train: weights: %w", err)
	}
	defer f.Close()
	model, card, err := loadWeights(f, dev)
	if err != nil {
		return nil, Card{}, fmt.Errorf("train: weights: %s: %w", path, err)
	}
	return model, card, nil
}

func loadWeights(f *safetensors.File, dev device.Device) (*nn.Classifier, Card, error) {
	d, err := readDescription(f)
	if err != nil {
		return nil, Card{}, err
	}
	model, err := d.build(f)
	if err != nil {
		return nil, Card{}, err
	}
	if err := fill(model.Params, f, dev); err != nil {
		model.Params.Close()
		return nil, Card{}, err
	}
	return model, d.Card, nil
}

func readDescription(f *safetensors.File) (description, error) {
	var d description
	text, ok := f.Metadata()[descriptionKey]
	if !ok {
		return d, errors.New("the file does not say which model it holds: want one that chainrule train has saved")
	}
	if err := json.Unmarshal([]byte(text), &d); err != nil {
		return d, fmt.Errorf("the description of the model is damaged: %w", err)
	}
	return d, d.check()
}

// check bounds the images, to which a file's weights may give no clue, and knows
// the precision.
func (d description) check() error {
	switch d.Precision {
	case "", device.Float32.String(), device.BFloat16.String():
	default:
		return fmt.Errorf("a training with activations of %q: want float32 or bfloat16", d.Precision)
	}
	const maxSide, maxValues = 1 << 14, 1 << 26
	if max(d.Height, d.Width, d.Channels) > maxSide || d.Height*d.Width*d.Channels > maxValues {
		return fmt.Errorf("a model of %dx%dx%d images (height, width, channels): at most %d to a side and %d in all are taken",
			d.Height, d.Width, d.Channels, maxSide, maxValues)
	}
	return nil
}

// build declares the model and compares it with the file, before memory is
// taken for it.
func (d description) build(f *safetensors.File) (*nn.Classifier, error) {
	model, err := nn.NewClassifier(d.Model, nn.Input{Height: d.Height, Width: d.Width, Channels: d.Channels}, len(d.Classes))
	if err != nil {
		return nil, err
	}
	return model, nn.Compare(f, model.Params)
}

// fill gives the parameters memory and the file's values.
func fill(ps *backward.Params, f *safetensors.File, dev device.Device) error {
	if err := ps.Open(dev, 0); err != nil {
		return err
	}
	if err := nn.Load(f, ps); err != nil {
		return err
	}
	return checkFinite(ps)
}

func checkFinite(ps *backward.Params) error {
	for p := range ps.All() {
		values, err := p.Value().Float32s()
		if err != nil {
			return err
		}
		for _, v := range values {
			if !finite(float64(v)) {
				return &NotFiniteError{Name: p.Name()}
			}
		}
	}
	return nil
}
