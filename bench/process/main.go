// Command process does what a process is measured by from its start to its end:
// the first training step of LeNet on 64 images, or an epoch over MNIST's files.
// It prints the most memory that was resident, in MB.
//
//	go run ./bench/process step cpu
//	go run ./bench/process epoch cpu /path/of/the/four/files
package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"

	"example.org/chainrule"
	"example.org/chainrule/backward"
	"example.org/chainrule/data"
	"example.org/chainrule/data/idx"
	"example.org/chainrule/device"
	"example.org/chainrule/nn"
	"example.org/chainrule/optim"
	"example.org/chainrule/train"
)

const batch = 64

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "process:", err)
		os.Exit(1)
	}
	fmt.Println(peakMB())
}

func run(args []string) error {
	switch {
	case len(args) == 2 && args[0] == "step":
		return onDevice(args[1], step)
	case len(args) == 3 && args[0] == "epoch":
		return onDevice(args[1], func(dev device.Device) error { return epoch(dev, args[2]) })
	}
	return errors.New("usage: process step DEVICE, or process epoch DEVICE FOLDER")
}

func onDevice(name string, f func(device.Device) error) error {
	dev, err := chainrule.Open(name)
	if err != nil {
		return err
	}
	return cmp.Or(f(dev), dev.Close())
}

// lenet is the model, open on dev, and what moves it.
func lenet(dev device.Device) (*nn.Classifier, optim.Optimizer, error) {
	model, err := nn.NewClassifier("lenet", nn.Input{Height: 28, Width: 28, Channels: 1}, 10)
	if err != nil {
		return nil, nil, err
	}
	if err := model.Params.Open(dev, 1); err != nil {
		return nil, nil, err
	}
	opt, err := optim.NewSGD(model.Params, 0.01, optim.SGD{Momentum: 0.9})
	if err != nil {
		model.Params.Close()
	}
	return model, opt, err
}

// step trains on one batch of blank images.
func step(dev device.Device) error {
	model, opt, err := lenet(dev)
	if err != nil {
		return err
	}
	defer model.Params.Close()
	defer opt.Close()
	tape := backward.NewTape(dev, backward.Mode{Training: true})
	defer tape.Close()
	images := backward.From(tape, make([]byte, batch*28*28), batch, 28, 28, 1)
	labels := backward.From(tape, make([]int32, batch))
	loss := model.Forward(images.Pixels()).CrossEntropy(labels, backward.CrossEntropyOptions{})
	if err := loss.Backward(); err != nil {
		return err
	}
	if err := opt.Step(); err != nil {
		return err
	}
	return dev.Sync()
}

// epoch trains on the images of a folder once, and evaluates.
func epoch(dev device.Device, folder string) error {
	var splits data.Splits
	var err error
	if splits.Train, splits.Test, err = idx.OpenFolder(folder); err != nil {
		return err
	}
	model, opt, err := lenet(dev)
	if err != nil {
		return err
	}
	defer model.Params.Close()
	defer opt.Close()
	_, err = train.Fit(context.Background(), train.Options{
		Model: model, Optimizer: opt, Train: splits.Train, Test: splits.Test, Batch: batch, Epochs: 1, Seed: 1,
	})
	return err
}
