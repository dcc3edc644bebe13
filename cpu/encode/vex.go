package main

import (
	"fmt"
	"strings"
)

// A vex is an instruction of AMX, on tiles TMM0 to TMM7, in the opcodes 0F38. Intel
// 64 and IA-32 Architectures Software Developer's Manual, volume 2, section 2.3.5.
type vex struct {
	name   string
	prefix int // 0 for none, 1 for 66, 2 for F3, 3 for F2
	opcode int
}

// A gpr is a general register by its number in encodings.
type gpr int

const (
	ax, dx, bx, si, di gpr = 0, 2, 3, 6, 7
	r8, r9, r10, r11   gpr = 8, 9, 10, 11
)

func (r gpr) String() string {
	if r >= r8 {
		return fmt.Sprintf("R%d", int(r))
	}
	return [...]string{ax: "AX", dx: "DX", bx: "BX", si: "SI", di: "DI"}[r]
}

// rows are those of a tile in memory: the first is disp bytes behind base, and each
// next one is stride further on.
type rows struct {
	disp         int
	base, stride gpr
}

// bytes joins the parts that all have: what does not lie in ModRM is stored inverted.
func (v vex) bytes(index, base gpr, source int, rest ...int) []byte {
	inverted := func(r gpr) int { return ^int(r) >> 3 & 1 }
	code := []byte{0xC4, byte(1<<7 | inverted(index)<<6 | inverted(base)<<5 | 2), byte(^source&15<<3 | v.prefix), byte(v.opcode)}
	for _, b := range rest {
		code = append(code, byte(b))
	}
	return code
}

// alone is the instruction without operands.
func (v vex) alone() []byte { return v.bytes(0, 0, 0, 3<<6) }

// from is the instruction on 64 bytes at a base, which is none of SP, BP and R12.
func (v vex) from(base gpr) []byte { return v.bytes(0, base, 0, int(base)&7) }

// move is the instruction on a tile and its rows.
func (v vex) move(t int, m rows) []byte {
	return v.bytes(m.stride, m.base, 0, 1<<6|t<<3|4, int(m.stride)&7<<3|int(m.base)&7, m.disp)
}

// on is the instruction on three tiles, in the order of Go's assembler: the
// destination last.
func (v vex) on(src2, src1, dst int) []byte { return v.bytes(0, 0, src2, 3<<6|dst<<3|src1) }

// named defines a name for an instruction's bytes.
func named(code []byte, name string, operands ...any) string {
	for _, o := range operands {
		name += fmt.Sprintf("_%v", o)
	}
	return fmt.Sprintf("#define %s %s\n", name, spelled(code))
}

// spelled is code as Go's assembler takes it.
func spelled(code []byte) string {
	var bytes []string
	for _, b := range code {
		bytes = append(bytes, fmt.Sprintf("BYTE $0x%02X", b))
	}
	return strings.Join(bytes, "; ")
}

// tmm names a tile.
func tmm(t int) string { return fmt.Sprintf("TMM%d", t) }

func (m rows) String() string {
	if m.disp == 0 {
		return fmt.Sprintf("%v_%v", m.base, m.stride)
	}
	return fmt.Sprintf("%d_%v_%v", m.disp, m.base, m.stride)
}
