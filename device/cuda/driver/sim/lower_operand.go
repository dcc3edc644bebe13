package sim

import (
	"slices"
	"strings"

	"example.org/chainrule/device/cuda/driver/sim/ptx"
)

// value is the column that operand i is read from.
func (lo *lowering) value(i int) int32 { return lo.column(lo.at(i)) }

// result is the column that operand i is written to.
func (lo *lowering) result(i int) int32 { return lo.register(lo.at(i)) }

// register is the column of an operand that can be written.
func (lo *lowering) register(o ptx.Operand) int32 {
	if o.Kind != ptx.Reg || lo.isPredicate(o) {
		lo.fail("a result that is no register")
		return 0
	}
	return lo.number[o.Reg]
}

// column is where an operand is read: a register, or a column made for it.
func (lo *lowering) column(o ptx.Operand) int32 {
	switch {
	case o.Kind == ptx.Reg && !lo.isPredicate(o):
		return lo.number[o.Reg]
	case o.Kind == ptx.Immediate:
		return lo.constant(o.Value)
	case o.Kind == ptx.Symbol:
		return lo.symbol(o.Variable)
	case o.Kind == ptx.Special:
		return lo.special(o.Name)
	}
	lo.fail("an operand that is no value")
	return 0
}

func (lo *lowering) isPredicate(o ptx.Operand) bool {
	return lo.kernel.Registers[o.Reg].Type == "pred"
}

// symbol is a column with a variable's address within its space.
func (lo *lowering) symbol(v *ptx.Variable) int32 {
	switch v.Space {
	case ptx.Param:
		return lo.constant(uint64(v.Offset))
	case ptx.Shared, ptx.Local:
		return lo.constant(uint64(lo.places[v]))
	}
	at, ok := lo.globals[v]
	if !ok {
		at = lo.newColumn()
		lo.globals[v] = at
		lo.program.globals = append(lo.program.globals, global{at, v})
	}
	return at
}

func (lo *lowering) newColumn() int32 {
	lo.program.columns++
	return int32(lo.program.columns - 1)
}

func (lo *lowering) constant(v uint64) int32 {
	at, ok := lo.constants[v]
	if !ok {
		at = lo.newColumn()
		lo.constants[v] = at
		lo.program.constants = append(lo.program.constants, constant{at, v})
	}
	return at
}

func (lo *lowering) special(name string) int32 {
	at, ok := lo.specials[name]
	if !ok {
		if !slices.Contains(uniformSpecials, name) && !slices.Contains(laneSpecials, name) {
			lo.fail("%s is not modelled", name)
		}
		at = lo.newColumn()
		lo.specials[name] = at
		lo.program.specials = append(lo.program.specials, special{at, name})
	}
	return at
}

// predicate is the number of a predicate operand; ! is the caller's business.
func (lo *lowering) predicate(o ptx.Operand) int32 {
	switch {
	case o.Kind == ptx.Reg && lo.isPredicate(o):
		return lo.number[o.Reg]
	case o.Kind == ptx.Immediate:
		return lo.truth(o.Value)
	}
	lo.fail("an operand that is no predicate")
	return 0
}

func (lo *lowering) truth(v uint64) int32 {
	at, ok := lo.truths[v]
	if !ok {
		at = int32(lo.program.predicates)
		lo.program.predicates++
		lo.truths[v] = at
		lo.program.truths = append(lo.program.truths, constant{at, v})
	}
	return at
}

// results is the columns that operand i, one register or several, is written to;
// -1 is _.
func (lo *lowering) results(i int) []int32 {
	return lo.vector(lo.at(i), func(o ptx.Operand) int32 {
		if o.Kind == ptx.Ignored {
			return -1
		}
		return lo.register(o)
	})
}

// values is the columns that operand i, one value or several, is read from.
func (lo *lowering) values(i int) []int32 { return lo.vector(lo.at(i), lo.column) }

func (lo *lowering) vector(o ptx.Operand, column func(ptx.Operand) int32) []int32 {
	if o.Kind != ptx.Vector {
		return []int32{column(o)}
	}
	var all []int32
	for _, p := range o.Parts {
		all = append(all, column(p))
	}
	if n := len(all); n != 1 && n != 2 && n != 4 {
		lo.fail("a vector of %d", n)
		all = append(all, 0)
	}
	return all
}

// address takes operand o as [column + offset].
func (lo *lowering) address(o ptx.Operand) (column int32, offset uint64) {
	if o.Kind != ptx.Address {
		lo.fail("an operand that is no address")
		return 0, 0
	}
	return lo.column(o.Parts[0]), uint64(o.Offset)
}

// typeSize is the bytes of the opcode's type.
func (lo *lowering) typeSize() int {
	n := ptx.Size(lo.last())
	if n <= 0 {
		lo.fail("unknown type")
		return 1
	}
	return n
}

// isSigned reports whether the opcode's type is signed.
func (lo *lowering) isSigned() bool { return strings.HasPrefix(lo.last(), "s") }

// The special registers: the same for a whole block, and of each lane.
var (
	uniformSpecials = []string{
		"%ctaid.x", "%ctaid.y", "%ctaid.z", "%nctaid.x", "%nctaid.y", "%nctaid.z",
		"%ntid.x", "%ntid.y", "%ntid.z",
	}
	laneSpecials = []string{
		"%tid.x", "%tid.y", "%tid.z", "%laneid", "%warpid",
		"%lanemask_eq", "%lanemask_le", "%lanemask_lt", "%lanemask_ge", "%lanemask_gt",
	}
)
