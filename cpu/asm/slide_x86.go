package main

import "fmt"

// An x86Slide writes slides for AVX-512, whose strips are two vectors, masked, or
// AVX2: one vector, whole ones only.
type x86Slide struct {
	wide bool // 512 bits
	text
}

var x86Registers = map[string]string{
	"left": "AX", "s": "BX", "column": "CX", "step": "DX", "init": "SI", "lines": "SI", "y": "DI", "x0": "R8", "x1": "R9", "x2": "R10",
	"xMove": "R11", "yMove": "R12", "initMove": "R13", "at": "R14",
}

func (m *x86Slide) vectors() int { return map[bool]int{true: 2, false: 1}[m.wide] }
func (m *x86Slide) lanes() int   { return map[bool]int{true: 16, false: 8}[m.wide] }

func (m *x86Slide) begin(function, arguments string, size int) {
	function += map[bool]string{true: "AVX512", false: "AVX2"}[m.wide]
	if !m.wide {
		function = map[string]string{"slideAVX2": "slide8", "slideGradAVX2": "slideGrad8"}[function]
	}
	m.comment(fmt.Sprintf("func %s(%s)", function, arguments))
	m.raw(fmt.Sprintf("TEXT ·%s(SB), NOSPLIT, $0-%d", function, size))
	m.line(fmt.Sprintf("MOVQ s+%d(FP), BX", size-8), "BX = s")
}

// strip sets K1 and K2 to the channels of the strip's vectors.
func (m *x86Slide) strip() {
	if !m.wide {
		return
	}
	m.number("left", "channels")
	m.line("SUBQ R14, AX", "channels left")
	m.line("MOVQ $32, DX", "those of a strip")
	m.line("CMPQ AX, DX", "more left?")
	m.line("CMOVQGT DX, AX", "AX = channels of this strip")
	m.line("MOVL $-1, DX", "all lanes")
	m.line("BZHIL AX, DX, DX", "the AX lower ones")
	m.line("KMOVW DX, K1", "K1 = those of the first vector")
	m.line("SHRL $16, DX", "what is left")
	m.line("KMOVW DX, K2", "K2 = those of the second")
}

func (m *x86Slide) address(to, slice string, frame int) {
	r := x86Registers[to]
	m.line(fmt.Sprintf("MOVQ %s_base+%d(FP), %s", slice, frame, r), fmt.Sprintf("%s = &%s[0]", r, slice))
	m.line(fmt.Sprintf("LEAQ (%s)(R14*4), %s", r, r), "at this strip")
}

func (m *x86Slide) shift(to, field string) {
	r := x86Registers[to]
	m.number("left", field)
	m.line(fmt.Sprintf("LEAQ (%s)(AX*4), %s", r, r), fmt.Sprintf("%s += so many elements", to))
}

func (m *x86Slide) bytes(to, field string) {
	m.number(to, field)
	m.line(fmt.Sprintf("SHLQ $2, %s", x86Registers[to]), "in bytes")
}

func (m *x86Slide) number(to, field string) {
	m.line(fmt.Sprintf("MOVQ %s, %s", x86Field(field), x86Registers[to]), fmt.Sprintf("%s = s.%s", x86Registers[to], field))
}

func x86Field(name string) string { return fmt.Sprintf("%s(BX)", slideField(name)) }

func (m *x86Slide) set(to string, n int) {
	m.line(fmt.Sprintf("MOVQ $%d, %s", n, x86Registers[to]), fmt.Sprintf("%s = %d", to, n))
}

func (m *x86Slide) add(to, by string) {
	m.line(fmt.Sprintf("ADDQ %s, %s", x86Registers[by], x86Registers[to]), fmt.Sprintf("%s += %s", to, by))
}

func (m *x86Slide) addNumber(to string, n int) {
	m.line(fmt.Sprintf("ADDQ $%d, %s", n, x86Registers[to]), fmt.Sprintf("%s += %d", to, n))
}

func (m *x86Slide) less(to, from, field string) {
	m.line(fmt.Sprintf("MOVQ %s, %s", x86Registers[from], x86Registers[to]), fmt.Sprintf("%s = %s", to, from))
	m.line(fmt.Sprintf("SUBQ %s, %s", x86Field(field), x86Registers[to]), fmt.Sprintf("%s -= s.%s", to, field))
}

// compare jumps if a stands in a relation to b.
func (m *x86Slide) compare(a, b, jump, label, note string) {
	m.line(fmt.Sprintf("CMPQ %s, %s", x86Registers[a], b), note)
	m.line(jump+" "+label, "yes")
}

func (m *x86Slide) ifEqual(a string, n int, label string) {
	m.compare(a, fmt.Sprintf("$%d", n), "JEQ", label, fmt.Sprintf("%s == %d?", a, n))
}

func (m *x86Slide) ifBelow(a string, n int, label string) {
	m.compare(a, fmt.Sprintf("$%d", n), "JLT", label, fmt.Sprintf("%s < %d?", a, n))
}

func (m *x86Slide) ifPositive(a, label string) {
	m.compare(a, "$0", "JGT", label, a+" > 0?")
}

func (m *x86Slide) ifLess(a, field, label string) {
	m.compare(a, x86Field(field), "JLT", label, fmt.Sprintf("%s < s.%s?", a, field))
}

func (m *x86Slide) ifNotLess(a, field, label string) {
	m.compare(a, x86Field(field), "JGE", label, fmt.Sprintf("%s >= s.%s?", a, field))
}

func (m *x86Slide) ifOutside(a, field, label string) {
	m.compare(a, x86Field(field), "JCC", label, fmt.Sprintf("%s < 0, or >= s.%s?", a, field))
}

func (m *x86Slide) jump(label string) { m.line("JMP "+label, "go on") }

func (m *x86Slide) done() {
	m.line("VZEROUPPER", "leave no dirty upper halves")
	m.line("RET", "")
}

// v is a vector register.
func (m *x86Slide) v(r int) string {
	return fmt.Sprintf("%s%d", map[bool]string{true: "Z", false: "Y"}[m.wide], r)
}

func (m *x86Slide) load(v int, from string, i int, note string) {
	if m.wide {
		m.line(fmt.Sprintf("VMOVUPS.Z %d(%s), K%d, %s", 64*i, x86Registers[from], i+1, m.v(v)), note)
	} else {
		m.line(fmt.Sprintf("VMOVUPS (%s), %s", x86Registers[from], m.v(v)), note)
	}
}

func (m *x86Slide) store(v int, to string, i int, note string) {
	if m.wide {
		m.line(fmt.Sprintf("VMOVUPS %s, K%d, %d(%s)", m.v(v), i+1, 64*i, x86Registers[to]), note)
	} else {
		m.line(fmt.Sprintf("VMOVUPS %s, (%s)", m.v(v), x86Registers[to]), note)
	}
}

func (m *x86Slide) move(from, to int, note string) {
	m.line(fmt.Sprintf("VMOVAPS %s, %s", m.v(from), m.v(to)), note)
}

func (m *x86Slide) clear(v int, note string) {
	name := map[bool]string{true: "VPXORD", false: "VXORPS"}[m.wide]
	m.line(fmt.Sprintf("%s %s, %s, %s", name, m.v(v), m.v(v), m.v(v)), note)
}

func (m *x86Slide) fma(a, b, to int, note string) {
	m.line(fmt.Sprintf("VFMADD231PS %s, %s, %s", m.v(a), m.v(b), m.v(to)), note)
}

func (m *x86Slide) finish() string { return slideFile(&m.text) }
