//go:build linux && !race

package cpu

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestHeapWithoutMemory asks for more than any machine maps.
func TestHeapWithoutMemory(t *testing.T) {
	var h heap
	require.Nil(t, h.take(1<<55))
	require.Empty(t, h.regions)
}
