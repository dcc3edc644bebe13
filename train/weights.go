package train

import (
	"encoding/json"
	"fmt"

	"example.org/chainrule/device"
	"example.org/chainrule/nn"
	"example.org/chainrule/tensor/safetensors"
)

// WeightsFile is the name of the weights in a run folder.
const WeightsFile = "weights.safetensors"

// A Card is what a file of weights says about its model, so that it can be
// built again.
type Card struct {
	Model    string   `json:"model"`
	Height   int      `json:"height"`
	Width    int      `json:"width"`
	Channels int      `json:"channels"`
	Classes  []string `json:"classes"`
	Digits   bool     `json:"digits"` // trained on images prepared as MNIST's
}

const cardKey = "chainrule"

// SaveWeights writes a model and its card, whole or not at all.
func SaveWeights(path string, model *nn.Classifier, card Card) error {
	text, err := json.Marshal(card)
	if err != nil {
		return err
	}
	return nn.Save(path, model.Params, map[string]string{cardKey: string(text)})
}

// LoadWeights builds the model of a file of weights on dev. The caller closes
// its Params. The error says what is wrong with the file.
func LoadWeights(path string, dev device.Device) (*nn.Classifier, Card, error) {
	f, err := safetensors.Open(path)
	if err != nil {
		return nil, Card{}, err
	}
	defer f.Close()
	var card Card
	text, ok := f.Metadata()[cardKey]
	if !ok {
		return nil, Card{}, fmt.Errorf("train: %s does not say which model it holds: want a file that train has saved", path)
	}
	if err := json.Unmarshal([]byte(text), &card); err != nil {
		return nil, Card{}, fmt.Errorf("train: %s: the description of its model is damaged: %w", path, err)
	}
	model, err := card.build(f)
	if err != nil {
		return nil, Card{}, fmt.Errorf("train: %s: %w", path, err)
	}
	err = model.Params.Open(dev, 0)
	if err == nil {
		err = nn.Load(f, model.Params)
	}
	if err != nil {
		model.Params.Close()
		return nil, Card{}, fmt.Errorf("train: %s: %w", path, err)
	}
	return model, card, nil
}

// build declares the model, and opens nothing unless the file holds as many
// numbers: the card is not to be trusted.
func (c Card) build(f *safetensors.File) (*nn.Classifier, error) {
	const most = 1 << 16
	if c.Height > most || c.Width > most || c.Channels > most || len(c.Classes) > most {
		return nil, fmt.Errorf("a model of %dx%dx%d images and %d classes is not to be believed", c.Height, c.Width, c.Channels, len(c.Classes))
	}
	model, err := nn.NewClassifier(c.Model, nn.Input{Height: c.Height, Width: c.Width, Channels: c.Channels}, len(c.Classes))
	if err != nil {
		return nil, err
	}
	return model, nn.Compare(f, model.Params)
}
