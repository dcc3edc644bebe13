package train

import (
	"example.org/chainrule/backward"
	"example.org/chainrule/data"
	"example.org/chainrule/device"
	"example.org/chainrule/tensor"
)

// A stepper takes training steps. The first one of the full batch size runs
// eagerly; the second is recorded, and it and later ones are played: no tape, no
// allocation. Other sizes (the last batch) run eagerly.
type stepper struct {
	*Options
	dev            device.Device
	images, labels *tensor.Tensor // a full batch, where the recording reads it
	random         *tensor.Stream
	sums           *sums
	replay         device.Replay // of a full batch; nil until recorded
	warm           bool          // a full batch was seen
	overwrote      bool          // what the parameters' gradients were set to before
	steps          int           // taken so far
}

func newStepper(o *Options) (*stepper, error) {
	ps := o.Model.Params
	s := &stepper{Options: o, dev: ps.Device(), overwrote: ps.OverwriteGrads(true)} // a step is one Backward
	if err := s.alloc(); err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

func (s *stepper) alloc() (err error) {
	if s.Precision == device.BFloat16 {
		if err = s.Model.Params.KeepBFloat16(); err != nil {
			return err
		}
	}
	if s.images, err = tensor.New(s.dev, device.Uint8, s.Batch, s.Model.Height, s.Model.Width, s.Model.Channels); err != nil {
		return err
	}
	if s.labels, err = tensor.New(s.dev, device.Int32, s.Batch); err != nil {
		return err
	}
	if s.random, err = tensor.NewStream(s.dev, s.Seed); err != nil {
		return err
	}
	s.sums, err = newSums(s.dev)
	return err
}

// close frees what alloc and step have made, all of it or the part there is.
func (s *stepper) close() {
	if s.replay != nil {
		s.replay.Close()
	}
	if s.random != nil {
		s.random.Free()
	}
	if s.sums != nil {
		s.sums.free()
	}
	s.images.Free()
	s.labels.Free()
	s.Model.Params.OverwriteGrads(s.overwrote)
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
		if s.replay, err = s.dev.Record(s.full); err != nil {
			return err
		}
	}
	return s.replay.Run()
}

// partial is a step on a batch of another size.
func (s *stepper) partial(b data.Batch) error {
	return s.eager(func(t *backward.Tape) (images, labels *backward.Var) {
		return backward.From(t, b.Images, b.Len(), s.Model.Height, s.Model.Width, s.Model.Channels), backward.From(t, b.Labels)
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
	tape := backward.NewTape(s.dev, backward.Mode{Training: true, Precision: s.Precision, Random: s.random})
	defer tape.Close()
	images, labels := input(tape)
	loss := s.sums.add(s.Model.Forward(images.Pixels()), labels, images.Dim(0))
	if err := loss.Backward(); err != nil {
		return err
	}
	return s.Optimizer.Step()
}
