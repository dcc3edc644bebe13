package sim

import (
	"example.org/chainrule/device/cuda/driver/sim/ptx"
)

// rules lower the instructions that are more than d = f(a, b, c).
func rules() map[string]func(*lowering) {
	return map[string]func(*lowering){
		"ret": (*lowering).exit, "exit": (*lowering).exit, "bra": (*lowering).branch,
		"bar": (*lowering).barrier, "barrier": (*lowering).barrier, "membar": (*lowering).fence, "fence": (*lowering).fence,
		"mov": (*lowering).move, "cvta": (*lowering).convertAddress, "cvt": (*lowering).convert,
		"and": (*lowering).logic, "or": (*lowering).logic, "xor": (*lowering).logic, "not": (*lowering).logic,
		"setp": (*lowering).setPredicate, "selp": (*lowering).selectValue,
		"lop3": (*lowering).logic3, "bfi": (*lowering).insertBits,
		"ld": (*lowering).load, "ldu": (*lowering).load, "st": (*lowering).store,
		"atom": (*lowering).atomic, "red": (*lowering).atomic,
		"shfl": (*lowering).shuffle, "vote": (*lowering).vote, "activemask": (*lowering).activeMask,
		"redux": (*lowering).reduceWarp,
		"cp":    (*lowering).asyncCopy, "ldmatrix": (*lowering).loadMatrix, "mma": (*lowering).matrixMultiply,
	}
}

func (lo *lowering) exit() { lo.in.kind, lo.in.class = kindReturn, Control }

func (lo *lowering) branch() {
	o := lo.at(0)
	if o.Kind != ptx.Label {
		lo.fail("a target that is no label")
		return
	}
	lo.in.kind, lo.in.class, lo.in.target = kindBranch, Control, int(o.Value)
}

// barrier lowers bar.sync 0, bar.red and bar.warp.sync. A barrier of some other
// number, or of some of a block's threads, is not the same thing.
func (lo *lowering) barrier() {
	if lo.modifier("warp") {
		lo.in.kind, lo.in.class, lo.in.run = kindRun, Warp, syncWarp
		lo.in.mask = lo.value(0)
		return
	}
	lo.in.kind, lo.in.class = kindBarrier, Barrier
	number, operands := 0, 1
	if lo.modifier("red") {
		number, operands = 1, 3
		lo.barrierVote()
	}
	o := lo.at(number)
	if len(lo.source.Operands) != operands || o.Kind != ptx.Immediate || o.Value != 0 {
		lo.fail("only barrier 0 of a whole block is modelled")
	}
}

// barrierVote lowers bar.red.or.pred d, 0, [!]p and its kin: a barrier that
// counts the threads for which p holds.
func (lo *lowering) barrierVote() {
	lo.in.c, lo.in.negatedC = lo.predicate(lo.at(2)), lo.at(2).Negated
	switch {
	case lo.modifier("popc"):
		lo.in.d = lo.result(0)
		lo.in.resume = func(w *warp, in *instruction, yes, all int) {
			blend(w.columns[in.d], uint64(yes), w.lanes)
		}
	case lo.modifier("or") || lo.modifier("and"):
		lo.in.d = lo.predicate(lo.at(0))
		every := lo.modifier("and")
		lo.in.resume = func(w *warp, in *instruction, yes, all int) {
			w.setPredicate(in.d, -bit(yes == all || yes > 0 && !every), w.lanes)
		}
	default:
		lo.fail("not modelled")
	}
}

// fence orders memory, which the simulator never reorders.
func (lo *lowering) fence() {
	lo.in.kind, lo.in.class = kindRun, Barrier
	lo.in.run = func(*machine, *warp, *instruction, uint32) {}
}

func (lo *lowering) move() {
	lo.in.class = Move
	to, from := lo.at(0), lo.at(1)
	switch {
	case lo.last() == "pred":
		lo.predicateLogic(func(a, _ uint32) uint32 { return a })
	case to.Kind == ptx.Vector:
		lo.in.kind, lo.in.run = kindRun, unpack
		lo.in.columns, lo.in.a = lo.results(0), lo.column(from)
		lo.in.width = lo.typeSize() / len(lo.in.columns)
	case from.Kind == ptx.Vector:
		lo.in.kind, lo.in.run = kindRun, pack
		lo.in.columns, lo.in.d = lo.values(1), lo.register(to)
		lo.in.width = lo.typeSize() / len(lo.in.columns)
	default:
		lo.in.alu = copyColumn(lo.typeSize())
		lo.in.d, lo.in.a = lo.register(to), lo.column(from)
	}
}

// copyColumn keeps the low bytes.
func copyColumn(size int) alu {
	if size == 8 {
		return func(d, a, _, _ *column) { *d = *a }
	}
	mask := uint64(1)<<(8*size) - 1
	return func(d, a, _, _ *column) {
		for l := range d {
			d[l] = a[l] & mask
		}
	}
}

// convertAddress lowers cvta, between a space's own addresses and generic ones.
func (lo *lowering) convertAddress() {
	lo.in.class = Move
	lo.in.d, lo.in.a = lo.result(0), lo.value(1)
	var window uint64
	switch {
	case lo.modifier("shared"):
		window = sharedWindow
	case lo.modifier("local"):
		window = localWindow
	case !lo.modifier("global") && !lo.modifier("const"):
		lo.fail("not modelled")
	}
	if lo.modifier("to") {
		window = -window
	}
	lo.in.alu = func(d, a, _, _ *column) {
		for l := range d {
			d[l] = a[l] + window
		}
	}
}

func (lo *lowering) convert() {
	lo.in.class = Convert
	c, ok := parseConversion(lo.parts)
	if ok {
		lo.in.alu = c.alu()
	}
	if lo.in.alu == nil {
		lo.fail("not modelled")
		return
	}
	lo.in.d, lo.in.a = lo.result(0), lo.value(1)
	if len(lo.source.Operands) == 3 {
		lo.in.b = lo.value(2)
	}
}

// logic lowers and, or, xor, not of predicates; of values they are arithmetic.
func (lo *lowering) logic() {
	if lo.last() != "pred" {
		lo.arithmetic()
		return
	}
	lo.predicateLogic(map[string]func(a, b uint32) uint32{
		"and": func(a, b uint32) uint32 { return a & b },
		"or":  func(a, b uint32) uint32 { return a | b },
		"xor": func(a, b uint32) uint32 { return a ^ b },
		"not": func(a, _ uint32) uint32 { return ^a },
	}[lo.parts[0]])
}

func (lo *lowering) predicateLogic(f func(a, b uint32) uint32) {
	lo.in.class = Predicate
	lo.in.d, lo.in.a = lo.predicate(lo.at(0)), lo.predicate(lo.at(1))
	lo.in.b = lo.in.a
	if len(lo.source.Operands) == 3 {
		lo.in.b = lo.predicate(lo.at(2))
	}
	lo.in.kind = kindRun
	lo.in.run = func(_ *machine, w *warp, in *instruction, lanes uint32) {
		w.setPredicate(in.d, f(w.predicates[in.a], w.predicates[in.b]), lanes)
	}
}

// setPredicate lowers setp.compare[.combine].type p[|q], a, b[, [!]c].
func (lo *lowering) setPredicate() {
	lo.in.kind, lo.in.class = kindCompare, Predicate
	lo.in.compare = lo.tables.comparisons[lo.parts[1]+"."+lo.last()]
	if lo.in.compare == nil || len(lo.parts) > 4 {
		lo.fail("not modelled")
		return
	}
	lo.in.e = -1
	to := lo.at(0)
	if to.Kind == ptx.Pair {
		lo.in.e = lo.predicate(to.Parts[1])
		to = to.Parts[0]
	}
	lo.in.d, lo.in.a, lo.in.b = lo.predicate(to), lo.value(1), lo.value(2)
	if len(lo.parts) == 4 {
		lo.combination(lo.parts[2])
	}
}

// combination joins the comparison's result with a predicate.
func (lo *lowering) combination(name string) {
	flip := uint32(0)
	if lo.at(3).Negated {
		flip = allLanes
	}
	lo.in.c = lo.predicate(lo.at(3))
	lo.in.combine = map[string]func(r, c uint32) uint32{
		"and": func(r, c uint32) uint32 { return r & (c ^ flip) },
		"or":  func(r, c uint32) uint32 { return r | (c ^ flip) },
		"xor": func(r, c uint32) uint32 { return r ^ c ^ flip },
	}[name]
	if lo.in.combine == nil {
		lo.fail("not modelled")
	}
}

func (lo *lowering) selectValue() {
	lo.in.kind, lo.in.class = kindSelect, Move
	lo.in.d, lo.in.a, lo.in.b, lo.in.c = lo.result(0), lo.value(1), lo.value(2), lo.predicate(lo.at(3))
}

func (lo *lowering) logic3() {
	lo.in.class = Integer
	lo.in.d, lo.in.a, lo.in.b, lo.in.c = lo.result(0), lo.value(1), lo.value(2), lo.value(3)
	if lo.at(4).Kind != ptx.Immediate || lo.last() != "b32" {
		lo.fail("not modelled")
		return
	}
	lo.in.alu = logic3(uint8(lo.at(4).Value))
}

// insertBits lowers bfi d, a, b, position, length with constants for the last two.
func (lo *lowering) insertBits() {
	lo.in.class = Integer
	lo.in.d, lo.in.a, lo.in.b = lo.result(0), lo.value(1), lo.value(2)
	position, length := lo.at(3), lo.at(4)
	if position.Kind != ptx.Immediate || length.Kind != ptx.Immediate {
		lo.fail("only a constant field is modelled")
		return
	}
	field := (uint64(1)<<length.Value - 1) << position.Value & (1<<(8*lo.typeSize()-1)<<1 - 1)
	lo.in.alu = func(d, a, b, _ *column) {
		for l := range d {
			d[l] = b[l]&^field | a[l]<<position.Value&field
		}
	}
}
