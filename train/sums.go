package train

import (
	"example.org/chainrule/backward"
	"example.org/chainrule/device"
	"example.org/chainrule/tensor"
)

// sums are the loss and the hits over many images, added up on the device.
type sums struct{ loss, hits *tensor.Tensor }

func newSums(dev device.Device) (*sums, error) {
	loss, err := tensor.Scalar(dev, 0)
	if err != nil {
		return nil, err
	}
	hits, err := tensor.Scalar(dev, 0)
	if err != nil {
		loss.Free()
		return nil, err
	}
	return &sums{loss, hits}, nil
}

func (s *sums) free() {
	s.loss.Free()
	s.hits.Free()
}

// add counts n images and returns their mean loss.
func (s *sums) add(logits, labels *backward.Var, n int) *backward.Var {
	loss := logits.CrossEntropy(labels, backward.CrossEntropyOptions{})
	loss.AddTo(s.loss, float32(n))
	logits.AddHits(s.hits, labels)
	return loss
}

// read waits for the device and returns the sums.
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
