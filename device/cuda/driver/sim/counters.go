package sim

import (
	"math/bits"
	"slices"
)

// A Class is a kind of instruction.
type Class uint8

// The classes, by the unit of a multiprocessor that does the work.
const (
	Integer        Class = iota // arithmetic, logic and shifts
	Float                       // float32 arithmetic
	Fused                       // float32 fused multiply-add
	Double                      // float64
	Transcendental              // division, roots, exponentials
	Convert
	Move      // between registers, selection, parameters
	Predicate // comparison and logic of truth values
	Control   // branches and returns
	Global    // loads and stores
	Shared
	Local
	Atomic
	Warp // shuffles and votes
	Barrier
	AsyncCopy
	Matrix // ldmatrix and mma
	classes
)

var classNames = [classes]string{
	"integer", "float", "fused", "double", "transcendental", "convert", "move", "predicate", "control",
	"global", "shared", "local", "atomic", "warp", "barrier", "async copy", "matrix",
}

func (c Class) String() string { return classNames[c] }

// Counters are what a launch did: exact, and the same on every machine.
type Counters struct {
	Instructions [classes]uint64 // issued, each for a whole warp, by Class
	Lanes        [classes]uint64 // that took part in them
	Blocks       uint64
	Warps        uint64
	Barriers     uint64 // passed, by warps
	MMA          uint64 // mma operations, by warps; one of m16n8k16 is 2048 multiply-adds

	GlobalLoads, GlobalStores GlobalTraffic
	SharedLoads, SharedStores SharedTraffic
}

// GlobalTraffic is what warps ask of global memory. A request moves whole
// sectors of 32 bytes: the fewer bytes of them are needed, the worse it is
// coalesced.
type GlobalTraffic struct {
	Requests uint64 // instructions of a warp
	Sectors  uint64 // of 32 bytes
	Needed   uint64 // bytes that a lane asked for, each counted once a request
}

// Efficiency is the share of the bytes moved that was needed, from 0 to 1.
func (t GlobalTraffic) Efficiency() float64 {
	if t.Sectors == 0 {
		return 1
	}
	return float64(t.Needed) / float64(32*t.Sectors)
}

// SharedTraffic is what warps ask of shared memory, whose 32 banks of 4 bytes
// serve one word each at a time. Accesses of 8 bytes are served by half warps,
// of 16 by quarters.
type SharedTraffic struct {
	Requests  uint64 // instructions of a warp
	Waves     uint64 // passes over the banks
	Conflicts uint64 // passes beyond those that an access without conflicts takes
}

// Issued is the number of instructions that warps issued.
func (c *Counters) Issued() (n uint64) {
	for _, v := range c.Instructions {
		n += v
	}
	return n
}

// ActiveLanes is the share of lanes that took part, from 0 to 1.
func (c *Counters) ActiveLanes() float64 {
	var n uint64
	for _, v := range c.Lanes {
		n += v
	}
	if n == 0 {
		return 1
	}
	return float64(n) / float64(32*c.Issued())
}

// count sums up a launch by class.
func (m *machine) count() {
	c := &m.counters
	for pc := range m.program.code {
		class := m.program.code[pc].class
		c.Instructions[class] += m.issued[pc]
		c.Lanes[class] += m.active[pc]
		if m.program.code[pc].kind == kindBarrier {
			c.Barriers += m.issued[pc]
		}
	}
	c.Blocks = uint64(m.blocks)
	c.Warps = uint64(m.blocks * len(m.warps))
}

// A memo remembers what the last request of an instruction cost. In a loop the
// lanes' addresses keep their distances, and so the cost stays the same.
type memo struct {
	valid    bool
	lanes    uint32
	phase    uint64
	distance [32]uint64 // from the first lane
	cost     [2]uint64  // sectors and bytes needed, or waves and conflicts
}

// recall is the cost of a request with the lanes' addresses, computed where the
// last one differed. phase is what matters of the first address.
func (m *machine) recall(in *instruction, lanes uint32, phaseMask uint64, compute func(lanes uint32, size int) [2]uint64) [2]uint64 {
	k := &m.requests[in.request]
	first := m.addresses[bits.TrailingZeros32(lanes)&31]
	phase := first & phaseMask
	same := k.valid && k.lanes == lanes && k.phase == phase
	var differ uint64
	if same && lanes == allLanes {
		for l, d := range k.distance {
			differ |= m.addresses[l] - first ^ d
		}
	} else if same {
		for q := lanes; q != 0; q &= q - 1 {
			l := bits.TrailingZeros32(q) & 31
			differ |= m.addresses[l] - first ^ k.distance[l]
		}
	}
	if same && differ == 0 {
		return k.cost
	}
	*k = memo{valid: true, lanes: lanes, phase: phase}
	for l := range k.distance {
		k.distance[l] = m.addresses[l] - first
	}
	k.cost = compute(lanes, in.size)
	return k.cost
}

func (m *machine) countGlobal(in *instruction, lanes uint32, t *GlobalTraffic) {
	cost := m.recall(in, lanes, 31, m.sectors)
	t.Requests++
	t.Sectors += cost[0]
	t.Needed += cost[1]
}

func (m *machine) countShared(in *instruction, lanes uint32, t *SharedTraffic) {
	cost := m.recall(in, lanes, 3, m.waves)
	t.Requests++
	t.Waves += cost[0]
	t.Conflicts += cost[1]
}

// sectors is how many sectors the lanes touch, and how many bytes of them.
func (m *machine) sectors(lanes uint32, size int) [2]uint64 {
	var sector [32]uint64
	var touched [32]uint32
	n := 0
	for q := lanes; q != 0; q &= q - 1 {
		address := m.addresses[bits.TrailingZeros32(q)&31]
		i := 0
		for i < n && sector[i] != address>>5 {
			i++
		}
		n = max(n, i+1)
		sector[i] = address >> 5
		touched[i] |= uint32(1<<size-1) << (address & 31)
	}
	needed := 0
	for _, t := range touched[:n] {
		needed += bits.OnesCount32(t)
	}
	return [2]uint64{uint64(n), uint64(needed)}
}

// waves is how many passes over the banks the lanes take, and how many of them
// conflicts cause.
func (m *machine) waves(lanes uint32, size int) [2]uint64 {
	group := 32 / max(size/4, 1) // lanes served together
	var waves, groups uint64
	for from := 0; from < 32; from += group {
		part := lanes >> from << from & uint32((uint64(1)<<(from+group))-1)
		if part != 0 {
			waves += m.busiestBank(part, size)
			groups++
		}
	}
	return [2]uint64{waves, waves - groups}
}

// A bank is the words that lanes ask of it.
type bank struct {
	n     int
	words [32]uint64
}

// busiestBank is the most words that lanes ask of one bank.
func (m *machine) busiestBank(lanes uint32, size int) uint64 {
	for i := range m.banks {
		m.banks[i].n = 0
	}
	most := 1
	for q := lanes; q != 0; q &= q - 1 {
		address := m.addresses[bits.TrailingZeros32(q)&31]
		for word := address / 4; word <= (address+uint64(size)-1)/4; word++ {
			b := &m.banks[word%32]
			if !slices.Contains(b.words[:b.n], word) {
				b.words[b.n] = word
				b.n++
				most = max(most, b.n)
			}
		}
	}
	return uint64(most)
}
