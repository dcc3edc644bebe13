package main

import (
	"example.org/chainrule/data"
	"example.org/chainrule/data/folder"
	"example.org/chainrule/device"
	"example.org/chainrule/nn"
	"example.org/chainrule/train"
)

type trainCmd struct {
	recipe  `group:"Recipe:"`
	Data    string `group:"Images:" default:"sample" help:"Images: sample (comes with the program), mnist (fetched with the go command), or the path of a folder: one folder of pictures for each class, or such folders in train and test, or MNIST's four files."`
	Size    int    `group:"Images:" placeholder:"PIXELS" help:"Resize the pictures of a folder to this height and width (default: their own if it is one, up to 256; else 64)."`
	Strict  bool   `group:"Images:" help:"Make a picture that cannot be read an error, instead of leaving it out."`
	compute `group:"Machine:"`
	Out     string `group:"Results:" placeholder:"DIR" help:"Run folder to make, for the weights (default: the next free runs/MODEL-N)."`
	JSON    bool   `group:"Results:" name:"json" help:"Print one JSON object a line on standard output, all else on standard error."`
}

// Run trains, reports and saves.
func (c *trainCmd) Run(env *environment) error {
	if err := c.check(); err != nil {
		return err
	}
	dev, err := c.openDevice()
	if err != nil {
		return err
	}
	defer dev.Close()
	splits, err := c.images(env)
	if err != nil {
		return err
	}
	return c.train(env, dev, splits)
}

// images reads the set and says what was left out.
func (c *trainCmd) images(env *environment) (*data.Splits, error) {
	if c.Size < 0 {
		return nil, usagef("--size %d: want at least 1", c.Size)
	}
	splits, err := env.openImages(c.Data, folder.Options{Height: c.Size, Width: c.Size, Seed: c.Seed, Strict: c.Strict})
	if err != nil {
		return nil, err
	}
	set := splits.Train
	switch {
	case c.Size != 0 && (set.Height != c.Size || set.Width != c.Size):
		return nil, usagef("--size %d: only folders of pictures are resized; %s has images of %dx%d", c.Size, c.Data, set.Height, set.Width)
	case c.Batch > set.Len():
		return nil, usagef("--batch %d: there are %d images to train on, choose at most that", c.Batch, set.Len())
	}
	return splits, nil
}

func (c *trainCmd) train(env *environment, dev device.Device, splits *data.Splits) error {
	set := splits.Train
	model, err := nn.NewClassifier(c.Model, nn.Input{Height: set.Height, Width: set.Width, Channels: set.Channels}, len(set.Classes))
	if err != nil {
		return err
	}
	if err := model.Params.Open(dev, c.Seed); err != nil {
		return err
	}
	defer model.Params.Close()
	optimizer, err := c.optimizer(model)
	if err != nil {
		return err
	}
	defer optimizer.Close()
	t, err := c.start(env, model, splits)
	if err != nil {
		return err
	}
	steps := c.Epochs * ((set.Len() + c.Batch - 1) / c.Batch)
	_, err = train.Fit(env.ctx, train.Options{
		Model: model, Optimizer: optimizer, Schedule: c.schedule(steps),
		Train: set, Test: splits.Test, Batch: c.Batch, Epochs: c.Epochs,
		Precision: c.activations(), Seed: c.Seed, Report: t,
	})
	return t.finish(err)
}
