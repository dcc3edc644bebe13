package sim

import (
	"example.org/chainrule/device/cuda/driver/sim/ptx"
)

// A program is a kernel ready to run: names are gone, every source is a column.
type program struct {
	name       string
	files      map[int]string
	code       []instruction
	columns    int // registers, constants and specials of a warp
	registers  int // the first columns: the ones that a warp writes
	predicates int
	constants  []constant
	truths     []constant // predicates that never change
	specials   []special
	globals    []global
	requests   int // memory instructions; each has a memo
	shared     int // bytes of static shared memory, before the dynamic
	local      int // bytes of each thread
	params     int // bytes
	maxThreads int
	grain      int // log2 of the bytes of the narrowest access
}

// A constant is a column, or a predicate, of one value.
type constant struct {
	at    int32
	value uint64
}

// A special is a column that the launch fills, such as %tid.x.
type special struct {
	at   int32
	name string
}

// A global is a column with the address of a variable of the module.
type global struct {
	at       int32
	variable *ptx.Variable
}

// A kind chooses how the machine's loop runs an instruction.
type kind uint8

const (
	kindAlu     kind = iota // alu(d, a, b, c)
	kindCompare             // predicates d, e = compare(a, b), combined with c
	kindSelect              // d = c ? a : b
	kindRun                 // run(...)
	kindBranch
	kindReturn
	kindBarrier
)

// An instruction names its columns by number.
type instruction struct {
	kind       kind
	class      Class
	leader     bool  // paths may meet here
	negated    bool  // the guard
	negatedC   bool  // the predicate c
	guard      int32 // predicate, or -1
	d, a, b, c int32
	e          int32 // a second result or a fourth source
	alu        alu
	compare    comparison
	run        func(m *machine, w *warp, in *instruction, lanes uint32)
	combine    func(r, c uint32) uint32
	update     func(old, b, c uint64) uint64                // of an atomic
	resume     func(w *warp, in *instruction, yes, all int) // after a barrier's vote
	mask       int32                                        // the column that names the lanes which must be together, or -1
	columns    []int32                                      // of vectors; -1 is _
	offset     uint64
	width      int // bytes of an element
	extend     int // bits by which a register is wider than what a signed load reads
	size       int // bytes of a lane's access
	space      ptx.Space
	request    int // the memo's number
	target     int
	line       int
	file       int
	source     int
}
