package main

import (
	"fmt"
	"strings"
)

// A neon writes arm64 code: vectors of four, with the tail one element at a time.
// Instructions that Go's assembler lacks are words; see neon_encode.go.
type neon struct {
	text
	constants
	registers
}

func (m *neon) suffix() string      { return "NEON" }
func (m *neon) scalesExactly() bool { return false }

// The registers with a part of their own. Streams lie in R0 and up.
const (
	left  = "R11" // elements left
	table = "R10" // the constants
)

// kernel writes one function.
func (m *neon) kernel(k *kernel) {
	k.liveness()
	copies := k.copies()
	m.reserve(k, copies)
	m.body(k)
	name := k.name + m.suffix()
	m.comment(fmt.Sprintf("func %s%s", name, k.signature()))
	m.raw(fmt.Sprintf("TEXT ·%s(SB), NOSPLIT, $0-%d", name, k.frame()))
	m.prologue(k)
	if copies > 1 {
		m.loop(k, "loop", "short", copies)
		m.label("short")
	}
	m.loop(k, "vector", "rest", 1)
	m.label("rest")
	if !k.leavesNone() {
		m.singles(k)
	}
	m.results(k)
	m.line("RET", "")
	m.raw("")
}

// singles takes what whole vectors leave, an element at a time.
func (m *neon) singles(k *kernel) {
	m.line(fmt.Sprintf("CBZ %s, done", left), "none left")
	m.label("one")
	m.step(k, 0, 1, true)
	m.line(fmt.Sprintf("SUB $1, %s, %s", left, left), "one less")
	m.line(fmt.Sprintf("CBNZ %s, one", left), "until none is left")
	m.label("done")
}

// loop takes copies of four elements at a time while there are as many.
func (m *neon) loop(k *kernel, name, after string, copies int) {
	m.line(fmt.Sprintf("CMP $%d, %s", 4*copies, left), "so many left?")
	m.line("BLT "+after, "no")
	m.label(name)
	for c := range copies {
		m.step(k, c, copies, false)
	}
	m.line(fmt.Sprintf("SUB $%d, %s, %s", 4*copies, left, left), "less")
	m.line(fmt.Sprintf("CMP $%d, %s", 4*copies, left), "as many left?")
	m.line("BGE "+name, "yes")
}

// step is vector c of so many, or one element in a vector's first lane.
func (m *neon) step(k *kernel, c, copies int, single bool) {
	for i, s := range k.streams {
		if s.load != nil && s.load.last > 0 {
			m.move(i, s, s.load.reg, true, single, "next of "+s.name)
		}
	}
	if m.bodyLines > 0 {
		m.raw("\t" + strings.ToUpper(k.name) + "_")
	}
	for i, s := range k.streams {
		if s.put != nil {
			m.move(i, s, s.put.reg, false, single, s.name+" = "+s.put.name)
		}
	}
	m.accumulate(k, c, copies, single)
	if k.counter != nil {
		n := m.vector.take()
		m.loadConst(k.word(1), n)
		m.word(words[opIAdd], k.counter.reg, k.counter.reg, n, "the next blocks")
		m.vector.give(n)
	}
}

// move loads or stores; the last of a stream's moves steps on.
func (m *neon) move(i int, s *stream, r int, load, single bool, note string) {
	post := load == (s.put == nil)
	if s.low {
		m.moveLow(i, r, load, post, note)
		return
	}
	memory := fmt.Sprintf("(R%d)", i)
	if post {
		memory = fmt.Sprintf("%d(R%d)", map[bool]int{false: 16, true: 4}[single], i)
	}
	name, register := map[bool]string{false: "VST1", true: "VLD1"}[load], fmt.Sprintf("[V%d.S4]", r)
	if single {
		name, register = "FMOVS", fmt.Sprintf("F%d", r)
	}
	if post {
		name += ".P"
	}
	if load {
		m.line(fmt.Sprintf("%s %s, %s", name, memory, register), note)
	} else {
		m.line(fmt.Sprintf("%s %s, %s", name, register, memory), note)
	}
}

// moveLow is move for four bfloat16.
func (m *neon) moveLow(i, r int, load, post bool, note string) {
	suffix, memory := "", fmt.Sprintf("(R%d)", i)
	if post {
		suffix, memory = ".P", "8"+memory
	}
	if load {
		m.line(fmt.Sprintf("VLD1%s %s, [V%d.H4]", suffix, memory, r), note)
		m.line(fmt.Sprintf("VUXTL V%d.H4, V%d.S4", r, r), "as 32 bits each")
		m.line(fmt.Sprintf("VSHL $16, V%d.S4, V%d.S4", r, r), "as upper halves")
		return
	}
	m.line(fmt.Sprintf("VUZP2 V%d.H8, V%d.H8, V%d.H8", r, r, r), "the upper halves, twice")
	m.line(fmt.Sprintf("VST1%s [V%d.H4], %s", suffix, r, memory), note)
}

// reserve gives registers like x86's.
func (m *neon) reserve(k *kernel, copies int) {
	top := 32
	for _, a := range k.args {
		if a.last > 0 {
			top--
			a.reg = top
		}
	}
	for _, f := range k.folds {
		f.regs = nil
		for range f.accumulators(copies) {
			top--
			f.regs = append(f.regs, top)
		}
		if f.four {
			top--
			f.part = top
		}
	}
	m.registers = newRegisters(top, false)
	for _, s := range k.streams {
		if s.load != nil && s.load.last > 0 {
			s.load.reg = m.vector.take()
		}
	}
}

// prologue loads the arguments and clears the accumulators.
func (m *neon) prologue(k *kernel) {
	for i, s := range k.streams {
		m.line(fmt.Sprintf("MOVD %s_base+%d(FP), R%d", s.name, 24*i, i), fmt.Sprintf("R%d = &%s[0]", i, s.name))
	}
	m.line(fmt.Sprintf("MOVD %s_len+8(FP), %s", k.streams[0].name, left), "elements")
	m.line(fmt.Sprintf("MOVD $constants<>(SB), %s", table), "the constants")
	for i, a := range k.args {
		if a.last > 0 {
			m.line(fmt.Sprintf("FMOVS %s+%d(FP), F%d", a.name, 24*len(k.streams)+4*i, a.reg), a.name)
			m.line(fmt.Sprintf("VDUP V%d.S[0], V%d.S4", a.reg, a.reg), a.name+", "+a.name+", ...")
		}
	}
	if k.counter != nil {
		c := k.counter.reg
		m.line(fmt.Sprintf("FMOVS %s+%d(FP), F0", k.args[1].name, 24*len(k.streams)+4), k.args[1].name)
		m.line(fmt.Sprintf("VZIP1 V0.D2, V%d.D2, V%d.D2", c, c), k.args[0].name+", "+k.args[1].name)
	}
	for _, f := range k.folds {
		for _, r := range f.regs {
			m.loadConst(k.word(neutral[f.how]), r)
		}
	}
}

// body defines the macro that computes the values of one vector.
func (m *neon) body(k *kernel) {
	m.begin(strings.ToUpper(k.name) + "_")
	for i, v := range k.values {
		if v.last > 0 && v.op != opLoad {
			m.emit(v, i+1)
		}
	}
	for _, s := range k.streams {
		if s.put != nil && s.put.isConst() {
			s.put.reg = m.vector.take()
			m.loadConst(s.put, s.put.reg)
		}
	}
	m.end()
}

func (m *neon) loadConst(v *value, r int) {
	m.line(fmt.Sprintf("FMOVQ %d(%s), F%d", 16*m.at(v.bits, v.name), table, r), v.name)
}

// emit writes the instructions of v, which step computes. Constants are loaded
// first, into registers that are free again after it.
func (m *neon) emit(v *value, step int) {
	accumulates := v.op == opFMA || v.op == opFNMA
	for i, in := range v.in {
		if in.isConst() && !(accumulates && i == 2) {
			in.reg = m.vector.take()
			m.loadConst(in, in.reg)
			defer m.vector.give(in.reg)
		}
	}
	switch {
	case accumulates:
		m.fma(v, step)
	case v.op == opBlend:
		m.blend(v, step)
	case v.op == opXor3:
		m.xor3(v, step)
	default:
		m.release(v, step, nil)
		m.place(v)
		m.compute(v)
	}
}

// compute writes an instruction whose result may be any register.
func (m *neon) compute(v *value) {
	n := v.in[0].reg
	switch v.op {
	case opSqrt:
		m.word(fsqrt, v.reg, n, 0, v.note())
	case opFloat:
		m.word(scvtf, v.reg, n, 0, v.note())
	case opSar:
		m.word(sshr.by(64-v.bits), v.reg, n, 0, v.note())
	case opUpper:
		m.line(fmt.Sprintf("VUSHR $32, V%d.D2, V%d.D2", n, v.reg), v.note())
	case opProduct:
		m.word(xtn, v.reg, n, 0, "lower halves")
		m.word(umull, v.reg, v.reg, v.in[1].reg, v.note())
	case opZipLow:
		m.line(fmt.Sprintf("VZIP1 V%d.S4, V%d.S4, V%d.S4", v.in[1].reg, n, v.reg), v.note())
	case opZipHigh:
		m.line(fmt.Sprintf("VZIP2 V%d.S4, V%d.S4, V%d.S4", v.in[1].reg, n, v.reg), v.note())
	case opZipPairs:
		m.line(fmt.Sprintf("VZIP1 V%d.D2, V%d.D2, V%d.D2", v.in[1].reg, n, v.reg), v.note())
	case opShl:
		m.line(fmt.Sprintf("VSHL $%d, V%d.S4, V%d.S4", v.bits, n, v.reg), v.note())
	case opAnd, opKeep:
		m.bytes("VAND", v)
	case opOr:
		m.bytes("VORR", v)
	case opXor:
		m.bytes("VEOR", v)
	default:
		m.word(words[v.op], v.reg, n, v.in[1].reg, v.note())
	}
}

// bytes writes a bitwise instruction.
func (m *neon) bytes(name string, v *value) {
	m.line(fmt.Sprintf("%s V%d.B16, V%d.B16, V%d.B16", name, v.in[1].reg, v.in[0].reg, v.reg), v.note())
}

// over makes the result of v take the place of in, of which it is computed.
func (m *neon) over(v, in *value, step int) {
	switch {
	case in.ends(step):
		v.reg = in.reg
		m.release(v, step, in)
	case in.isConst() && v.op != opBlend:
		m.place(v)
		m.loadConst(in, v.reg)
		m.release(v, step, nil)
	default:
		m.place(v)
		m.line(fmt.Sprintf("VMOV V%d.B16, V%d.B16", in.reg, v.reg), in.name)
		m.release(v, step, nil)
	}
}

func (m *neon) fma(v *value, step int) {
	m.over(v, v.in[2], step)
	name := map[opcode]string{opFMA: "VFMLA", opFNMA: "VFMLS"}[v.op]
	m.line(fmt.Sprintf("%s V%d.S4, V%d.S4, V%d.S4", name, v.in[1].reg, v.in[0].reg, v.reg), v.note())
}

func (m *neon) xor3(v *value, step int) {
	a, b, c := v.in[0], v.in[1], v.in[2]
	v.reg = a.reg
	m.release(v, step, a)
	m.line(fmt.Sprintf("VEOR V%d.B16, V%d.B16, V%d.B16", b.reg, v.reg, v.reg), a.name+" ^ "+b.name)
	m.line(fmt.Sprintf("VEOR V%d.B16, V%d.B16, V%d.B16", c.reg, v.reg, v.reg), v.note())
}

func (m *neon) blend(v *value, step int) {
	m.over(v, v.in[0], step)
	m.line(fmt.Sprintf("VBSL V%d.B16, V%d.B16, V%d.B16", v.in[2].reg, v.in[1].reg, v.reg), v.note())
}

// finish returns the file: header, constants, functions.
func (m *neon) finish() string {
	m.flush()
	var b strings.Builder
	b.WriteString("// Code generated by cpu/asm; DO NOT EDIT.\n\n#include \"textflag.h\"\n\n")
	b.WriteString("// SPREAD fills a vector with a pair of equal words.\n#define SPREAD(at, pair) \\\n" +
		"\tDATA constants<>+at+0(SB)/8, $pair /* words 0 and 1 */ \\\n\tDATA constants<>+at+8(SB)/8, $pair /* words 2 and 3 */\n\n")
	for i, bits := range m.bits {
		fmt.Fprintf(&b, "SPREAD(%d, 0x%08x%08x) // %s\n", 16*i, bits, bits, m.constants.name[bits])
	}
	fmt.Fprintf(&b, "GLOBL constants<>(SB), RODATA|NOPTR, $%d\n\n", max(16, 16*len(m.bits)))
	return b.String() + strings.TrimRight(m.out.String(), "\n") + "\n"
}
