package ptx

import (
	"strconv"
	"strings"
)

// A body is a kernel while it is read. Names live in nested scopes: each inline
// assembly block of the source has braces, registers and labels of its own.
type body struct {
	*parser
	kernel *Kernel
	scopes []scope
	opened int // scopes so far, which makes their labels' names unique
	file   int
	source int
	labels map[string]int // by scope and name
	jumps  []jump
}

type scope struct {
	prefix    string
	registers map[string]int
	variables map[string]*Variable
}

// A jump is a label operand that waits for the end of the kernel.
type jump struct {
	instruction, operand int
	names                []string // what it may mean, the innermost scope first
	line                 int
}

// kernel reads: name(parameters) .performance directives { statements }
func (p *parser) kernel() *Kernel {
	k := &Kernel{Name: p.next(), Line: p.line()}
	p.parameters(k)
	for p.more() && p.peek() != "{" {
		p.performance(k)
	}
	b := &body{parser: p, kernel: k, labels: map[string]int{}}
	b.open()
	for _, v := range p.module.Variables {
		b.top().variables[v.Name] = v
	}
	for _, v := range k.Params {
		b.top().variables[v.Name] = v
	}
	p.expect("{")
	b.open()
	for p.more() && len(b.scopes) > 1 {
		b.statement()
	}
	if len(b.scopes) > 1 {
		b.fail("the text ends too early")
	}
	b.land()
	return k
}

// parameters lays them out: each at a multiple of its own alignment.
func (p *parser) parameters(k *Kernel) {
	if !p.accept("(") {
		return
	}
	for p.more() && !p.accept(")") {
		p.expect(".param")
		v := p.declaration(Param)
		v.Offset = roundUp(k.ParamBytes, v.Align)
		k.ParamBytes = v.Offset + v.Size
		k.Params = append(k.Params, v)
		p.accept(",")
	}
}

// performance reads .maxntid x, y, z and passes over its kin.
func (p *parser) performance(k *Kernel) {
	name := p.next()
	n := 1
	for {
		n *= p.count(1 << 12)
		if !p.accept(",") {
			break
		}
	}
	if name == ".maxntid" || name == ".reqntid" {
		k.MaxThreads = n
	}
}

// top is the innermost scope.
func (b *body) top() *scope { return &b.scopes[len(b.scopes)-1] }

func (b *body) open() {
	if len(b.scopes) > maxDepth {
		b.fail("more than %d scopes in each other", maxDepth)
	}
	b.opened++
	b.scopes = append(b.scopes, scope{strconv.Itoa(b.opened) + ":", map[string]int{}, map[string]*Variable{}})
}

// statement reads a declaration, a label or an instruction.
func (b *body) statement() {
	switch s := b.next(); {
	case s == "{":
		b.open()
	case s == "}":
		b.scopes = b.scopes[:len(b.scopes)-1]
	case s == ";":
	case s == ".reg":
		b.registers()
	case s == ".shared" || s == ".local":
		v := b.variable(Space(s[1:]), false)
		b.kernel.Variables = append(b.kernel.Variables, v)
		b.top().variables[v.Name] = v
	case s == ".loc":
		b.loc()
	case s == ".pragma":
		b.next()
		b.expect(";")
	case b.accept(":"):
		b.labels[b.top().prefix+s] = len(b.kernel.Code)
	case s != "":
		b.instruction(s)
	}
}

// registers reads: .type name<n>, name ... ;
func (b *body) registers() {
	typ := strings.TrimPrefix(b.next(), ".")
	if Size(typ) < 0 {
		b.fail("unknown type .%s", typ)
	}
	for b.more() {
		name := b.next()
		if b.accept("<") {
			for i := range b.count(maxBytes) {
				if b.register(name+strconv.Itoa(i), typ); b.err != nil {
					return
				}
			}
			b.expect(">")
		} else {
			b.register(name, typ)
		}
		if !b.accept(",") {
			break
		}
	}
	b.expect(";")
}

func (b *body) register(name, typ string) {
	if b.spare--; b.spare < 0 {
		b.fail("more registers than the text can use")
		return
	}
	b.top().registers[name] = len(b.kernel.Registers)
	b.kernel.Registers = append(b.kernel.Registers, Register{name, typ})
}

// loc reads: file line column [, function_name label [+ n]] [, inlined_at file line column]
func (b *body) loc() {
	b.file = b.count(maxBytes)
	b.source = b.count(maxBytes)
	b.count(maxBytes)
	for b.accept(",") {
		if b.next() == "function_name" {
			b.next()
			if b.accept("+") {
				b.next()
			}
			continue
		}
		b.pos += 3
	}
}

// instruction reads: [@[!]guard] opcode operands ;
func (b *body) instruction(s string) {
	in := Instruction{Guard: -1, Line: b.line(), File: b.file, SourceLine: b.source}
	if s == "@" {
		in.GuardNegated = b.accept("!")
		name := b.next()
		in.Guard = b.find(name)
		if in.Guard < 0 || b.kernel.Registers[in.Guard].Type != "pred" {
			b.fail("%q is no predicate", name)
		}
		s = b.next()
	}
	in.Op = s
	for b.more() && !b.accept(";") {
		o := b.operand(0)
		if o.Kind == Label {
			b.jumps = append(b.jumps, b.jump(o.Name, len(in.Operands)))
		}
		in.Operands = append(in.Operands, o)
		b.accept(",")
	}
	b.kernel.Code = append(b.kernel.Code, in)
}

func (b *body) jump(label string, operand int) jump {
	j := jump{instruction: len(b.kernel.Code), operand: operand, line: b.line()}
	for i := len(b.scopes) - 1; i >= 0; i-- {
		j.names = append(j.names, b.scopes[i].prefix+label)
	}
	return j
}

// land gives every jump its target.
func (b *body) land() {
	for _, j := range b.jumps {
		target := -1
		for _, name := range j.names {
			if at, ok := b.labels[name]; ok {
				target = at
				break
			}
		}
		in := &b.kernel.Code[j.instruction]
		o := &in.Operands[j.operand]
		if target < 0 && b.err == nil {
			b.err = &SyntaxError{j.line, in.Op + ": unknown name " + strconv.Quote(o.Name)}
			return
		}
		o.Value = uint64(target)
	}
}

// find is the register of that name, or -1.
func (b *body) find(name string) int {
	for i := len(b.scopes) - 1; i >= 0; i-- {
		if r, ok := b.scopes[i].registers[name]; ok {
			return r
		}
	}
	return -1
}

func (b *body) findVariable(name string) *Variable {
	for i := len(b.scopes) - 1; i >= 0; i-- {
		if v := b.scopes[i].variables[name]; v != nil {
			return v
		}
	}
	return nil
}

func roundUp(n, multiple int) int { return (n + multiple - 1) / multiple * multiple }
