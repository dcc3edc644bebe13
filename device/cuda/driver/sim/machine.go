package sim

import (
	"math/bits"
	"math/rand/v2"

	"example.org/chainrule/device/cuda/driver"
)

// A machine runs launches, one block after the other, each block's warps in
// turn from barrier to barrier. What it allocates it keeps for the next launch.
type machine struct {
	memory *memory
	random *rand.Rand // orders the warps; nil: by number
	budget int64      // instructions that a launch may issue

	// The launch.
	function    *function
	program     *program
	params      []byte
	grid, block [3]int
	blocks      int // of the grid
	threads     int // of a block
	launches    uint64
	left        int64 // of the budget

	// The block.
	at      [3]int
	index   int
	uniform [9]column // in the order of uniformSpecials
	lanes   laneColumns
	warps   []*warp
	pool    []*warp // all there are
	order   []int   // of the warps up to the next barrier
	shared  sharedMemory
	votes   [2]int // at the next barrier, yes and all
	passed  [2]int // at the last one

	// The warp that runs.
	now       *warp
	addresses [32]uint64

	// What is counted.
	issued   []uint64 // by instruction: warps
	active   []uint64 // and lanes
	requests []memo
	banks    [32]bank // of shared memory, while their conflicts are counted
	counters Counters
}

// run executes a whole launch.
func (m *machine) run(f *function, c driver.Config, params []byte) (err error) {
	m.prepare(f, c, params)
	defer m.count()
	defer func() {
		if r := recover(); r != nil {
			fault, ok := r.(*Fault)
			if !ok {
				panic(r)
			}
			err = fault
		}
	}()
	for i := range m.blocks {
		m.index, m.at = i, m.blockAt(i)
		m.runBlock()
	}
	return nil
}

// runBlock runs the warps of a block to their end, all of them to each barrier
// before any passes it.
func (m *machine) runBlock() {
	for axis := range 3 {
		fill(&m.uniform[axis], uint64(m.at[axis]))
	}
	m.shared.reset()
	m.passed = [2]int{}
	for i, w := range m.warps {
		w.reset(min(32, m.threads-32*i))
	}
	for alive := len(m.warps); alive > 0; {
		alive = 0
		m.votes = [2]int{}
		m.shuffleOrder()
		m.shared.barrier(m.warps)
		for _, i := range m.order {
			w := m.warps[i]
			if w.done {
				continue
			}
			m.now = w
			m.runWarp(w)
			alive += int(1 - bit(w.done))
		}
		m.passed = m.votes
	}
}

// shuffleOrder picks the order of the warps up to the next barrier.
func (m *machine) shuffleOrder() {
	if m.random != nil {
		m.random.Shuffle(len(m.order), func(i, j int) { m.order[i], m.order[j] = m.order[j], m.order[i] })
	}
}

// runWarp runs one warp to its next barrier or its end.
func (m *machine) runWarp(w *warp) {
	m.resume(w)
	for {
		in, lanes := m.issue(w)
		switch in.kind {
		case kindAlu:
			w.arithmetic(in, lanes)
		case kindCompare:
			w.compare(in, lanes)
		case kindSelect:
			w.choose(in, lanes)
		case kindRun:
			if lanes != 0 && !m.runOther(w, in, lanes) {
				continue
			}
		default:
			if !m.control(w, in, lanes) {
				return
			}
			continue
		}
		w.pc++
	}
}

// resume takes a warp past the barrier it stands at.
func (m *machine) resume(w *warp) {
	in := w.waiting
	if in == nil {
		return
	}
	w.waiting = nil
	if in.resume != nil {
		in.resume(w, in, m.passed[0], m.passed[1])
	}
	w.pc++
}

// issue is the next instruction, and the lanes that take part.
func (m *machine) issue(w *warp) (in *instruction, lanes uint32) {
	in = &m.program.code[w.pc]
	if in.leader && len(w.paths) > 0 {
		w.meet()
		in = &m.program.code[w.pc]
	}
	lanes = w.lanes
	if in.guard >= 0 {
		lanes &= w.predicates[in.guard] ^ -bit(in.negated)
	}
	m.tally(w.pc, lanes)
	return in, lanes
}

// control branches, ends threads or brings them to a barrier. It reports whether
// the warp goes on.
func (m *machine) control(w *warp, in *instruction, lanes uint32) bool {
	switch {
	case in.kind == kindBranch:
		w.jump(in.target, lanes)
	case lanes == 0:
		w.pc++
	case in.kind == kindReturn:
		return w.leave(lanes)
	default:
		return !m.arrive(w, in, lanes)
	}
	return true
}

// tally counts an instruction and ends a launch that does not end by itself.
func (m *machine) tally(pc int, lanes uint32) {
	m.issued[pc]++
	m.active[pc] += uint64(bits.OnesCount32(lanes))
	if m.left--; m.left < 0 {
		m.fault(lanes, Endless, "more than %d instructions", m.budget)
	}
}

// runOther runs an instruction with a function of its own; false when it must
// wait for lanes that are elsewhere.
func (m *machine) runOther(w *warp, in *instruction, lanes uint32) bool {
	if in.mask >= 0 {
		if missing := w.missing(in, lanes); missing != 0 {
			m.wait(w, lanes)
			return false
		}
	}
	in.run(m, w, in, lanes)
	return true
}

// missing are the lanes that an instruction names, which neither are here nor
// have ended.
func (w *warp) missing(in *instruction, lanes uint32) uint32 {
	named := allLanes // by a barrier
	if in.mask >= 0 {
		named = uint32(w.columns[in.mask][bits.TrailingZeros32(lanes)])
	}
	return named &^ lanes &^ w.exited
}

// wait parks a path at an instruction that wants more lanes, and faults when no
// other path can run: at the one that has waited longest.
func (m *machine) wait(w *warp, lanes uint32) {
	m.untally(w.pc, lanes)
	if lanes == w.lanes && w.park() {
		return
	}
	if len(w.paths) > 0 && w.paths[0].parked {
		w.pc, lanes = w.paths[0].pc, w.paths[0].lanes
	}
	in := &m.program.code[w.pc]
	missing := w.missing(in, lanes)
	kind := SplitWarp
	if in.kind == kindBarrier {
		kind = SplitBarrier
	}
	m.faultOther(lanes, w.id*32+bits.TrailingZeros32(missing), kind,
		"lanes %08x are here, lanes %08x are not", lanes, missing)
}

// untally takes back an instruction that did not run yet.
func (m *machine) untally(pc int, lanes uint32) {
	m.issued[pc]--
	m.active[pc] -= uint64(bits.OnesCount32(lanes))
}

// arrive brings a warp to a barrier, which wants all its lanes at once. It
// reports whether the warp waits there.
func (m *machine) arrive(w *warp, in *instruction, lanes uint32) bool {
	if w.missing(in, lanes) != 0 {
		m.wait(w, lanes)
		return false
	}
	w.waiting = in
	if in.resume != nil {
		p := w.predicates[in.c] ^ -bit(in.negatedC)
		m.votes[0] += bits.OnesCount32(p & w.lanes)
		m.votes[1] += bits.OnesCount32(w.lanes)
	}
	return true
}
