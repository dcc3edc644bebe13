package optim_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/chainrule/optim"
	"example.org/chainrule/tensor"
)

// TestOverwrittenGradients takes the same steps with gradients that add up and with
// ones that Backward overwrites, eagerly, past a step that is refused, and replayed.
func TestOverwrittenGradients(t *testing.T) {
	dev := open(t)
	adding, overwriting := newClassifier(t, dev), newClassifier(t, dev)
	overwriting.ps.OverwriteGrads(true)
	var replays []func() error
	for _, c := range []*classifier{adding, overwriting} {
		for range 3 {
			require.NoError(t, c.step())
		}
		c.spoil()
		require.Error(t, c.step(), "a batch that is left out")
		c.mend()
		require.NoError(t, c.step())
		replay, err := dev.Record(c.step)
		require.NoError(t, err)
		defer replay.Close()
		replays = append(replays, replay.Run)
	}
	require.Equal(t, adding.values(), overwriting.values())
	for range 3 {
		for _, run := range replays {
			require.NoError(t, run())
		}
	}
	require.Equal(t, adding.values(), overwriting.values())
	require.NoError(t, overwriting.step(), "between replays")
	require.NoError(t, adding.step())
	require.Equal(t, adding.values(), overwriting.values())
	require.Equal(t, status(t, adding.opt), status(t, overwriting.opt))
	n := adding.ps.Grads().Len()
	require.Equal(t, make([]float32, n), floats(t, adding.ps.Grads()), "zeroed")
	require.NotEqual(t, make([]float32, n), floats(t, overwriting.ps.Grads()), "left")
}

// TestOverwrittenGradientsStopAStep: gradients that are not finite are gone with the
// next Backward, and steps go on once Resume says so.
func TestOverwrittenGradientsStopAStep(t *testing.T) {
	c := newClassifier(t, open(t))
	c.ps.OverwriteGrads(true)
	require.NoError(t, c.step())
	before := c.values()
	images := floats(t, c.images)
	require.NoError(t, tensor.Fill(c.images, float32(math.NaN())))
	require.NoError(t, c.step(), "nothing waits for the device")
	require.Equal(t, before, c.values())
	require.NoError(t, tensor.Set(c.images, images))
	require.NoError(t, c.opt.Resume())
	require.NoError(t, c.step())
	require.NotEqual(t, before, c.values())
	s := status(t, c.opt)
	s.Norm = 0
	require.Equal(t, optim.Status{Steps: 3, Applied: 2}, s)
}
