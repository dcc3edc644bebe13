package main

import "fmt"

// A neonSlide writes slides for arm64: strips are two vectors of four.
type neonSlide struct{ text }

var neonRegisters = map[string]string{
	"s": "R0", "at": "R1", "left": "R2", "column": "R3", "step": "R4", "init": "R5", "lines": "R5", "y": "R6", "x0": "R7", "x1": "R8", "x2": "R9",
	"xMove": "R10", "yMove": "R11", "initMove": "R12", "field": "R13",
}

func (m *neonSlide) vectors() int { return 2 }
func (m *neonSlide) lanes() int   { return 4 }
func (m *neonSlide) strip()       {}

func (m *neonSlide) begin(function, arguments string, size int) {
	function += "8"
	m.comment(fmt.Sprintf("func %s(%s)", function, arguments))
	m.raw(fmt.Sprintf("TEXT ·%s(SB), NOSPLIT, $0-%d", function, size))
	m.line(fmt.Sprintf("MOVD s+%d(FP), R0", size-8), "R0 = s")
}

func (m *neonSlide) address(to, slice string, frame int) {
	r := neonRegisters[to]
	m.line(fmt.Sprintf("MOVD %s_base+%d(FP), %s", slice, frame, r), fmt.Sprintf("%s = &%s[0]", r, slice))
	m.line(fmt.Sprintf("ADD R1<<2, %s, %s", r, r), "at this strip")
}

func (m *neonSlide) shift(to, field string) {
	r := neonRegisters[to]
	m.number("field", field)
	m.line(fmt.Sprintf("ADD R13<<2, %s, %s", r, r), fmt.Sprintf("%s += so many elements", to))
}

func (m *neonSlide) bytes(to, field string) {
	m.number(to, field)
	m.line(fmt.Sprintf("LSL $2, %s, %s", neonRegisters[to], neonRegisters[to]), "in bytes")
}

func (m *neonSlide) number(to, field string) {
	m.line(fmt.Sprintf("MOVD %s(R0), %s", slideField(field), neonRegisters[to]), fmt.Sprintf("%s = s.%s", neonRegisters[to], field))
}

func (m *neonSlide) set(to string, n int) {
	m.line(fmt.Sprintf("MOVD $%d, %s", n, neonRegisters[to]), fmt.Sprintf("%s = %d", to, n))
}

func (m *neonSlide) add(to, by string) {
	m.line(fmt.Sprintf("ADD %s, %s, %[2]s", neonRegisters[by], neonRegisters[to]), fmt.Sprintf("%s += %s", to, by))
}

func (m *neonSlide) addNumber(to string, n int) {
	m.line(fmt.Sprintf("ADD $%d, %s, %[2]s", n, neonRegisters[to]), fmt.Sprintf("%s += %d", to, n))
}

func (m *neonSlide) less(to, from, field string) {
	m.number("field", field)
	m.line(fmt.Sprintf("SUB R13, %s, %s", neonRegisters[from], neonRegisters[to]), fmt.Sprintf("%s = %s - s.%s", to, from, field))
}

func (m *neonSlide) ifEqual(a string, n int, label string) {
	m.compareNumber(a, n, "BEQ", label, fmt.Sprintf("%s == %d?", a, n))
}

func (m *neonSlide) ifBelow(a string, n int, label string) {
	m.compareNumber(a, n, "BLT", label, fmt.Sprintf("%s < %d?", a, n))
}

func (m *neonSlide) ifPositive(a, label string) {
	m.compareNumber(a, 0, "BGT", label, a+" > 0?")
}

// compareNumber jumps if a stands in a relation to n, and compareField if to
// s.field.
func (m *neonSlide) compareNumber(a string, n int, jump, label, note string) {
	m.line(fmt.Sprintf("CMP $%d, %s", n, neonRegisters[a]), note)
	m.line(jump+" "+label, "yes")
}

func (m *neonSlide) compareField(a, field, jump, label, note string) {
	m.number("field", field)
	m.line(fmt.Sprintf("CMP R13, %s", neonRegisters[a]), note)
	m.line(jump+" "+label, "yes")
}

func (m *neonSlide) ifLess(a, field, label string) {
	m.compareField(a, field, "BLT", label, a+" < it?")
}

func (m *neonSlide) ifNotLess(a, field, label string) {
	m.compareField(a, field, "BGE", label, a+" >= it?")
}

func (m *neonSlide) ifOutside(a, field, label string) {
	m.compareField(a, field, "BHS", label, a+" < 0, or >= it?")
}

func (m *neonSlide) jump(label string) { m.line("JMP "+label, "go on") }
func (m *neonSlide) done()             { m.line("RET", "") }

func (m *neonSlide) load(v int, from string, i int, note string) {
	m.line(fmt.Sprintf("FMOVQ %d(%s), F%d", 16*i, neonRegisters[from], v), note)
}

func (m *neonSlide) store(v int, to string, i int, note string) {
	m.line(fmt.Sprintf("FMOVQ F%d, %d(%s)", v, 16*i, neonRegisters[to]), note)
}

func (m *neonSlide) move(from, to int, note string) {
	m.line(fmt.Sprintf("VMOV V%d.B16, V%d.B16", from, to), note)
}

func (m *neonSlide) clear(v int, note string) {
	m.line(fmt.Sprintf("VEOR V%d.B16, V%d.B16, V%d.B16", v, v, v), note)
}

func (m *neonSlide) fma(a, b, to int, note string) {
	m.line(fmt.Sprintf("VFMLA V%d.S4, V%d.S4, V%d.S4", a, b, to), note)
}

func (m *neonSlide) finish() string { return slideFile(&m.text) }
