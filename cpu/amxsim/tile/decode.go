package tile

import "encoding/binary"

// An op is an instruction of AMX-TILE or AMX-BF16.
type op int

const (
	ldtilecfg op = iota + 1
	sttilecfg
	tilerelease
	tilezero
	tileload // TILELOADD and TILELOADDT1, which differ in a hint
	tilestore
	tdpbf16ps
)

// An instruction is an op on tiles, or on a tile and memory.
type instruction struct {
	op              op
	dst, src1, src2 int // dst is also what is stored
	memory          operand
	length          int // in bytes
}

// An operand is a place in memory: base + index<<scale + disp. A register that is
// not named is none; where relative is set, the place is counted from the end of
// the instruction.
type operand struct {
	base, index int
	scale       int
	disp        int64
	relative    bool
	hasSIB      bool
}

const none = -1

// vexFields are those of a VEX prefix of three bytes, in opcodes 0F38. Intel 64 and
// IA-32 Architectures Software Developer's Manual, volume 2, section 2.3.5.
type vexFields struct {
	r, x, b        int // 8 or 0: the top bits of numbers of registers
	source, prefix int // source is the operand in the prefix, 0 for none
}

// decode reads the instruction that code begins with. It reports false where that
// is none of AMX's, or one that is undefined.
func decode(code []byte) (instruction, bool) {
	if len(code) < 5 || code[0] != 0xC4 || code[1]&31 != 2 || code[2]&0x84 != 0 { // 0F38, W 0, 128 bits
		return instruction{}, false
	}
	v := vexFields{
		r: int(^code[1]>>7&1) * 8, x: int(^code[1]>>6&1) * 8, b: int(^code[1]>>5&1) * 8,
		source: int(^code[2] >> 3 & 15), prefix: int(code[2] & 3),
	}
	modRM := code[4]
	i := instruction{dst: v.r + int(modRM>>3&7), length: 5}
	if modRM>>6 == 3 {
		i.src1, i.src2 = v.b+int(modRM&7), v.source
		i.op = registerOp(code[3], v, i, int(modRM&7))
		return i, i.op != 0
	}
	var ok bool
	if i.memory, i.length, ok = memoryOperand(code, v); !ok || v.source != 0 {
		return instruction{}, false
	}
	i.op = memoryOp(code[3], v.prefix, i)
	return i, i.op != 0
}

// registerOp is the op of an instruction on tiles alone, or 0.
func registerOp(opcode byte, v vexFields, i instruction, low int) op {
	tiles := i.dst < 8 && i.src1 < 8 && i.src2 < 8
	switch {
	case opcode == 0x5C && v.prefix == 2 && tiles:
		return tdpbf16ps
	case opcode == 0x49 && v.prefix == 0 && i.dst == 0 && low == 0 && v.source == 0:
		return tilerelease
	case opcode == 0x49 && v.prefix == 3 && i.dst < 8 && low == 0 && v.source == 0:
		return tilezero
	}
	return 0
}

// memoryOp is the op of an instruction on memory, or 0.
func memoryOp(opcode byte, prefix int, i instruction) op {
	tile := i.memory.hasSIB && i.dst < 8
	switch {
	case opcode == 0x49 && prefix == 0 && i.dst&7 == 0:
		return ldtilecfg
	case opcode == 0x49 && prefix == 1 && i.dst&7 == 0:
		return sttilecfg
	case opcode == 0x4B && (prefix == 3 || prefix == 1) && tile:
		return tileload
	case opcode == 0x4B && prefix == 2 && tile:
		return tilestore
	}
	return 0
}

// memoryOperand reads a ModRM byte and what belongs to it, and says how long the
// instruction is.
func memoryOperand(code []byte, v vexFields) (m operand, length int, ok bool) {
	mod, low := code[4]>>6, int(code[4]&7)
	m, at := operand{base: v.b + low, index: none}, 5
	if low == 4 {
		if len(code) < 6 {
			return m, 0, false
		}
		sib := code[5]
		m = operand{base: v.b + int(sib&7), index: v.x + int(sib>>3&7), scale: int(sib >> 6), hasSIB: true}
		low, at = int(sib&7), 6
		if m.index == 4 { // SP is no index
			m.index = none
		}
	}
	size := [...]int{0, 1, 4}[mod]
	if mod == 0 && low == 5 { // no base
		m.base, m.relative, size = none, !m.hasSIB, 4
	}
	if len(code) < at+size {
		return m, 0, false
	}
	switch size {
	case 1:
		m.disp = int64(int8(code[at]))
	case 4:
		m.disp = int64(int32(binary.LittleEndian.Uint32(code[at:])))
	}
	return m, at + size, true
}
