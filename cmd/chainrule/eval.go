package main

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"

	"example.org/chainrule/data"
	"example.org/chainrule/data/folder"
	"example.org/chainrule/train"
)

type evalCmd struct {
	Weights string `required:"" placeholder:"FILE" help:"Weights saved by train."`
	Data    string `default:"sample" help:"Images: sample, mnist, or a folder as train takes it; of one that is not divided, the test images that training drew."`
	Batch   int    `default:"256" help:"Images at a time."`
	Strict  bool   `help:"Make a picture that cannot be read an error, instead of leaving it out."`
	JSON    bool   `name:"json" help:"Print one JSON object."`
	compute
}

// Run measures the weights on the test part.
func (c *evalCmd) Run(env *environment) error {
	if c.Batch < 1 {
		return usagef("--batch %d: want at least 1", c.Batch)
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
	splits, err := env.openImages(c.Data, folder.Options{
		Height: model.Height, Width: model.Width, Channels: model.Channels, Seed: card.Seed, Strict: c.Strict,
	})
	if err != nil {
		return err
	}
	if err := sameClasses(splits.Test.Classes, card.Classes); err != nil {
		return err
	}
	m, err := train.Evaluate(env.ctx, model, splits.Test, c.Batch)
	if err != nil {
		return err
	}
	return c.print(env, model.Name, m, splits)
}

// sameClasses says where a set's classes first differ from a model's.
func sameClasses(set, model []string) error {
	if len(set) != len(model) {
		return fmt.Errorf("the images are of %d classes, the weights of %d", len(set), len(model))
	}
	for i := range set {
		// As JSON has it: the card cannot hold a name that is not UTF-8.
		if strings.ToValidUTF8(set[i], "\ufffd") != strings.ToValidUTF8(model[i], "\ufffd") {
			return fmt.Errorf("the images are of other classes than the weights: class %d is %q, not %q", i, set[i], model[i])
		}
	}
	return nil
}

func (c *evalCmd) print(env *environment, model string, m train.Metrics, splits *data.Splits) error {
	n := splits.Test.Len()
	what := fmt.Sprintf("%d images", n)
	if splits.Drawn {
		what = fmt.Sprintf("%d of %d images, those that training draws to test on", n, n+splits.Train.Len())
	}
	switch {
	case math.IsNaN(m.Loss) || math.IsInf(m.Loss, 0):
		return fmt.Errorf("%s: the loss is not finite: the weights are of a training that diverged, or damaged", c.Weights)
	case c.JSON:
		return json.NewEncoder(env.out).Encode(map[string]any{"test_loss": m.Loss, "test_accuracy": m.Accuracy, "images": n})
	}
	fmt.Fprintf(env.out, "%s on %s: loss %.4f, accuracy %.2f%%\n", model, what, m.Loss, 100*m.Accuracy)
	return nil
}
