package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"example.org/chainrule/data/images"
	"example.org/chainrule/nn"
	"example.org/chainrule/train"
)

type predictCmd struct {
	Weights string   `required:"" placeholder:"FILE" help:"Weights saved by train."`
	Invert  string   `default:"auto" help:"For handwritten digits: yes if they are dark on light, no if light on dark, or auto."`
	Top     int      `default:"3" help:"Classes to print for each image."`
	JSON    bool     `name:"json" help:"Print one JSON object a line."`
	Images  []string `arg:"" name:"image" help:"JPEG, PNG, GIF, WebP or BMP files."`
	compute
}

// Run classifies each image; one that cannot be read is reported, and the
// others are still classified.
func (c *predictCmd) Run(env *environment) error {
	if err := checkName("--invert", c.Invert, []string{"auto", "yes", "no"}); err != nil {
		return err
	}
	if c.Top < 1 {
		return usagef("--top %d: want at least 1", c.Top)
	}
	dev, err := c.openDevice()
	if err != nil {
		return err
	}
	defer dev.Close()
	model, card, err := train.LoadWeights(c.Weights, dev)
	if err != nil {
		return err
	}
	defer model.Params.Close()
	if c.Invert != "auto" && !card.Digits {
		return usagef("--invert %s: only for handwritten digits; these weights take pictures as they are", c.Invert)
	}
	var failures []error
	for _, path := range c.Images {
		if err := env.ctx.Err(); err != nil {
			return err
		}
		if err := c.predict(env, model, card, path); err != nil {
			failures = append(failures, err)
		}
	}
	return errors.Join(failures...)
}

// predict classifies one image; an error names it.
func (c *predictCmd) predict(env *environment, model *nn.Classifier, card train.Card, path string) error {
	pixels, err := c.pixels(model, card, path)
	if err != nil {
		return err
	}
	p, err := train.Predict(model, pixels)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return c.print(env, path, c.best(card.Classes, p))
}

// pixels prepares a picture as those that the model was trained on.
func (c *predictCmd) pixels(model *nn.Classifier, card train.Card, path string) ([]byte, error) {
	picture, err := images.Read(path)
	if err != nil {
		return nil, err
	}
	if card.Digits {
		if picture, err = images.Digit(picture, images.Invert(c.Invert)); err != nil {
			if errors.Is(err, images.ErrNoDigit) {
				err = fmt.Errorf("%w (try another --invert)", err)
			}
			return nil, fmt.Errorf("%s: %w", path, err)
		}
	}
	pixels, err := images.Pixels(picture, model.Height, model.Width, model.Channels)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return pixels, nil
}

// A guess is a class and how likely it is.
type guess struct {
	Class       string  `json:"class"`
	Probability float32 `json:"probability"`
}

// best returns the likeliest classes, the best first; of equals the first stays
// first.
func (c *predictCmd) best(classes []string, p []float32) []guess {
	guesses := make([]guess, len(p))
	for i, class := range classes {
		guesses[i] = guess{class, p[i]}
	}
	slices.SortStableFunc(guesses, func(a, b guess) int { return cmp.Compare(b.Probability, a.Probability) })
	return guesses[:min(c.Top, len(guesses))]
}

func (c *predictCmd) print(env *environment, path string, guesses []guess) error {
	if c.JSON {
		return json.NewEncoder(env.out).Encode(map[string]any{"image": path, "predictions": guesses})
	}
	words := make([]string, len(guesses))
	for i, g := range guesses {
		words[i] = fmt.Sprintf("%s %.1f%%", printable(g.Class), 100*g.Probability)
	}
	fmt.Fprintf(env.out, "%s: %s\n", printable(path), strings.Join(words, ", "))
	return nil
}

// printable quotes a name that would upset a terminal or break the line.
func printable(name string) string {
	if !utf8.ValidString(name) || strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return strconv.Quote(name)
	}
	return name
}
