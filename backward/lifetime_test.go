package backward_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/chainrule/backward"
	"example.org/chainrule/tensor"
)

// TestClosedTape uses a tape after Close: errors, and nothing leaks.
func TestClosedTape(t *testing.T) {
	dev := open(t)
	ps, _ := model(t, dev)
	x := from(t, dev, []float32{1, 2}, 2)
	for name, place := range map[string]func(tape *backward.Tape) *backward.Var{
		"Param": func(tape *backward.Tape) *backward.Var { return tape.Param(ps.Lookup("fc1.bias")) },
		"Input": func(tape *backward.Tape) *backward.Var { return tape.Input(x) },
		"Watch": func(tape *backward.Tape) *backward.Var { return tape.Watch(x) },
		"From":  func(tape *backward.Tape) *backward.Var { return backward.From(tape, []float32{1}) },
	} {
		tape := backward.NewTape(dev, backward.Mode{})
		tape.Close()
		v := place(tape)
		_, err := v.Value()
		require.ErrorContains(t, err, "the tape is closed", name)
		require.ErrorContains(t, v.Sum().Backward(), "the tape is closed", name)
	}
}

// TestScopeKeepsWhatADerivativeReads returns a detached value from a scope whose
// other values are differentiated later.
func TestScopeKeepsWhatADerivativeReads(t *testing.T) {
	dev := open(t)
	tape := backward.NewTape(dev, backward.Mode{})
	defer tape.Close()
	x := tape.Watch(from(t, dev, []float32{1, 2}, 2))
	var loss *backward.Var
	teacher := tape.Scope(func() *backward.Var {
		h := x.Square()
		loss = h.Square().Sum().Keep()
		return h.Detach()
	})
	require.NoError(t, loss.Backward())
	g, err := x.Grad()
	require.NoError(t, err)
	require.Equal(t, []float32{4, 32}, floats(t, g))
	require.Equal(t, 2, teacher.Dim(0))
}

// TestSumsOfFreedValues counts hits and losses of values that Backward has freed.
func TestSumsOfFreedValues(t *testing.T) {
	dev := open(t)
	total := from(t, dev, []float32{0}, 1)
	for name, add := range map[string]func(freed, labels *backward.Var){
		"AddTo":   func(freed, _ *backward.Var) { freed.AddTo(total, 1) },
		"AddHits": func(freed, labels *backward.Var) { freed.AddHits(total, labels) },
	} {
		tape := backward.NewTape(dev, backward.Mode{})
		logits := tape.Watch(from(t, dev, []float32{1, 2}, 1, 2)).Times(2)
		labels := backward.From(tape, []int32{1})
		require.NoError(t, logits.CrossEntropy(labels, backward.CrossEntropyOptions{}).Backward())
		add(logits, labels)
		require.ErrorContains(t, tape.Err(), name+" of the result of Affine: backward: the value was freed")
		tape.Close()
	}
}

// TestAddToOfAnotherShape names the operation that was called.
func TestAddToOfAnotherShape(t *testing.T) {
	dev := open(t)
	tape := backward.NewTape(dev, backward.Mode{})
	defer tape.Close()
	tape.Input(from(t, dev, []float32{1, 2}, 2)).Sum().AddTo(from(t, dev, []float32{0}, 1), 1)
	require.ErrorContains(t, tape.Err(), "AddTo: [] and [1] do not fit")
}

// TestDropoutThatFails leaks nothing: open says so.
func TestDropoutThatFails(t *testing.T) {
	dev := open(t)
	stream, err := tensor.NewStream(dev, 1)
	require.NoError(t, err)
	defer stream.Free()
	tape := backward.NewTape(dev, backward.Mode{Training: true, Random: stream})
	defer tape.Close()
	x := tape.Watch(from(t, dev, []float32{1, 2}, 2))
	require.ErrorContains(t, x.Dropout(1).Sum().Backward(), "probability 1: want 0 or more, less than 1")
}
