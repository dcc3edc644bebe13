package data_test

import (
	"context"
	"fmt"
	"log"

	"example.org/chainrule/data"
	"example.org/chainrule/data/mnist"
)

func ExampleLoader() {
	train, _ := mnist.Sample()
	loader, err := data.NewLoader(train, data.LoaderOptions{Batch: 64, Shuffle: true, Seed: 1})
	if err != nil {
		log.Fatal(err)
	}
	images, last := 0, 0
	for batch, err := range loader.Epoch(context.Background(), 1) {
		if err != nil {
			log.Fatal(err)
		}
		images += batch.Len()
		last = batch.Len()
	}
	fmt.Println(loader.Batches(), "batches of", images, "images, the last of", last)
	// Output: 94 batches of 6000 images, the last of 48
}
