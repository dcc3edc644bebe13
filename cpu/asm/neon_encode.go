package main

import "fmt"

// An encoding is an instruction of Advanced SIMD without its registers; see the
// Arm Architecture Reference Manual, C7.2.
type encoding struct {
	name  string // as GNU's assembler has it; %d are the registers
	bits  uint32
	three bool // has a second source
}

var (
	fsqrt   = encoding{"fsqrt v%d.4s, v%d.4s", 0x6EA1F800, false}
	scvtf   = encoding{"scvtf v%d.4s, v%d.4s", 0x4E21D800, false}
	sshr    = encoding{"sshr v%d.4s, v%d.4s", 0x4F000400, false}
	fcvtl   = encoding{"fcvtl v%d.2d, v%d.2s", 0x0E617800, false}
	fcvtl2  = encoding{"fcvtl2 v%d.2d, v%d.4s", 0x4E617800, false}
	fadd64  = encoding{"fadd v%d.2d, v%d.2d, v%d.2d", 0x4E60D400, true}
	fmla64  = encoding{"fmla v%d.2d, v%d.2d, v%d.2d", 0x4E60CC00, true}
	faddp64 = encoding{"faddp d%d, v%d.2d", 0x7E70D800, false}
	xtn     = encoding{"xtn v%d.2s, v%d.2d", 0x0EA12800, false}
	umull   = encoding{"umull v%d.2d, v%d.2s, v%d.2s", 0x2EA0C000, true}
	fmaxv   = encoding{"fmaxv s%d, v%d.4s", 0x6E30F800, false}
	fminv   = encoding{"fminv s%d, v%d.4s", 0x6EB0F800, false}
)

// words are the instructions of two sources.
var words = map[opcode]encoding{
	opAdd:      {"fadd v%d.4s, v%d.4s, v%d.4s", 0x4E20D400, true},
	opSub:      {"fsub v%d.4s, v%d.4s, v%d.4s", 0x4EA0D400, true},
	opMul:      {"fmul v%d.4s, v%d.4s, v%d.4s", 0x6E20DC00, true},
	opDiv:      {"fdiv v%d.4s, v%d.4s, v%d.4s", 0x6E20FC00, true},
	opMax:      {"fmax v%d.4s, v%d.4s, v%d.4s", 0x4E20F400, true},
	opMin:      {"fmin v%d.4s, v%d.4s, v%d.4s", 0x4EA0F400, true},
	opGreater:  {"fcmgt v%d.4s, v%d.4s, v%d.4s", 0x6EA0E400, true},
	opEqual:    {"fcmeq v%d.4s, v%d.4s, v%d.4s", 0x4E20E400, true},
	opIGreater: {"cmgt v%d.4s, v%d.4s, v%d.4s", 0x4EA03400, true},
	opIAdd:     {"add v%d.4s, v%d.4s, v%d.4s", 0x4EA08400, true},
	opISub:     {"sub v%d.4s, v%d.4s, v%d.4s", 0x6EA08400, true},
}

// by is a shift with its distance, as the manual counts it.
func (e encoding) by(distance uint32) encoding {
	e.name += fmt.Sprintf(", #%d", 64-distance)
	e.bits |= distance << 16
	return e
}

// encode is the word of an instruction on registers.
func (e encoding) encode(d, n, m int) uint32 {
	word := e.bits | uint32(n)<<5 | uint32(d)
	if e.three {
		word |= uint32(m) << 16
	}
	return word
}

// on is the instruction on registers.
func (e encoding) on(d, n, m int) string {
	if e.three {
		return fmt.Sprintf(e.name, d, n, m)
	}
	return fmt.Sprintf(e.name, d, n)
}

// word writes an instruction that Go's assembler lacks.
func (m *neon) word(e encoding, d, n, s int, note string) {
	m.line(fmt.Sprintf("WORD $0x%08X", e.encode(d, n, s)), e.on(d, n, s)+": "+note)
}
