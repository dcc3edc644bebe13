package chainrule_test

import (
	"fmt"

	"example.org/chainrule"
	"example.org/chainrule/backward"
	"example.org/chainrule/device"
	"example.org/chainrule/nn"
	"example.org/chainrule/optim"
	"example.org/chainrule/tensor"
)

// A step is recorded once and played on data that tensor.Set exchanges.
func Example_recorded() {
	dev := must(chainrule.Open("auto"))
	defer dev.Close()
	ps := backward.NewParams()
	line := nn.NewLinear(ps, nn.LinearOptions{In: 1, Out: 1})
	check(ps.Open(dev, 1))
	defer ps.Close()
	ps.OverwriteGrads(true) // a step is one Backward
	opt := must(optim.NewSGD(ps, 0.1, optim.SGD{}))
	defer opt.Close()

	x, y := must(tensor.New(dev, device.Float32, 2, 1)), must(tensor.New(dev, device.Float32, 2, 1))
	defer x.Free()
	defer y.Free()
	total := must(tensor.Scalar(dev, 0)) // of the losses
	defer total.Free()
	step := func() error {
		tape := backward.NewTape(dev, backward.Mode{Training: true})
		defer tape.Close()
		loss := line.Forward(tape.Input(x)).Sub(tape.Input(y)).Square().Mean()
		loss.AddTo(total, 1)
		if err := loss.Backward(); err != nil {
			return err
		}
		return opt.Step()
	}
	replay := must(dev.Record(step))
	defer replay.Close()
	for i := range 200 {
		a := float32(i%5) / 2
		check(tensor.Set(x, []float32{a, -a}))
		check(tensor.Set(y, []float32{3*a + 1, -3*a + 1})) // 3x + 1
		check(tensor.Fill(total, 0))
		check(replay.Run())
	}
	fmt.Println("the last loss is below 0.0001:", must(total.Float32s())[0] < 1e-4)
	// Output: the last loss is below 0.0001: true
}
