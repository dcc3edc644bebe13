package main

import (
	"fmt"
	"strconv"
	"strings"
)

// An x86 writes AVX-512 (F only) or AVX2 with FMA.
type x86 struct {
	wide bool // 512 bits
	text
	constants
	registers
	needTail   bool // the file has the mask table
	needBlocks bool // and that of blocks
	storePast  bool // the caches
}

func (m *x86) suffix() string { return map[bool]string{true: "AVX512", false: "AVX2"}[m.wide] }
func (m *x86) lanes() int     { return map[bool]int{true: 16, false: 8}[m.wide] }
func (m *x86) count() int     { return map[bool]int{true: 32, false: 16}[m.wide] }

func (m *x86) scalesExactly() bool { return m.wide }

// x is a register of full width; K registers hold AVX-512's masks.
func (m *x86) x(v *value) string {
	if v.isMask() && m.wide {
		return "K" + strconv.Itoa(v.reg)
	}
	return m.full(v.reg)
}

func (m *x86) full(r int) string {
	return map[bool]string{true: "Z", false: "Y"}[m.wide] + strconv.Itoa(r)
}
func (m *x86) half(r int) string {
	return map[bool]string{true: "Y", false: "X"}[m.wide] + strconv.Itoa(r)
}

// pointers hold the streams; CX counts elements, AX is the next one.
var pointers = [...]string{"DI", "SI", "DX", "R8", "R9", "R10", "R11", "R12"}

// The registers with a fixed part: masks for the tail.
const (
	tailK = 1  // AVX-512
	tailY = 15 // AVX2
)

// kernel writes one function.
func (m *x86) kernel(k *kernel) {
	k.liveness()
	copies := k.copies()
	m.reserve(k, copies)
	m.body(k)
	name := k.name + m.suffix()
	m.comment(fmt.Sprintf("func %s%s", name, k.signature()))
	m.raw(fmt.Sprintf("TEXT ·%s(SB), NOSPLIT, $0-%d", name, k.frame()))
	m.prologue(k, copies)
	step := copies * m.lanes()
	m.line("XORQ AX, AX", "element 0")
	m.line(fmt.Sprintf("SUBQ $%d, CX", step), "where the last whole step starts")
	m.line("JLT rest", "none")
	if k.past {
		m.pastCaches(k)
	}
	m.label("loop")
	m.step(k, copies, false)
	m.line(fmt.Sprintf("ADDQ $%d, AX", step), "next step")
	m.line("CMPQ AX, CX", "a whole one?")
	m.line("JLE loop", "yes")
	m.label("rest")
	m.line(fmt.Sprintf("ADDQ $%d, CX", step), "elements again")
	if copies > 1 {
		m.vectors(k)
	}
	if k.counter == nil { // else whole vectors
		m.line("SUBQ AX, CX", "how many are left")
		m.line("JEQ done", "none")
		m.tailMask()
		m.step(k, 1, true)
	}
	m.label("done")
	m.results(k, copies)
	m.line("VZEROUPPER", "leave no dirty upper halves")
	m.line("RET", "")
	m.raw("")
}

// pastCaches is the loop over long spans.
func (m *x86) pastCaches(k *kernel) {
	m.line(fmt.Sprintf("CMPQ CX, $%d", tileLen-m.lanes()), "no more than a tile?")
	m.line("JLE loop", "so")
	for i, s := range k.streams {
		if s.put == nil {
			continue
		}
		m.line(fmt.Sprintf("TESTQ $%d, %s", 4*m.lanes()-1, pointers[i]), s.name+" not aligned?")
		m.line("JNZ loop", "so")
		for j, source := range k.streams {
			if source.load != nil {
				m.line(fmt.Sprintf("CMPQ %s, %s", pointers[i], pointers[j]), s.name+" is "+source.name+"?")
				m.line("JEQ loop", "so")
			}
		}
	}
	m.storePast = true
	m.label("past")
	m.step(k, 1, false)
	m.storePast = false
	m.line(fmt.Sprintf("ADDQ $%d, AX", m.lanes()), "next step")
	m.line("CMPQ AX, CX", "a whole one?")
	m.line("JLE past", "yes")
	m.line("SFENCE", "before other cores are told")
	m.line("JMP rest", "of the span")
}

// step takes so many vectors, or what is left of one.
func (m *x86) step(k *kernel, copies int, tail bool) {
	for c := range copies {
		m.loads(k, c*m.lanes(), tail)
		m.call(k)
		m.stores(k, c*m.lanes(), tail)
		m.accumulate(k, c, copies, tail)
	}
	if k.counter != nil {
		n := k.word(uint32(m.lanes() / 4))
		m.line(fmt.Sprintf("VPADDD%s %s, %s, %s", m.bcst(n), m.operand(n), m.x(k.counter), m.x(k.counter)), "the next blocks")
	}
}

// vectors is the loop over what whole steps leave, a vector at a time.
func (m *x86) vectors(k *kernel) {
	m.line(fmt.Sprintf("SUBQ $%d, CX", m.lanes()), "where the last whole vector starts")
	m.line("CMPQ AX, CX", "beyond?")
	m.line("JGT short", "yes")
	m.label("vector")
	m.step(k, 1, false)
	m.line(fmt.Sprintf("ADDQ $%d, AX", m.lanes()), "next vector")
	m.line("CMPQ AX, CX", "a whole one?")
	m.line("JLE vector", "yes")
	m.label("short")
	m.line(fmt.Sprintf("ADDQ $%d, CX", m.lanes()), "elements again")
}

// reserve gives scalars and accumulators the registers from the top down, and
// those that sources are loaded into from the bottom up.
func (m *x86) reserve(k *kernel, copies int) {
	top := m.count()
	if !m.wide {
		top = tailY
	}
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
	m.registers = newRegisters(top, m.wide)
	for _, s := range k.streams {
		if s.load != nil && s.load.last > 0 {
			s.load.reg = m.vector.take()
		}
	}
}

// prologue loads the arguments and clears the accumulators.
func (m *x86) prologue(k *kernel, copies int) {
	for i, s := range k.streams {
		m.line(fmt.Sprintf("MOVQ %s_base+%d(FP), %s", s.name, 24*i, pointers[i]), fmt.Sprintf("%s = &%s[0]", pointers[i], s.name))
	}
	m.line(fmt.Sprintf("MOVQ %s_len+8(FP), CX", k.streams[0].name), "CX = elements")
	for i, a := range k.args {
		if a.last == 0 {
			continue
		}
		m.line(fmt.Sprintf("VBROADCASTSS %s+%d(FP), %s", a.name, 24*len(k.streams)+4*i, m.x(a)), fmt.Sprintf("%s = %s, %s, ...", m.x(a), a.name, a.name))
	}
	if k.counter != nil {
		m.blocks(k)
	}
	for _, f := range k.folds {
		for _, r := range f.regs {
			m.loadConst(k.word(neutral[f.how]), r)
		}
	}
}

// blocks adds to the counter, which is the first argument in all lanes, what its
// lanes begin with.
func (m *x86) blocks(k *kernel) {
	m.needBlocks = true
	c := m.x(k.counter)
	m.line(fmt.Sprintf("VBROADCASTSS %s+%d(FP), %s", k.args[1].name, 24*len(k.streams)+4, m.full(0)), k.args[1].name+", in all lanes")
	m.line(fmt.Sprintf("VPUNPCKLQDQ %s, %s, %s", m.full(0), c, c), k.args[0].name+", "+k.args[1].name+", ...")
	m.line(fmt.Sprintf("VPADDD blocks<>(SB), %s, %s", c, c), "and those after them")
}

func (m *x86) address(k *kernel, s *stream, at int) string {
	for i := range k.streams {
		if k.streams[i] == s {
			if at == 0 {
				return fmt.Sprintf("(%s)(AX*4)", pointers[i])
			}
			return fmt.Sprintf("%d(%s)(AX*4)", 4*at, pointers[i])
		}
	}
	panic("no such stream")
}

func (m *x86) loads(k *kernel, at int, tail bool) {
	for _, s := range k.streams {
		if s.load == nil || s.load.last == 0 {
			continue
		}
		from, to := m.address(k, s, at), m.full(s.load.reg)
		switch {
		case !tail:
			m.line(fmt.Sprintf("VMOVUPS %s, %s", from, to), "next of "+s.name)
		case m.wide:
			m.line(fmt.Sprintf("VMOVUPS.Z %s, K%d, %s", from, tailK, to), "last of "+s.name)
		default:
			m.line(fmt.Sprintf("VMASKMOVPS %s, Y%d, %s", from, tailY, to), "last of "+s.name)
		}
	}
}

func (m *x86) stores(k *kernel, at int, tail bool) {
	for _, s := range k.streams {
		if s.put == nil {
			continue
		}
		to, from := m.address(k, s, at), m.full(s.put.reg)
		switch {
		case m.storePast:
			m.line(fmt.Sprintf("VMOVNTPS %s, %s", from, to), s.name+" = "+s.put.name)
		case !tail:
			m.line(fmt.Sprintf("VMOVUPS %s, %s", from, to), s.name+" = "+s.put.name)
		case m.wide:
			m.line(fmt.Sprintf("VMOVUPS %s, K%d, %s", from, tailK, to), s.name+" = "+s.put.name)
		default:
			m.line(fmt.Sprintf("VMASKMOVPS %s, Y%d, %s", from, tailY, to), s.name+" = "+s.put.name)
		}
	}
}

// tailMask selects the first CX lanes.
func (m *x86) tailMask() {
	if m.wide {
		m.line("MOVL $1, BX", "a bit")
		m.line("SHLL CX, BX", "2^left")
		m.line("DECL BX", "ones for those left")
		m.line(fmt.Sprintf("KMOVW BX, K%d", tailK), "as a mask")
		return
	}
	m.needTail = true
	m.line("NEGQ CX", "-left")
	m.line("LEAQ lanes<>+32(SB), BX", "ones before, zeros from here on")
	m.line(fmt.Sprintf("VMOVUPS (BX)(CX*4), Y%d", tailY), "ones for those left")
}

// body defines the macro that computes the values of one vector.
func (m *x86) body(k *kernel) {
	m.begin(fmt.Sprintf("%s%s", strings.ToUpper(k.name), "_"))
	for i, v := range k.values {
		if v.last > 0 && v.op != opLoad {
			m.emit(v, i+1)
		}
	}
	for _, s := range k.streams {
		if s.put != nil && s.put.isConst() {
			m.materialize(s.put)
		}
	}
	m.end()
}

func (m *x86) call(k *kernel) {
	if m.bodyLines > 0 {
		m.raw("\t" + strings.ToUpper(k.name) + "_")
	}
}

// operand is v as the last source of an instruction: a register or, for a
// constant, memory.
func (m *x86) operand(v *value) string {
	if v.isConst() {
		return m.scalar(v.bits, v.name)
	}
	return m.x(v)
}

// bcst is the suffix of an instruction whose last source is a constant.
func (m *x86) bcst(v *value) string {
	if v.isConst() && m.wide {
		return ".BCST"
	}
	return ""
}

// materialize loads a constant into a register.
func (m *x86) materialize(v *value) {
	v.reg = m.vector.take()
	m.loadConst(v, v.reg)
}

func (m *x86) loadConst(v *value, r int) {
	if v.bits == 0 {
		m.line(fmt.Sprintf("%s %s, %s, %s", m.mnemonic(opXor), m.full(r), m.full(r), m.full(r)), "0")
		return
	}
	m.line(fmt.Sprintf("VBROADCASTSS %s, %s", m.scalar(v.bits, v.name), m.full(r)), v.name)
}

var mnemonics = map[opcode]string{
	opAdd: "VADDPS", opSub: "VSUBPS", opMul: "VMULPS", opDiv: "VDIVPS", opMax: "VMAXPS", opMin: "VMINPS",
	opScale: "VSCALEFPS", opAnd: "VANDPS", opOr: "VORPS", opXor: "VXORPS",
	opIAdd: "VPADDD", opISub: "VPSUBD", opProduct: "VPMULUDQ",
	opZipLow: "VPUNPCKLDQ", opZipHigh: "VPUNPCKHDQ", opZipPairs: "VPUNPCKLQDQ",
}

// AVX-512F has the bitwise ones for integers only.
var mnemonics512 = map[opcode]string{opAnd: "VPANDD", opOr: "VPORD", opXor: "VPXORD"}

var commutes = map[opcode]bool{
	opAdd: true, opMul: true, opAnd: true, opOr: true, opXor: true, opIAdd: true,
}

func (m *x86) mnemonic(op opcode) string {
	if name, ok := mnemonics512[op]; ok && m.wide {
		return name
	}
	return mnemonics[op]
}

// scalar is a constant in memory: one word for AVX-512, which spreads it over a
// vector as it loads, a whole vector for AVX2.
func (m *x86) scalar(bits uint32, name string) string {
	return fmt.Sprintf("constants<>+%d(SB)", m.stride()*m.at(bits, name))
}

func (m *x86) stride() int { return map[bool]int{true: 4, false: 32}[m.wide] }

// finish returns the file: header, constants, functions.
func (m *x86) finish() string {
	m.flush()
	var b strings.Builder
	b.WriteString("// Code generated by cpu/asm; DO NOT EDIT.\n\n#include \"textflag.h\"\n\n")
	if !m.wide {
		b.WriteString("// SPREAD fills a vector with a pair of equal words.\n#define SPREAD(at, pair) \\\n")
		for i := range 4 {
			end := " \\\n"
			if i == 3 {
				end = "\n\n"
			}
			fmt.Fprintf(&b, "\tDATA constants<>+at+%d(SB)/8, $pair /* words %d and %d */%s", 8*i, 2*i, 2*i+1, end)
		}
	}
	for i, bits := range m.bits {
		if m.wide {
			fmt.Fprintf(&b, "DATA constants<>+%d(SB)/4, $%#08x // %s\n", 4*i, bits, m.constants.name[bits])
		} else {
			fmt.Fprintf(&b, "SPREAD(%d, 0x%08x%08x) // %s\n", 32*i, bits, bits, m.constants.name[bits])
		}
	}
	fmt.Fprintf(&b, "GLOBL constants<>(SB), RODATA|NOPTR, $%d\n\n", m.stride()*len(m.bits))
	if m.needTail {
		b.WriteString("// lanes is a mask of eight lanes and then of none.\n")
		for i := range 4 {
			fmt.Fprintf(&b, "DATA lanes<>+%d(SB)/8, $-1 // two lanes\n", 8*i)
		}
		b.WriteString("DATA lanes<>+56(SB)/8, $0 // none\nGLOBL lanes<>(SB), RODATA|NOPTR, $64\n\n")
	}
	if m.needBlocks {
		b.WriteString("// blocks are what 64-bit lanes count from.\n")
		for i := range m.lanes() / 2 {
			fmt.Fprintf(&b, "DATA blocks<>+%d(SB)/8, $%d // lane %d\n", 8*i, i/2, i)
		}
		fmt.Fprintf(&b, "GLOBL blocks<>(SB), RODATA|NOPTR, $%d\n\n", 4*m.lanes())
	}
	return b.String() + strings.TrimRight(m.out.String(), "\n") + "\n"
}
