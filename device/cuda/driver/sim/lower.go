package sim

import (
	"fmt"
	"slices"
	"strings"

	"example.org/chainrule/device/cuda/driver/sim/ptx"
)

// A lowering turns one kernel's syntax tree into a program.
type lowering struct {
	tables    *tables
	kernel    *ptx.Kernel
	program   *program
	source    *ptx.Instruction
	parts     []string    // of its opcode
	in        instruction // what it becomes
	number    []int32     // column or predicate of each register
	constants map[uint64]int32
	truths    map[uint64]int32
	specials  map[string]int32
	globals   map[*ptx.Variable]int32
	places    map[*ptx.Variable]int // offsets of shared and local variables
	dynamic   []*ptx.Variable       // begin where static shared memory ends
	err       error
}

// lower makes a kernel ready to run. An instruction that the simulator does not
// model is an error with its name and line.
func lower(t *tables, m *ptx.Module, k *ptx.Kernel) (*program, error) {
	lo := &lowering{
		tables:    t,
		kernel:    k,
		program:   &program{name: k.Name, files: m.Files, params: k.ParamBytes, maxThreads: k.MaxThreads, grain: 2},
		constants: map[uint64]int32{}, truths: map[uint64]int32{}, specials: map[string]int32{},
		globals: map[*ptx.Variable]int32{}, places: map[*ptx.Variable]int{},
	}
	lo.numberRegisters()
	lo.placeVariables(m)
	for i := range k.Code {
		lo.instruction(&k.Code[i])
		if lo.err != nil {
			return nil, lo.err
		}
	}
	lo.program.code = append(lo.program.code, instruction{kind: kindReturn, class: Control, guard: -1, mask: -1, line: k.Line})
	lo.markLeaders()
	return lo.program, nil
}

func (lo *lowering) fail(format string, args ...any) {
	if lo.err == nil {
		lo.err = fmt.Errorf("line %d: %s: %s", lo.source.Line, lo.source.Op, fmt.Sprintf(format, args...))
	}
}

func (lo *lowering) numberRegisters() {
	p := lo.program
	for _, r := range lo.kernel.Registers {
		if r.Type == "pred" {
			lo.number = append(lo.number, int32(p.predicates))
			p.predicates++
		} else {
			lo.number = append(lo.number, int32(p.columns))
			p.columns++
		}
	}
	p.registers = p.columns
}

// placeVariables lays out static shared and local memory, of the module's variables
// those that the kernel names; dynamic shared memory begins after the static.
func (lo *lowering) placeVariables(m *ptx.Module) {
	named := lo.kernel.Named()
	for _, v := range append(m.Variables[:len(m.Variables):len(m.Variables)], lo.kernel.Variables...) {
		switch {
		case !named[v]:
		case v.Extern:
			lo.dynamic = append(lo.dynamic, v)
		case v.Space == ptx.Shared:
			lo.places[v] = place(&lo.program.shared, v)
		case v.Space == ptx.Local:
			lo.places[v] = place(&lo.program.local, v)
		}
	}
	if len(lo.dynamic) > 0 {
		lo.program.shared = (lo.program.shared + 15) &^ 15
	}
	for _, v := range lo.dynamic {
		lo.places[v] = lo.program.shared
	}
	if lo.program.local > maxLocal {
		lo.err = fmt.Errorf("line %d: %d bytes of local memory, where a thread has at most %d", lo.kernel.Line, lo.program.local, maxLocal)
	}
}

// maxLocal is what CUDA gives a thread.
const maxLocal = 512 << 10

func place(end *int, v *ptx.Variable) int {
	at := (*end + v.Align - 1) &^ (v.Align - 1)
	*end = at + v.Size
	return at
}

// markLeaders marks where diverged paths may meet.
func (lo *lowering) markLeaders() {
	code := lo.program.code
	for i := range code {
		switch code[i].kind {
		case kindBranch:
			code[code[i].target].leader = true
			code[i+1].leader = true
		case kindReturn:
			if i+1 < len(code) {
				code[i+1].leader = true
			}
		case kindBarrier:
			code[i].leader = true
		}
		if code[i].mask >= 0 {
			code[i].leader = true
		}
	}
}

// instruction lowers one: by a rule for its first word, or else as an alu.
func (lo *lowering) instruction(src *ptx.Instruction) {
	lo.source, lo.parts = src, strings.Split(src.Op, ".")
	lo.in = instruction{guard: -1, mask: -1, negated: src.GuardNegated, line: src.Line, file: src.File, source: src.SourceLine}
	if src.Guard >= 0 {
		lo.in.guard = lo.number[src.Guard]
	}
	if len(lo.parts) == 1 && lo.parts[0] != "ret" && lo.parts[0] != "exit" && lo.parts[0] != "bra" {
		lo.fail("not modelled")
		return
	}
	if rule := lo.tables.rules[lo.parts[0]]; rule != nil {
		rule(lo)
	} else {
		lo.arithmetic()
	}
	lo.program.code = append(lo.program.code, lo.in)
}

// tables are what opcodes mean.
type tables struct {
	rules       map[string]func(*lowering)
	alus        map[string]alu
	comparisons map[string]comparison
}

func newTables() *tables {
	t := &tables{rules: rules(), alus: map[string]alu{}, comparisons: comparisons()}
	integers[int16, uint16](t.alus, "16")
	integers[int32, uint32](t.alus, "32")
	integers[int64, uint64](t.alus, "64")
	wideIntegers(t.alus)
	floats(t.alus)
	halves(t.alus)
	return t
}

// arithmetic lowers d = f(a, b, c).
func (lo *lowering) arithmetic() {
	lo.in.alu = lo.tables.alus[canonical(lo.parts)]
	if lo.in.alu == nil {
		lo.fail("not modelled")
		return
	}
	lo.in.class = classOf(lo.parts)
	lo.operands(2, 4)
	lo.in.d = lo.result(0)
	for i, at := range []*int32{&lo.in.a, &lo.in.b, &lo.in.c} {
		if i+1 < len(lo.source.Operands) {
			*at = lo.value(i + 1)
		}
	}
}

// canonical drops the modifiers that say what is the case anyway.
func canonical(parts []string) string {
	var keep []string
	for _, m := range parts {
		if m != "rn" && m != "lo" {
			keep = append(keep, m)
		}
	}
	return strings.Join(keep, ".")
}

// classOf sorts arithmetic by the unit that does it.
func classOf(parts []string) Class {
	switch typ := parts[len(parts)-1]; {
	case typ == "f64":
		return Double
	case typ[0] != 'f' && typ[0] != 'b' || typ[0] == 'b' && typ[1] != 'f':
		return Integer
	case parts[0] == "fma":
		return Fused
	case parts[0] == "div" || approximate[parts[0]] != nil:
		return Transcendental
	}
	return Float
}

// operands checks how many there are.
func (lo *lowering) operands(least, most int) bool {
	if n := len(lo.source.Operands); n < least || n > most {
		lo.fail("%d operands", n)
		return false
	}
	return true
}

// at is operand i, or nothing where there are fewer.
func (lo *lowering) at(i int) ptx.Operand {
	if i < len(lo.source.Operands) {
		return lo.source.Operands[i]
	}
	lo.fail("operand %d is missing", i+1)
	return ptx.Operand{}
}

// modifier reports whether the opcode has it.
func (lo *lowering) modifier(m string) bool { return slices.Contains(lo.parts[1:], m) }

// only fails where the opcode has a modifier that is not among those named. The
// last part, a type, is not looked at.
func (lo *lowering) only(known ...string) {
	for _, p := range lo.parts[1 : len(lo.parts)-1] {
		if !slices.Contains(known, p) {
			lo.fail(".%s is not modelled", p)
		}
	}
}

// last is the opcode's last part: its type, as a rule.
func (lo *lowering) last() string { return lo.parts[len(lo.parts)-1] }
