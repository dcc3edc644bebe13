package cuda

import (
	"testing"

	"example.org/chainrule/device"

	"github.com/stretchr/testify/require"
)

// axesOf makes axes of {extent, stride, stride}, innermost first.
func axesOf(all ...[3]int) (s axes) {
	for k, a := range all {
		s.rank, s.extent[k], s.strides[0][k], s.strides[1][k] = k+1, a[0], a[1], a[2]
	}
	return s
}

func TestBroadcastMergesAxes(t *testing.T) {
	repeat := func(axes ...int) (r [device.MaxDims]bool) {
		for _, k := range axes {
			r[k] = true
		}
		return r
	}
	for _, c := range []struct {
		name    string
		spec    device.Binary
		want    axes
		quads   bool
		repeats [2]bool
	}{
		{"equal", device.Binary{Dims: device.Dims{1, 1, 1, 5, 1, 7}}, axesOf([3]int{35, 1, 1}), true, [2]bool{}},
		{"one element", device.Binary{Dims: device.Dims{1, 1, 1, 1, 1, 1}}, axes{}, true, [2]bool{}},
		{"a scalar", device.Binary{Dims: device.Dims{1, 1, 1, 1, 5, 7}, RepeatB: repeat(4, 5)}, axesOf([3]int{35, 1, 0}), true, [2]bool{false, true}},
		{"a bias", device.Binary{Dims: device.Dims{1, 1, 2, 3, 5, 7}, RepeatB: repeat(2, 3, 4)}, axesOf([3]int{7, 1, 1}, [3]int{30, 7, 0}), false, [2]bool{false, true}},
		{"a column", device.Binary{Dims: device.Dims{1, 1, 1, 1, 5, 8}, RepeatA: repeat(5)}, axesOf([3]int{8, 0, 1}, [3]int{5, 1, 8}), true, [2]bool{true, false}},
		{"extent 1 repeats nothing", device.Binary{Dims: device.Dims{1, 1, 1, 1, 1, 8}, RepeatA: repeat(0, 4)}, axesOf([3]int{8, 1, 1}), true, [2]bool{}},
	} {
		b := broadcast(c.spec)
		require.Equal(t, c.want, b, c.name)
		require.Equal(t, c.quads, b.inQuads(), c.name)
		require.Equal(t, c.repeats, [2]bool{b.repeats(0), b.repeats(1)}, c.name)
	}
}

func TestBroadcastSplits(t *testing.T) {
	b := broadcast(device.Binary{
		Dims: device.Dims{1, 1, 2, 3, 4, 5}, RepeatB: [device.MaxDims]bool{2: true, 4: true},
	})
	kept, repeated := b.split(1)
	require.Equal(t, axesOf([3]int{5, 1, 1}, [3]int{3, 20, 20}), kept)
	require.Equal(t, axesOf([3]int{4, 5, 5}, [3]int{2, 60, 60}), repeated)
	require.Equal(t, [2]int{15, 8}, [2]int{kept.len(), repeated.len()})
}

// TestSumCutCoversEveryTerm asks that the parts hold all terms, and none of them
// nothing.
func TestSumCutCoversEveryTerm(t *testing.T) {
	for _, count := range []int{1, 3, 64, 100_000} {
		for _, terms := range []int{1, 15, 17, 1000, 1 << 20} {
			for _, together := range []bool{false, true} {
				c := cutSums(count, terms, together)
				require.GreaterOrEqual(t, c.parts*c.length, terms, "%+v", c)
				require.Less(t, (c.parts-1)*c.length, terms, "%+v", c)
			}
		}
	}
	require.Equal(t, 1, cutSums(3, 0, true).parts, "an empty sum is written too")
}

func TestPermutedMergesAxes(t *testing.T) {
	for _, c := range []struct {
		name string
		spec device.Permute
		want axes
	}{
		{"nothing moves", device.Permute{Dims: device.Dims{1, 1, 2, 3, 4, 5}, Axes: [6]int{0, 1, 2, 3, 4, 5}}, axesOf([3]int{120, 1, 1})},
		{"one element", device.Permute{Dims: device.Dims{1, 1, 1, 1, 1, 1}, Axes: [6]int{5, 4, 3, 2, 1, 0}}, axes{}},
		{"NCHW to NHWC", device.Permute{Dims: device.Dims{1, 1, 2, 3, 4, 5}, Axes: [6]int{0, 1, 2, 4, 5, 3}}, axesOf([3]int{3, 20, 1}, [3]int{20, 1, 3}, [3]int{2, 60, 60})},
		{"extent 1 is in nobody's way", device.Permute{Dims: device.Dims{1, 1, 1, 3, 1, 5}, Axes: [6]int{4, 0, 3, 1, 5, 2}}, axesOf([3]int{15, 1, 1})},
	} {
		require.Equal(t, c.want, permuted(c.spec), c.name)
	}
}

func TestPermutePlane(t *testing.T) {
	m := permuted(device.Permute{Dims: device.Dims{1, 1, 2, 33, 4, 10}, Axes: [6]int{0, 1, 2, 4, 5, 3}})
	p, outer := m.plane()
	require.Equal(t, permutePlane{width: 40, height: 33, xStride: 40, yStride: 33, across: 2, down: 2}, p)
	require.Equal(t, axesOf([3]int{2, 1320, 1320}), outer)
}
