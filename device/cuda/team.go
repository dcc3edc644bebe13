package cuda

import "math/bits"

// teams are the geometry of kernels in which a team of threads takes a row of
// [outer, n, inner], or a part of one, blockIdx.y; see kernels/team.cuh.
type teams struct {
	geometry
	parts int // of each row
	chunk int // elements of a part
}

const (
	teamThreads = 256  // of a block, whatever its teams
	warpRow     = 1024 // the longest row that a warp takes; a block takes those beyond
	maxParts    = 1 << 15
)

// teamsOf gives each of rows = outer * inner rows of n elements to one team. Where
// elements are neighbours a team is as many lanes as there are elements, a warp,
// or a block; where rows are, it has a thread for every four elements.
func teamsOf(rows, n, inner int) teams {
	x := min(powerOfTwo(n/widthOf(n)), 32)
	if n > warpRow {
		x = teamThreads
	}
	count := teamThreads / x // of a block
	if inner > 1 {
		y := min(teamThreads/min(powerOfTwo(rows), 32), powerOfTwo(ceilDiv(n, 4)))
		x = teamThreads / y
		count = x
	}
	g := geometry{grid: [3]int{ceilDiv(rows, count), 1, 1}, block: [3]int{x, teamThreads / x, 1}}
	return teams{g, 1, n}
}

// cut divides rows of n into parts, so that there are about so many blocks in
// all, but each thread keeps eight elements or more.
func (t teams) cut(n, inner, blocks int) teams {
	threads, step := t.block[0], t.block[0]*wide
	if inner > 1 {
		threads, step = t.block[1], t.block[1]
	}
	parts := min(n/(8*threads), ceilDiv(blocks, max(t.grid[0], 1)), maxParts)
	if parts <= 1 {
		return t
	}
	t.chunk = ceilDiv(ceilDiv(n, parts), step) * step
	t.parts = ceilDiv(n, t.chunk)
	t.grid[1] = t.parts
	return t
}

// How many blocks rows are cut for.
const (
	enoughBlocks = 1024 // fill any GPU
	manyBlocks   = 4096 // do so a few times over: for elementwise work, whose parts nobody adds
)

// powerOfTwo is the least one that is n or more.
func powerOfTwo(n int) int { return 1 << bits.Len(uint(max(n, 1)-1)) }

// wide is how many neighbours a thread takes in one access where rows have a
// multiple of them; see kernels/wide.cuh.
const wide = 4

// widthOf is how many neighbours of a row of n a thread takes at once.
func widthOf(n int) int {
	if n%wide == 0 {
		return wide
	}
	return 1
}
