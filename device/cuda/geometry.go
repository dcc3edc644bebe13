package cuda

import "example.org/chainrule/device"

// A geometry is how a kernel is spread over the device: a grid of blocks of
// threads. It is a pure function of specification, dtype and device model. A grid
// with no blocks launches nothing.
type geometry struct {
	grid, block [3]int // x, y, z
	shared      int    // bytes of dynamic shared memory
}

const (
	elementThreads   = 256  // of a block of an elementwise kernel
	elementsOfThread = 4    // what each of them computes where there is enough
	maxElementBlocks = 4096 // enough to fill any GPU a few times over; threads then take more, a grid apart
)

// elements spreads n elements over a grid that the kernel strides through, as
// each4 of kernels/column.cuh does.
func elements(n int) geometry {
	blocks := ceilDiv(n, elementThreads*elementsOfThread)
	return blocksOf(min(blocks, maxElementBlocks), elementThreads)
}

// blocksOf is n blocks of so many threads, in one dimension: a row each, a tile
// each.
func blocksOf(n, threads int) geometry {
	return geometry{grid: [3]int{n, 1, 1}, block: [3]int{threads, 1, 1}}
}

// empty says that there is nothing to launch.
func (g geometry) empty() bool { return g.grid[0] == 0 || g.grid[1] == 0 || g.grid[2] == 0 }

func ceilDiv(n, d int) int { return (n + d - 1) / d }

// column names the three pairs of dtypes that kernels are compiled for: "f32"
// and "bf16" for sources and destination alike, "bf16f32" for BFloat16 sources
// under a Float32 destination. Where y is not wanted it is as the source.
func column(y device.Dst, x device.Buffer) string {
	switch {
	case x.DType() == device.Float32:
		return "f32"
	case y.Wanted() && y.Buf.DType() == device.Float32:
		return "bf16f32"
	}
	return "bf16"
}
