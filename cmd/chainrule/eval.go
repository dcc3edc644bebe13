package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"example.org/chainrule/data"
	"example.org/chainrule/data/datasets"
	"example.org/chainrule/data/folder"
	"example.org/chainrule/train"
)

type evalCmd struct {
	Weights string `required:"" placeholder:"FILE" help:"Weights saved by train."`
	Data    string `default:"sample" placeholder:"NAME|DIR" help:"Test images: sample, mnist, or a folder as train takes it."`
	Batch   int    `default:"256" help:"Images at a time."`
	Strict  bool   `help:"Make an image that cannot be read an error, instead of leaving it out."`
	Seed    uint64 `default:"1" help:"Seed that divided a folder without test images; as in training."`
	JSON    bool   `name:"json" help:"Print one JSON object."`
	compute
}

// Run measures the weights on the test part.
func (c *evalCmd) Run(env *environment) error {
	if c.Batch < 1 {
		return usageError{fmt.Errorf("--batch %d: want at least 1", c.Batch)}
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
	splits, err := datasets.Open(env.ctx, c.Data, folder.Options{Height: card.Height, Width: card.Width, Channels: card.Channels, Seed: c.Seed, Strict: c.Strict})
	if err != nil {
		return err
	}
	env.reportSkipped(splits.Skipped)
	if err := fits(card, splits.Test); err != nil {
		return err
	}
	m, err := train.Evaluate(env.ctx, model, splits.Test, c.Batch)
	if err != nil {
		return err
	}
	if c.JSON {
		return json.NewEncoder(env.out).Encode(map[string]any{"test_loss": m.Loss, "test_accuracy": m.Accuracy, "images": splits.Test.Len()})
	}
	fmt.Fprintf(env.out, "%s on %d images: loss %.4f, accuracy %.2f%%\n", model.Name, splits.Test.Len(), m.Loss, 100*m.Accuracy)
	return nil
}

// fits checks that a set shows what the model was trained on.
func fits(card train.Card, set *data.Dataset) error {
	if set.Height != card.Height || set.Width != card.Width || set.Channels != card.Channels {
		return fmt.Errorf("the weights are for images of %dx%dx%d, these are %dx%dx%d (height, width, channels)",
			card.Height, card.Width, card.Channels, set.Height, set.Width, set.Channels)
	}
	if !slices.Equal(set.Classes, card.Classes) {
		return errors.New("the classes are others than the weights were trained on: " + fmt.Sprintf("%.120v", set.Classes) + ", not " + fmt.Sprintf("%.120v", card.Classes))
	}
	return nil
}
