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
