// Package ptx reads the part of PTX, NVIDIA's virtual instruction set, that its
// compilers write for kernels: text to a syntax tree in which every register is
// a number and every label an index. It knows no opcodes: those belong to the
// reader of the tree. The language is that of the PTX ISA 8.4 manual.
package ptx

import "fmt"

// A Module is one PTX file.
type Module struct {
	Version   string         // of the language, such as "8.4"
	Target    string         // such as "sm_80"
	Files     map[int]string // source files by the number that Instruction.File holds
	Variables []*Variable    // of the global, const and shared spaces
	Kernels   []*Kernel
}

// A Space is where a variable lives.
type Space string

// The spaces.
const (
	Global Space = "global"
	Const  Space = "const"
	Shared Space = "shared"
	Local  Space = "local"
	Param  Space = "param"
)

// A Variable is a named piece of memory.
type Variable struct {
	Name        string
	Space       Space
	Type        string // of an element, such as "b8"
	Size, Align int    // bytes; the Size of an Extern variable is 0
	Offset      int    // within the parameters, of a parameter
	Extern      bool   // sized at launch: dynamic shared memory
	Init        []byte // its first bytes; the rest is zero
	Line        int
}

// A Kernel is an entry point.
type Kernel struct {
	Name       string
	Line       int
	Params     []*Variable
	ParamBytes int
	MaxThreads int         // of a block (.maxntid), 0 if not said
	Registers  []Register  // by number
	Variables  []*Variable // of the shared and local spaces
	Code       []Instruction
}

// Named is the variables that k's instructions name.
func (k *Kernel) Named() map[*Variable]bool {
	named := map[*Variable]bool{}
	var look func(os []Operand)
	look = func(os []Operand) {
		for _, o := range os {
			if o.Variable != nil {
				named[o.Variable] = true
			}
			look(o.Parts)
		}
	}
	for i := range k.Code {
		look(k.Code[i].Operands)
	}
	return named
}

// A Register is a virtual register; Type "pred" holds a truth value.
type Register struct{ Name, Type string }

// An Instruction is an opcode with its modifiers and operands.
type Instruction struct {
	Op           string // such as "ld.global.v4.f32"
	Guard        int    // the predicate it runs under, or -1
	GuardNegated bool
	Operands     []Operand
	Line         int // in the PTX
	File         int // of the source, 0 if not said
	SourceLine   int
}

// A Kind says which fields of an Operand hold.
type Kind int

// The kinds of operands.
const (
	None      Kind = iota
	Reg            // Reg
	Immediate      // Value
	Symbol         // Variable
	Special        // Name, such as "%tid.x"
	Label          // Value, an index into Kernel.Code
	Address        // Parts[0] + Offset
	Vector         // Parts
	Pair           // Parts[0] | Parts[1]
	Ignored        // the result nobody wants, _
)

// An Operand is what an instruction works on.
type Operand struct {
	Kind     Kind
	Reg      int
	Value    uint64 // bits: an integer's two's complement, a float's IEEE 754
	Offset   int64
	Negated  bool // !p
	Name     string
	Variable *Variable
	Parts    []Operand
}

// A SyntaxError is text that does not parse.
type SyntaxError struct {
	Line   int
	Detail string
}

func (e *SyntaxError) Error() string { return fmt.Sprintf("ptx: line %d: %s", e.Line, e.Detail) }

// Size is the bytes that a type such as "f32" takes, 0 for "pred" and -1 for an
// unknown one.
func Size(typ string) int {
	if n, ok := sizes[typ]; ok {
		return n
	}
	return -1
}

var sizes = map[string]int{
	"pred": 0,
	"b8":   1, "u8": 1, "s8": 1,
	"b16": 2, "u16": 2, "s16": 2, "f16": 2, "bf16": 2,
	"b32": 4, "u32": 4, "s32": 4, "f32": 4, "f16x2": 4, "bf16x2": 4,
	"b64": 8, "u64": 8, "s64": 8, "f64": 8,
}
