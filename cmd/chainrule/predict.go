package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"example.org/chainrule/data/images"
	"example.org/chainrule/nn"
	"example.org/chainrule/train"
)

type predictCmd struct {
	Weights string   `required:"" placeholder:"FILE" help:"Weights saved by train."`
	Invert  string   `default:"auto" help:"For digits: yes if they are dark on light, no if light on dark, or auto."`
	Top     int      `default:"3" help:"Classes to print for each image."`
	JSON    bool     `name:"json" help:"Print one JSON object a line."`
	Images  []string `arg:"" name:"image" help:"JPEG, PNG, GIF, WebP or BMP files."`
	compute
}

// Run classifies each image; one that cannot be read is reported, and the
// others are still classified.
func (c *predictCmd) Run(env *environment) error {
	if inversions := []string{"auto", "yes", "no"}; !contains(inversions, c.Invert) {
		return unknown("--invert", c.Invert, inversions)
	}
	if c.Top < 1 {
		return usageError{fmt.Errorf("--top %d: want at least 1", c.Top)}
	}
	dev, err := c.compute.open()
	if err != nil {
		return err
	}
	defer dev.Close()
	model, card, err := train.LoadWeights(c.Weights, dev)
	if err != nil {
		return err
	}
	defer model.Params.Close()
	var errs []error
	for _, path := range c.Images {
		if err := c.predict(env, model, card, path); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", path, err))
		}
	}
	return errors.Join(errs...)
}

func (c *predictCmd) predict(env *environment, model *nn.Classifier, card train.Card, path string) error {
	pixels, err := c.pixels(card, path)
	if err != nil {
		return err
	}
	p, err := train.Predict(model, pixels)
	if err != nil {
		return err
	}
	return c.print(env, card, path, p)
}

// pixels prepares a picture as those that the model was trained on.
func (c *predictCmd) pixels(card train.Card, path string) ([]byte, error) {
	picture, err := images.Read(path)
	if err != nil {
		return nil, err
	}
	if card.Digits {
		if picture, err = images.Digit(picture, images.Invert(c.Invert)); err != nil {
			return nil, err
		}
	}
	return images.Pixels(picture, card.Height, card.Width, card.Channels)
}

// A guess is a class and how likely it is.
type guess struct {
	Class       string  `json:"class"`
	Probability float32 `json:"probability"`
}

func (c *predictCmd) print(env *environment, card train.Card, path string, p []float32) error {
	guesses := make([]guess, len(p))
	for i, name := range card.Classes {
		guesses[i] = guess{name, p[i]}
	}
	slices.SortStableFunc(guesses, func(a, b guess) int {
		if a.Probability > b.Probability {
			return -1
		}
		return 1
	})
	guesses = guesses[:min(c.Top, len(guesses))]
	if c.JSON {
		return json.NewEncoder(env.out).Encode(map[string]any{"image": path, "predictions": guesses})
	}
	words := make([]string, len(guesses))
	for i, g := range guesses {
		words[i] = fmt.Sprintf("%s %.1f%%", g.Class, 100*g.Probability)
	}
	_, err := fmt.Fprintf(env.out, "%s: %s\n", path, strings.Join(words, ", "))
	return err
}
