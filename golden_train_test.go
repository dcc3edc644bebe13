package chainrule_test

import (
	"encoding/json"
	"strconv"

	"example.org/chainrule/backward"
	"example.org/chainrule/device"
	"example.org/chainrule/nn"
	"example.org/chainrule/optim"
	"example.org/chainrule/tensor"

	"github.com/stretchr/testify/require"
)

// trainCNN takes the case's steps of training on each backend (the Reference
// would take a minute over the derivatives of batch normalisation): once with a
// tape for each, once recorded and replayed, and so in BFloat16.
func trainCNN(c *golden, open opener) {
	for _, b := range backends {
		trainOn(c, b, open, false)
		trainOn(c, b, open, true)
		trainInBFloat16(c, b, open)
	}
}

// trainOn takes the steps on b. Losses and final weights must agree.
func trainOn(c *golden, b backend, open opener, recorded bool) {
	dev := b.open(c)
	s := newTraining(c, dev, open, device.Float32)
	where := b.name + ", recorded " + strconv.FormatBool(recorded)
	c.compare(where, "losses", s.losses(recorded), c.read(c.Outputs, "losses"), c.trainingBound("losses"))
	for role := range c.Final {
		p := s.params.Lookup(role[len("final."):])
		require.NotNil(c, p, role)
		c.compare(where, role, stored(c, p), c.read(c.Final, role), c.trainingBound(role))
	}
	s.close()
	closeDevice(c, dev)
}

// trainInBFloat16 holds activations in BFloat16. The losses must stay within the
// bound of that type, whose terms are the losses themselves; of weights, which
// add up roundings over the steps, no bound is known.
func trainInBFloat16(c *golden, b backend, open opener) {
	dev := b.open(c)
	s := newTraining(c, dev, open, device.BFloat16)
	want := c.read(c.Outputs, "losses")
	c.compare(b.name+" bfloat16", "losses", s.losses(true), want, bfloat16Bound(want.largest()))
	s.close()
	closeDevice(c, dev)
}

// A training is a model, its optimizer and the batch that a step reads.
type training struct {
	*golden
	dev            device.Device
	precision      device.DType
	net            nn.Layer
	params         *backward.Params
	opt            optim.Optimizer
	images, labels *tensor.Tensor
	loss           *tensor.Tensor
	replay         device.Replay
}

func newTraining(c *golden, dev device.Device, open opener, precision device.DType) *training {
	s := &training{golden: c, dev: dev, precision: precision, params: backward.NewParams()}
	s.net = newCNN(c, s.params)
	require.NoError(c, s.params.Open(dev, 1))
	s.load()
	if precision == device.BFloat16 {
		require.NoError(c, s.params.KeepBFloat16())
	}
	optimizer := *c
	optimizer.Attrs = attr[map[string]json.RawMessage](c, "optimizer")
	var err error
	s.opt, err = open(&optimizer, s.params)
	require.NoError(c, err)
	image, batch := attr[[3]int](c, "image"), attr[int](c, "batch")
	s.images, err = tensor.New(dev, device.Float32, batch, image[1], image[2], image[0])
	require.NoError(c, err)
	s.labels, err = tensor.New(dev, device.Int32, batch)
	require.NoError(c, err)
	s.loss, err = tensor.Scalar(dev, 0)
	require.NoError(c, err)
	return s
}

func (s *training) close() {
	if s.replay != nil {
		s.replay.Close()
	}
	s.loss.Free()
	s.labels.Free()
	s.images.Free()
	s.opt.Close()
	s.params.Close()
}

// newCNN is twice convolution, batch normalisation where the case has it, ReLU
// and pooling; then two linear layers.
func newCNN(c *golden, ps *backward.Params) nn.Layer {
	var net nn.Sequential
	image, padding, hidden := attr[[3]int](c, "image"), attr[int](c, "padding"), attr[int](c, "hidden")
	in, extent := image[0], [2]int{image[1], image[2]}
	for i, out := range attr[[]int](c, "channels") {
		conv, bn := "conv"+strconv.Itoa(i+1), "bn"+strconv.Itoa(i+1)
		o := nn.Conv2DOptions{In: in, Out: out, Kernel: 3, Padding: padding, NoBias: !attr[bool](c, "conv_bias")}
		if c.Params[bn+".weight"] == "" {
			o.Act = nn.ReLU()
			net = append(net, nn.NewConv2D(ps.Sub(conv), o))
		} else {
			net = append(net, nn.NewConv2D(ps.Sub(conv), o), nn.NewBatchNorm(ps.Sub(bn), nn.BatchNormOptions{
				Channels: out, Epsilon: attr[float32](c, "bn_eps"), Momentum: attr[float32](c, "bn_momentum"), Act: nn.ReLU(),
			}))
		}
		net, in = append(net, nn.MaxPool(2)), out
		for j := range extent {
			extent[j] = (extent[j] + 2*padding - 2) / 2
		}
	}
	return append(net, nn.Flatten(),
		nn.NewLinear(ps.Sub("fc1"), nn.LinearOptions{In: in * extent[0] * extent[1], Out: hidden, Act: nn.ReLU(), Image: extent}),
		nn.NewLinear(ps.Sub("fc2"), nn.LinearOptions{In: hidden, Out: attr[int](c, "classes")}))
}

// load sets the weights and running statistics, all in PyTorch's layouts.
func (s *training) load() {
	values := map[*backward.Param][]float32{}
	for p := range s.params.All() {
		from := s.Params
		if p.IsState() {
			from = s.Buffers
		}
		w := s.read(from, p.Name())
		require.Equal(s, p.StoredShape(), w.shape, p.Name())
		values[p] = narrow(w.values)
	}
	require.Len(s, values, len(s.Params)+len(s.Buffers))
	require.NoError(s, s.params.SetStored(values))
}

// losses are those of the case's steps.
func (s *training) losses(recorded bool) array {
	losses := array{shape: []int{attr[int](s.golden, "steps")}}
	for step := range losses.shape[0] {
		losses.values = append(losses.values, s.step(step, recorded))
	}
	return losses
}

// step trains on the batch of a step and returns the loss before the update.
func (s *training) step(step int, recorded bool) float64 {
	s.setBatch(step % attr[int](s, "batches"))
	require.NoError(s, tensor.Fill(s.loss, 0))
	switch {
	case !recorded || step == 0: // the first step allocates what later ones use again
		require.NoError(s, s.eager())
	case s.replay == nil:
		var err error
		s.replay, err = s.dev.Record(s.eager)
		require.NoError(s, err)
		fallthrough
	default:
		require.NoError(s, s.replay.Run())
	}
	return download(s.golden, s.loss).values[0]
}

// setBatch copies a batch to where the step reads it, channels last.
func (s *training) setBatch(batch int) {
	x := upload(s.golden, s.dev, s.read(s.Inputs, "x").slice(batch), device.Float32)
	defer x.Free()
	require.NoError(s, tensor.PermuteInto(tensor.To(s.images), x, 0, 2, 3, 1))
	target := upload(s.golden, s.dev, s.read(s.Ints, "target").slice(batch), device.Int32)
	defer target.Free()
	require.NoError(s, tensor.PermuteInto(tensor.To(s.labels), target, 0))
}

func (s *training) eager() error {
	tape := backward.NewTape(s.dev, backward.Mode{Training: true, Precision: s.precision})
	defer tape.Close()
	loss := s.net.Forward(tape.Input(s.images)).CrossEntropy(tape.Input(s.labels), backward.CrossEntropyOptions{})
	loss.AddTo(s.loss, 1)
	if err := loss.Backward(); err != nil {
		return err
	}
	return s.opt.Step()
}

func stored(c *golden, p *backward.Param) array {
	w, err := p.Stored()
	require.NoError(c, err)
	a := array{shape: p.StoredShape()}
	for _, x := range w {
		a.values = append(a.values, float64(x))
	}
	return a
}
