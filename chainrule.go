// Package chainrule is a tensor engine with backpropagation: it trains neural
// networks from Go.
//
// A complete training step:
//
//	dev, err := chainrule.Open("auto")                 // where to compute
//	model, err := nn.NewClassifier("lenet", nn.Input{Height: 28, Width: 28, Channels: 1}, 10)
//	err = model.Params.Open(dev, 1)                    // memory and first weights, seed 1
//	opt, err := optim.NewSGD(model.Params, 0.01, optim.SGD{Momentum: 0.9})
//
//	tape := backward.NewTape(dev, backward.Mode{Training: true})
//	defer tape.Close()
//	images := backward.From(tape, pixels, 64, 28, 28, 1) // []byte, NHWC
//	labels := backward.From(tape, digits)                // []int32
//	logits := model.Forward(images.Pixels())
//	loss := logits.CrossEntropy(labels, backward.CrossEntropyOptions{})
//	err = loss.Backward()                              // the chain rule
//	err = opt.Step()                                   // moves the weights
//
// Expressions chain without error checks: the first failure sticks to the tape,
// and Backward, Step and Item return it with your line.
//
// Faster steps: Record of package device writes a step down and Replay.Run plays it,
// without a tape or an allocation; see also backward.Params.OverwriteGrads,
// its KeepBFloat16 and NoNorm of optim.Options. The example Recorded
// shows it, and train.Fit does it itself, but for NoNorm.
//
// Packages, in reading order:
//
//   - backward: Tape, Var and the operations, each beside its derivative
//   - nn: layers, models, weights in PyTorch's names and layouts
//   - optim: SGD, Adam, AdamW, schedules, clipping
//   - tensor: shape on top of device memory; .npy, safetensors, images
//   - data: MNIST, folders of images, batches
//   - train: the loop behind the command
//   - device: the contract that every backend fulfils, a formula per method
//   - device/devicetest: the float64 specification and the conformance suite
//   - cpu: the backend in Go and Go assembly
//   - kernels, device/cuda: the backend for NVIDIA GPUs
//   - device/cuda/driver: the CUDA driver, real and simulated
package chainrule

// Version is the release of this module.
const Version = "0.1.0"
