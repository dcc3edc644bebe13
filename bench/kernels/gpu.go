package main

import (
	"time"

	"example.org/chainrule/device"
)

// A gpu is a model, by its maker's data sheet.
type gpu struct {
	name, arch    string
	bandwidth     float64 // bytes a second
	float, tensor float64 // floating-point operations a second: float32, and bfloat16 by tensor cores
	shared        int     // bytes of a multiprocessor for shared memory
}

var gpus = []gpu{
	{"A100", "sm_80", 1555e9, 19.5e12, 312e12, 164 << 10},
	{"H100", "sm_90", 3350e9, 67e12, 989e12, 228 << 10},
}

// least is the time that the roofline allows a call (Williams 2009): that of its
// bytes or that of its operations, whichever is longer.
func (g gpu) least(c device.Call) (least time.Duration, byMemory bool) {
	peak := g.float
	if c.Src[0].DType() == device.BFloat16 {
		peak = g.tensor
	}
	memory, arithmetic := float64(traffic(c))/g.bandwidth, float64(c.FLOPs)/peak
	return time.Duration(1e9 * max(memory, arithmetic)), memory >= arithmetic
}

// traffic is the bytes of every operand, once, and of those that are updated in
// place twice.
func traffic(c device.Call) int64 {
	n := c.Bytes
	if c.Op == "SGD" || c.Op == "Adam" {
		for _, d := range c.Dst {
			if d.Wanted() && d.Buf.DType() == device.Float32 { // a BFloat16 copy is only written
				n += int64(d.Buf.Len() * d.Buf.DType().Size())
			}
		}
	}
	return n
}

// What a multiprocessor of compute capability 8.0 or 9.0 holds at most.
const (
	maxWarps       = 64
	maxBlocks      = 32
	partitions     = 4       // each with a quarter of the registers, and warps of its own
	registers      = 1 << 14 // of a partition
	registerUnit   = 256     // a warp's registers are whole units
	sharedUnit     = 128     // a block's bytes of shared memory are whole units
	sharedReserved = 1 << 10 // bytes of shared memory that each block costs beyond its own
)

// occupancy is the share of a multiprocessor's warps that blocks of so many
// threads can fill, from 0 to 1, by the rules of NVIDIA's occupancy calculator.
func (g gpu) occupancy(threads int, u usage) float64 {
	warps := roundUp(threads, 32) / 32
	byRegisters := maxWarps
	if u.registers > 0 {
		byRegisters = partitions * (registers / roundUp(32*u.registers, registerUnit))
	}
	blocks := min(maxBlocks, min(maxWarps, byRegisters)/warps, g.shared/(roundUp(u.shared, sharedUnit)+sharedReserved))
	return float64(blocks*warps) / maxWarps
}

func roundUp(n, unit int) int { return (n + unit - 1) / unit * unit }
