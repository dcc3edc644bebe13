package backward_test

import (
	"fmt"
	"log"

	"example.org/chainrule/backward"
	"example.org/chainrule/cpu"
	"example.org/chainrule/device"
	"example.org/chainrule/tensor"
)

// sign returns x/|x|, whose derivative is 0 wherever there is one. Networks of
// ones and minus ones learn with another, the straight-through estimator
// (Bengio 2013):
//
//	dx = dy
//
// Nothing here is private to the module: any program can write an operation so.
func sign(x *backward.Var) *backward.Var {
	return backward.Apply(backward.Op{Name: "Sign"},
		func(_ *backward.Frame, x []*tensor.Tensor) (*tensor.Tensor, error) {
			size, err := tensor.Unary(x[0], device.Unary{Func: device.Abs})
			if err != nil {
				return nil, err
			}
			defer size.Free()
			return tensor.Binary(x[0], size, device.Div)
		},
		func(dx []tensor.Dst, _, dy *tensor.Tensor, _ []*tensor.Tensor) error {
			return tensor.CastInto(dx[0], dy)
		}, x)
}

// An operation with a derivative of one's own.
func ExampleApply() {
	dev, err := cpu.New(cpu.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer dev.Close()
	x, err := tensor.From(dev, []float32{-2, -0.3, 0.1, 4})
	if err != nil {
		log.Fatal(err)
	}
	defer x.Free()

	tape := backward.NewTape(dev, backward.Mode{})
	defer tape.Close()
	leaf := tape.Watch(x)
	y := sign(leaf).Keep()
	if err := y.Plus(2).Square().Sum().Backward(); err != nil {
		log.Fatal(err)
	}
	dx, err := leaf.Grad()
	if err != nil {
		log.Fatal(err)
	}
	values, _ := y.Float32s()
	gradient, _ := dx.Float32s()
	fmt.Println(values, gradient)
	// Output: [-1 -1 1 1] [2 2 6 6]
}
