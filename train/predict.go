package train

import (
	"example.org/chainrule/backward"
	"example.org/chainrule/nn"
)

// Predict returns the probability of each class for one image, [Height, Width,
// Channels] bytes as the model was trained on. Several goroutines may call it.
func Predict(model *nn.Classifier, image []byte) ([]float32, error) {
	tape := backward.NewTape(model.Params.Device(), backward.Mode{NoGrad: true})
	defer tape.Close()
	x := backward.From(tape, image, 1, model.Height, model.Width, model.Channels)
	return model.Forward(x.Pixels()).Softmax(-1).Float32s()
}
