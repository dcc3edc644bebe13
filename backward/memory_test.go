package backward_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/chainrule/backward"
	"example.org/chainrule/cpu"
	"example.org/chainrule/device"
	"example.org/chainrule/tensor"
)

// TestMemoryRunsOutAnywhere lets a step fail at every place where memory can run
// out, kernels' workspaces among them: each time it is an error, nothing leaks, and
// nothing stays latched for the next step to meet.
func TestMemoryRunsOutAnywhere(t *testing.T) {
	for limit := int64(10_000); ; limit += 256 {
		dev, err := cpu.New(cpu.Options{MemoryLimit: limit, Threads: 1})
		require.NoError(t, err)
		ps := backward.NewParams()
		w := ps.Param("conv.weight", backward.Plain(8, 3, 3, 2), uniform)
		require.NoError(t, ps.Open(dev, 1))
		live := dev.Stats().Live

		tape := backward.NewTape(dev, backward.Mode{Training: true})
		x := backward.From(tape, make([]float32, 2*6*6*2), 2, 6, 6, 2)
		c := tensor.Conv{Padding: [4]int{1, 1, 1, 1}, Act: device.Unary{Func: device.GELU}}
		err = x.Conv2D(tape.Weight(w), nil, c).MaxPool(tensor.Window{Kernel: [2]int{2, 2}}).Square().Mean().Backward()
		tape.Close()
		require.Equal(t, live, dev.Stats().Live, "with %d bytes", limit)
		require.NoError(t, dev.Err(), "with %d bytes", limit)
		ps.Close()
		require.NoError(t, dev.Close())
		if err == nil {
			return
		}
		noMemory := new(device.MemoryError)
		require.ErrorAs(t, err, &noMemory)
		require.NotEmpty(t, noMemory.Holders)
	}
}
