//go:build linux && !race

package cpu

import (
	"testing"

	"example.org/chainrule/device"

	"github.com/stretchr/testify/require"
)

// TestHeapWithoutMemory asks for more than any machine maps.
func TestHeapWithoutMemory(t *testing.T) {
	var h heap
	require.Nil(t, h.take(1<<55))
	require.Empty(t, h.regions)
}

// TestCachedGoesBackWhereTheSystemRefuses asks for more than any machine maps:
// what is cached is given back before that is reported.
func TestCachedGoesBackWhereTheSystemRefuses(t *testing.T) {
	d := newDevice(t, 0, 1)
	b := newBed(t, d)
	x, y := b.data(device.Float32, 1000), b.alloc(device.Float32, 10<<20)
	want := b.download(x)
	b.Free(y)
	require.Nil(t, d.fresh(1<<55))
	require.Zero(t, b.Stats().Cached)
	require.Len(t, d.heap.regions, 1, "the live one stays")
	require.Equal(t, want, b.download(x))
	b.alloc(device.Float32, 10<<20)
}
