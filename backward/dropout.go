package backward

import (
	"errors"
	"fmt"

	"example.org/chainrule/device"
	"example.org/chainrule/tensor"
)

var errNoRandom = errors.New("backward: Dropout while training needs Mode.Random")

// Dropout returns x, of any shape, with each element set to zero with probability
// p and the others scaled by 1/(1-p) while training; else x itself. p is 0 or more
// and less than 1. Which ones go is decided by Mode.Random, without which it fails,
// alike on every device. Srivastava 2014.
//
//	dx = dy where x was kept, times 1/(1-p)
func (x *Var) Dropout(p float32) *Var {
	t := x.tape
	if !(p >= 0 && p < 1) { // so that NaN is refused
		return x.unfit("Dropout", fmt.Sprintf("probability %v: want 0 or more, less than 1", p))
	}
	if !t.mode.Training || p == 0 {
		return x
	}
	s := device.Dropout{P: p, Site: t.sites}
	t.sites++
	return record(Op{"Dropout", s},
		func(*Frame) (*tensor.Tensor, error) {
			if err := t.draw(); err != nil {
				return nil, err
			}
			return tensor.Dropout(x.value, t.cell, s)
		},
		func(_, dy *tensor.Tensor) error { return tensor.DropoutInto(x.grad(), dy, t.cell, s) }, x)
}

// draw gives the tape a pass of its stream at its first random call.
func (t *Tape) draw() error {
	if t.mode.Random == nil {
		return errNoRandom
	}
	if t.cell != nil {
		return nil
	}
	var err error
	if t.cell, err = tensor.NewCell(t.dev); err != nil {
		return err
	}
	return t.mode.Random.NextPass(t.cell)
}
