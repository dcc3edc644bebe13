package chainrule_test

import (
	"context"
	"fmt"
	"log"

	"example.org/chainrule"
	"example.org/chainrule/backward"
	"example.org/chainrule/data"
	"example.org/chainrule/data/mnist"
	"example.org/chainrule/nn"
	"example.org/chainrule/optim"
)

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func must[T any](v T, err error) T {
	check(err)
	return v
}

// A network learns handwritten digits. README.md shows these lines.
func Example() {
	ctx := context.Background()
	var losses []float32

	dev := must(chainrule.Open("auto")) // the best device here
	defer dev.Close()
	ps := backward.NewParams()
	net := nn.Sequential{
		nn.NewConv2D(ps.Sub("conv"), nn.Conv2DOptions{In: 1, Out: 8, Kernel: 5, Stride: 2, Act: nn.ReLU()}),
		nn.Flatten(),
		nn.NewLinear(ps.Sub("fc"), nn.LinearOptions{In: 12 * 12 * 8, Out: 10, Image: [2]int{12, 12}}),
	}
	check(ps.Open(dev, 1)) // memory, and first weights by seed 1
	opt := must(optim.NewSGD(ps, 0.05, optim.SGD{Momentum: 0.9}))
	digits, _ := mnist.Sample() // 6,000 images, 28x28x1 bytes
	batches := must(data.NewLoader(digits, data.LoaderOptions{Batch: 50, Shuffle: true, Seed: 1}))
	for batch, err := range batches.Epoch(ctx, 1) {
		check(err)
		tape := backward.NewTape(dev, backward.Mode{Training: true})
		images := backward.From(tape, batch.Images, batch.Len(), 28, 28, 1)
		labels := backward.From(tape, batch.Labels)
		loss := net.Forward(images.Pixels()).CrossEntropy(labels, backward.CrossEntropyOptions{})
		check(loss.Backward()) // adds to the gradient of every parameter, unless OverwriteGrads
		check(opt.Step())      // moves the parameters
		losses = append(losses, must(loss.Item()))
		tape.Close() // frees what it recorded
	}

	fmt.Println("the loss fell below a third:", losses[len(losses)-1] < losses[0]/3)
	opt.Close()
	ps.Close()
	// Output: the loss fell below a third: true
}
