package train

import (
	"math"

	"example.org/chainrule/backward"
	"example.org/chainrule/data"
	"example.org/chainrule/device"
	"example.org/chainrule/tensor"
)

var nan = math.NaN()

// A stepper takes training steps. The first one of the full batch size runs
// eagerly; the second is recorded, and later ones are played: no tape, no
// allocation. Other sizes (the last batch) run eagerly.
type stepper struct {
	*Options
	images, labels *tensor.Tensor // a full batch, where the recording reads it
	random         *tensor.Stream
	sums           *sums
	replay         device.Replay
	steps          int
	warm           bool // a full batch was seen
}

func newStepper(o *Options) (*stepper, error) {
	s := &stepper{Options: o}
	m := o.Model
	var err error
	for _, open := range []func() error{
		func() error { s.sums, err = newSums(o.Device); return err },
		func() error { s.random, err = tensor.NewStream(o.Device, o.Seed); return err },
		func() error {
			s.images, err = tensor.New(o.Device, device.Uint8, o.Batch, m.Height, m.Width, m.Channels)
			return err
		},
		func() error { s.labels, err = tensor.New(o.Device, device.Int32, o.Batch); return err },
	} {
		if err := open(); err != nil {
			s.close()
			return nil, err
		}
	}
	return s, nil
}

func (s *stepper) close() {
	if s.replay != nil {
		s.replay.Close()
	}
	if s.random != nil {
		s.random.Free()
	}
	s.sums.free()
	s.images.Free()
	s.labels.Free()
}

// step trains on one batch.
func (s *stepper) step(b data.Batch) error {
	if s.Schedule != nil {
		if err := s.Optimizer.SetRate(s.Schedule(s.steps)); err != nil {
			return err
		}
	}
	s.steps++
	if b.Len() != s.Batch {
		return s.partial(b)
	}
	if err := tensor.Set(s.images, b.Images); err != nil {
		return err
	}
	if err := tensor.Set(s.labels, b.Labels); err != nil {
		return err
	}
	if !s.warm {
		s.warm = true
		return s.full()
	}
	if s.replay == nil {
		var err error
		s.replay, err = s.Device.Record(s.full)
		if err != nil {
			return err
		}
	}
	return s.replay.Run()
}

// partial is a step on a batch of another size.
func (s *stepper) partial(b data.Batch) error {
	m := s.Model
	return s.eager(func(t *backward.Tape) (images, labels *backward.Var) {
		return backward.From(t, b.Images, b.Len(), m.Height, m.Width, m.Channels), backward.From(t, b.Labels)
	})
}

// full is a step on the batch in s.images and s.labels.
func (s *stepper) full() error {
	return s.eager(func(t *backward.Tape) (images, labels *backward.Var) {
		return t.Input(s.images), t.Input(s.labels)
	})
}

// eager is one whole step: forward, loss, backward, update.
func (s *stepper) eager(input func(t *backward.Tape) (images, labels *backward.Var)) error {
	tape := backward.NewTape(s.Device, backward.Mode{Training: true, Random: s.random})
	defer tape.Close()
	images, labels := input(tape)
	loss := s.sums.add(s.Model.Forward(images.Pixels()), labels, images.Dim(0))
	if err := loss.Backward(); err != nil {
		return err
	}
	return s.Optimizer.Step()
}

// read waits for the device and returns the mean loss of the epoch's images so
// far, or the error that stopped training.
func (s *stepper) read(epoch, images int) (float64, error) {
	if err := s.diverged(epoch); err != nil {
		return 0, err
	}
	loss, _, err := s.sums.read()
	return loss / float64(images), err
}

// diverged is a *DivergedError once a step was refused.
func (s *stepper) diverged(epoch int) error {
	status, err := s.Optimizer.Status()
	if err == nil && status.Stopped > 0 {
		err = &DivergedError{Step: status.Stopped, Epoch: epoch}
	}
	return err
}

func (s *stepper) reset() error { return s.sums.reset() }

// sums are the loss and the hits over many images, added up on the device.
type sums struct{ loss, hits *tensor.Tensor }

func newSums(dev device.Device) (*sums, error) {
	var s sums
	var err error
	if s.loss, err = tensor.Scalar(dev, 0); err == nil {
		s.hits, err = tensor.Scalar(dev, 0)
	}
	return &s, err
}

func (s *sums) free() {
	if s != nil {
		s.loss.Free()
		s.hits.Free()
	}
}

// add counts n images and returns their mean loss.
func (s *sums) add(logits, labels *backward.Var, n int) *backward.Var {
	loss := logits.CrossEntropy(labels, backward.CrossEntropyOptions{})
	loss.AddTo(s.loss, float32(n))
	logits.AddHits(s.hits, labels)
	return loss
}

func (s *sums) read() (loss, hits float64, err error) {
	l, err := s.loss.Float32s()
	if err != nil {
		return 0, 0, err
	}
	h, err := s.hits.Float32s()
	if err != nil {
		return 0, 0, err
	}
	return float64(l[0]), float64(h[0]), nil
}

func (s *sums) reset() error {
	if err := tensor.Fill(s.loss, 0); err != nil {
		return err
	}
	return tensor.Fill(s.hits, 0)
}
