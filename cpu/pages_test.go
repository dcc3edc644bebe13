package cpu

import (
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"
)

// TestHeap takes blocks smaller and larger than a region: they are aligned, of
// their size, and apart.
func TestHeap(t *testing.T) {
	var h heap
	defer h.close()
	sizes := []int64{256, 3 << 20, 40 << 20, 512, 31 << 20, 256}
	blocks := make([][]byte, len(sizes))
	for i, size := range sizes {
		blocks[i] = h.take(size)
		require.Len(t, blocks[i], int(size))
		require.Equal(t, len(blocks[i]), cap(blocks[i]))
		require.Zero(t, uintptr(unsafe.Pointer(unsafe.SliceData(blocks[i])))%blockAlign)
		blocks[i][0], blocks[i][size-1] = byte(i+1), byte(i+1)
	}
	for i, b := range blocks {
		require.EqualValues(t, i+1, b[0])
		require.EqualValues(t, i+1, b[len(b)-1])
	}
	require.Len(t, h.regions, 3, "small blocks share a region")
}

// TestHeapJoinsWhatIsFree gives blocks back in an order that joins them on the
// left, on the right and on both sides; the last one takes the region along.
func TestHeapJoinsWhatIsFree(t *testing.T) {
	var h heap
	defer h.close()
	const size = regionSize / 4
	var blocks [4][]byte
	for i := range blocks {
		blocks[i] = h.take(size)
	}
	require.Empty(t, h.regions[0].free)
	h.give(blocks[0])
	h.give(blocks[3])
	require.Equal(t, []gap{{0, size}, {3 * size, 4 * size}}, h.regions[0].free)
	h.give(blocks[1])
	require.Equal(t, []gap{{0, 2 * size}, {3 * size, 4 * size}}, h.regions[0].free)
	blocks[0] = h.take(2 * size)
	require.Len(t, h.regions, 1, "joined, they are one gap")
	h.give(blocks[2])
	h.give(blocks[0])
	require.Empty(t, h.regions)
}

// TestHeapKeepsEveryRest fills a region from the rests of two.
func TestHeapKeepsEveryRest(t *testing.T) {
	var h heap
	defer h.close()
	h.take(20 << 20) // leaves 12 MiB
	h.take(14 << 20) // leaves 18 MiB of another
	h.take(16 << 20)
	h.take(12 << 20)
	require.Len(t, h.regions, 2)
}

// TestRegionWhereMemoryIsShort asks a system that has a little left: a region is then
// as large as it must be, and none is where not even that is had.
func TestRegionWhereMemoryIsShort(t *testing.T) {
	var asked []int
	system := func(size int) (region, bool) {
		asked = append(asked, size)
		if size > 5<<20 {
			return region{}, false
		}
		return region{mem: make([]byte, size)}, true
	}
	r, ok := regionFor(3<<20, system)
	require.True(t, ok)
	require.Equal(t, []gap{{0, 4 << 20}}, r.free)
	_, ok = regionFor(6<<20, system)
	require.False(t, ok)
	_, ok = regionFor(40<<20, system)
	require.False(t, ok)
	require.Equal(t, []int{regionSize, 4 << 20, regionSize, 6 << 20, 40 << 20}, asked)
}
