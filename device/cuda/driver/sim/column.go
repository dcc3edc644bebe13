package sim

import "math"

// A column is one register of a warp: 32 lanes, each zero-extended from the
// register's own width. Constants and special registers are columns too, so
// that every source of every instruction is one.
type column [32]uint64

// An alu computes all lanes of d. Lanes that do not take part hold anything:
// the caller keeps their results out.
type alu func(d, a, b, c *column)

// A comparison yields a bit for each lane.
type comparison func(a, b *column) uint32

const allLanes = ^uint32(0)

func f32(v uint64) float32      { return math.Float32frombits(uint32(v)) }
func f64(v uint64) float64      { return math.Float64frombits(v) }
func bits32(f float32) uint64   { return uint64(math.Float32bits(f)) }
func bits64(f float64) uint64   { return math.Float64bits(f) }
func bf16(v uint64) float32     { return math.Float32frombits(uint32(v) << 16) }
func bf16High(v uint64) float32 { return math.Float32frombits(uint32(v) &^ 0xffff) }

func bit(b bool) uint32 {
	if b {
		return 1
	}
	return 0
}

func fill(c *column, v uint64) {
	for l := range c {
		c[l] = v
	}
}
