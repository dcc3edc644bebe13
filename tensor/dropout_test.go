package tensor_test

import (
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/chainrule/device"
	"example.org/chainrule/tensor"
)

func newStream(k kit, seed uint64) *tensor.Stream {
	s, err := tensor.NewStream(k.dev, seed)
	require.NoError(k, err)
	k.Cleanup(s.Free)
	return s
}

func TestStream(t *testing.T) {
	k := open(t)
	s := newStream(k, 0xFFFFFFFE00000005)
	require.Equal(t, k.dev, s.Device())
	cell := k.made(tensor.NewCell(k.dev))
	require.NoError(t, s.NextPass(cell))
	k.holdsInts(cell, []int{4}, 5, -2, 0, 0)
	require.NoError(t, s.NextPass(cell))
	k.holdsInts(cell, []int{4}, 5, -2, 1, 0)
	state, err := s.State()
	require.NoError(t, err)
	require.Equal(t, []int32{5, -2, 2, 0}, state)

	require.NoError(t, s.Restore([]int32{1, 2, -1, 3}))
	require.NoError(t, s.NextPass(cell))
	k.holdsInts(cell, []int{4}, 1, 2, -1, 3)
	state, err = s.State()
	require.NoError(t, err)
	require.Equal(t, []int32{1, 2, 0, 4}, state, "the pass has 64 bits")

	k.fails(s.Restore([]int32{1}), "Set: [4] does not fit: int32 cannot take 1 values of int32")
	k.fails(s.NextPass(k.f32(ramp(4))), "NextPass: [4] and [4] do not fit: the cell is float32, want int32")
	k.fails(s.NextPass(k.i32([]int32{1})), "NextPass: [4] and [1] do not fit: the cell is [1], want [4]")
}

func TestDropout(t *testing.T) {
	k := open(t)
	s, cell := newStream(k, 1), k.made(tensor.NewCell(k.dev))
	require.NoError(t, s.NextPass(cell))
	x, y := k.f32(ones(64)), k.empty(device.Float32, 64)
	draw := func(d device.Dropout) []float32 {
		require.NoError(t, tensor.DropoutInto(tensor.To(y), x, cell, d))
		v, err := y.Float32s()
		require.NoError(t, err)
		return v
	}
	half := device.Dropout{P: 0.5}
	kept := draw(half)
	require.Contains(t, kept, float32(0))
	require.Contains(t, kept, float32(2))
	require.False(t, slices.ContainsFunc(kept, func(v float32) bool { return v != 0 && v != 2 }))
	require.Equal(t, kept, draw(half), "the same cell and site drop the same elements")
	require.NotEqual(t, kept, draw(device.Dropout{P: 0.5, Site: 1}))
	require.Equal(t, ones(64), draw(device.Dropout{}))
	require.NoError(t, s.NextPass(cell))
	require.NotEqual(t, kept, draw(half))
}

func TestDropoutErrors(t *testing.T) {
	k := open(t)
	x, cell := k.f32(ramp(2)), k.made(tensor.NewCell(k.dev))
	for p, name := range map[float32]string{1: "1", -0.5: "-0.5", float32(math.NaN()): "NaN"} {
		k.fails(tensor.DropoutInto(tensor.Dst{}, x, cell, device.Dropout{P: p}), "Dropout: [2] does not fit: probability "+name+": want 0 or more, less than 1")
	}
	k.fails(tensor.DropoutInto(tensor.Dst{}, x, x, device.Dropout{}), "Dropout: [2] does not fit: the cell is float32, want int32")
	k.fails(tensor.DropoutInto(tensor.Dst{}, cell, cell, device.Dropout{}), "Dropout: [4] does not fit: dtypes int32 and int32: want float32 or bfloat16, the same for all")
	k.fails(tensor.DropoutInto(tensor.To(k.rank0(1)), x, cell, device.Dropout{}), "Dropout: [2] and [] do not fit: the result is [2] on reference")
}
