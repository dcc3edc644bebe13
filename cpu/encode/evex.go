package main

import "fmt"

// An evex is an instruction of AVX-512 on three registers of 512 bits. Intel 64
// and IA-32 Architectures Software Developer's Manual, volume 2, section 2.7.
type evex struct {
	name   string
	prefix int // 0 for none, 1 for 66, 2 for F3, 3 for F2
	table  int // of opcodes: 1 for 0F, 2 for 0F38, 3 for 0F3A
	opcode int
}

// on is the instruction's bytes for registers of these numbers, in the order of
// Go's assembler: the destination last. A register's number is cut up, and what
// does not lie in ModRM is stored inverted.
func (e evex) on(src2, src1, dst int) []byte {
	inverted := func(reg, bit int) int { return ^reg >> bit & 1 }
	return []byte{
		0x62,
		byte(inverted(dst, 3)<<7 | inverted(src2, 4)<<6 | inverted(src2, 3)<<5 | inverted(dst, 4)<<4 | e.table),
		byte(^src1&15<<3 | 1<<2 | e.prefix),
		byte(2<<5 | inverted(src1, 4)<<3), // 2 says 512 bits; no mask
		byte(e.opcode),
		byte(3<<6 | dst&7<<3 | src2&7),
	}
}

// macro defines a name for the instruction on these registers.
func (e evex) macro(src2, src1, dst int) string {
	return named(e.on(src2, src1, dst), e.name, zmm(src2), zmm(src1), zmm(dst))
}

// zmm names a register.
func zmm(r int) string { return fmt.Sprintf("Z%d", r) }
