package main

import "fmt"

// emit writes the instructions of v, which step computes.
func (m *x86) emit(v *value, step int) {
	switch v.op {
	case opFMA, opFNMA:
		m.fma(v, step)
	case opSqrt:
		m.into(v, step, fmt.Sprintf("VSQRTPS%s %s", m.bcst(v.in[0]), m.operand(v.in[0])))
	case opFloat:
		m.into(v, step, fmt.Sprintf("VCVTDQ2PS %s", m.x(v.in[0])))
	case opXor3:
		m.xor3(v, step)
	case opUpper:
		m.into(v, step, fmt.Sprintf("VPSRLQ $32, %s", m.x(v.in[0])))
	case opShl:
		m.into(v, step, fmt.Sprintf("VPSLLD $%d, %s", v.bits, m.x(v.in[0])))
	case opSar:
		m.into(v, step, fmt.Sprintf("VPSRAD $%d, %s", v.bits, m.x(v.in[0])))
	case opGreater, opEqual:
		m.compare(v, step)
	case opIGreater:
		m.into(v, step, fmt.Sprintf("VPCMPGTD %s, %s", m.operand(v.in[1]), m.x(v.in[0])))
	case opBlend:
		m.blend(v, step)
	case opKeep:
		m.keep(v, step)
	case opProduct: // a constant in memory would be of 64 bits
		m.two(v, v.in[1], v.in[0], step)
	case opMax, opMin: // the instruction keeps the NaN of its last source
		m.two(v, v.in[1], v.in[0], step)
	default:
		a, b := v.in[0], v.in[1]
		if a.isConst() && commutes[v.op] {
			a, b = b, a
		}
		m.two(v, a, b, step)
	}
}

// into writes an instruction with its sources, and where it leaves v.
func (m *x86) into(v *value, step int, instruction string) {
	m.release(v, step, nil)
	m.place(v)
	m.line(instruction+", "+m.x(v), v.note())
}

// two writes an instruction with sources a and b, of which b may be memory.
func (m *x86) two(v, a, b *value, step int) {
	name := m.mnemonic(v.op)
	if a.isConst() {
		m.place(v) // apart from b
		m.loadConst(a, v.reg)
		m.release(v, step, nil)
		m.line(fmt.Sprintf("%s%s %s, %s, %s", name, m.bcst(b), m.operand(b), m.x(v), m.x(v)), v.note())
		return
	}
	m.into(v, step, fmt.Sprintf("%s%s %s, %s", name, m.bcst(b), m.operand(b), m.x(a)))
}

// fma picks the form by which operand ends here and so may be overwritten.
func (m *x86) fma(v *value, step int) {
	name := map[opcode]string{opFMA: "VFMADD", opFNMA: "VFNMADD"}[v.op]
	a, b, c := v.in[0], v.in[1], v.in[2]
	if a.isConst() || !a.ends(step) && b.ends(step) {
		a, b = b, a
	}
	write := func(form string, last, mid *value, note string) {
		m.line(fmt.Sprintf("%s%sPS%s %s, %s, %s", name, form, m.bcst(last), m.operand(last), m.x(mid), m.x(v)), note)
	}
	switch {
	case c.ends(step):
		v.reg = c.reg
		m.release(v, step, c)
		write("231", b, a, v.note())
	case a.ends(step) && !b.isConst():
		v.reg = a.reg
		m.release(v, step, a)
		write("213", c, b, v.note())
	case a.ends(step) && !c.isConst():
		v.reg = a.reg
		m.release(v, step, a)
		write("132", b, c, v.note())
	default:
		m.place(v)
		if c.isConst() {
			m.loadConst(c, v.reg)
		} else {
			m.line(fmt.Sprintf("VMOVAPS %s, %s", m.x(c), m.x(v)), c.name)
		}
		write("231", b, a, v.note())
		m.release(v, step, nil)
	}
}

func (m *x86) xor3(v *value, step int) {
	a, b, c := v.in[0], m.x(v.in[1]), m.x(v.in[2])
	v.reg = a.reg
	m.release(v, step, a)
	if m.wide {
		m.line(fmt.Sprintf("VPTERNLOGD $0x96, %s, %s, %s", c, b, m.x(v)), v.note())
		return
	}
	m.line(fmt.Sprintf("VXORPS %s, %s, %s", b, m.x(v), m.x(v)), a.name+" ^ "+v.in[1].name)
	m.line(fmt.Sprintf("VXORPS %s, %s, %s", c, m.x(v), m.x(v)), v.note())
}

func (m *x86) compare(v *value, step int) {
	a, b := v.in[0], v.in[1]
	kind := map[opcode]int{opGreater: 30, opEqual: 0}[v.op] // quiet, false for NaN
	if a.isConst() {                                        // c > b is b < c
		a, b = b, a
		kind = map[opcode]int{opGreater: 17, opEqual: 0}[v.op]
	}
	m.into(v, step, fmt.Sprintf("VCMPPS%s $%d, %s, %s", m.bcst(b), kind, m.operand(b), m.x(a)))
}

func (m *x86) blend(v *value, step int) {
	mask, a, b := v.in[0], v.in[1], v.in[2]
	other := m.x(b)
	if b.isConst() {
		m.place(v)
		m.loadConst(b, v.reg)
		other = m.x(v)
		m.release(v, step, nil)
	} else {
		m.release(v, step, nil)
		m.place(v)
	}
	if m.wide {
		m.line(fmt.Sprintf("VBLENDMPS%s %s, %s, %s, %s", m.bcst(a), m.operand(a), other, m.x(mask), m.x(v)), v.note())
	} else {
		m.line(fmt.Sprintf("VBLENDVPS %s, %s, %s, %s", m.x(mask), m.operand(a), other, m.x(v)), v.note())
	}
}

func (m *x86) keep(v *value, step int) {
	mask, a := v.in[0], v.in[1]
	switch {
	case !m.wide:
		m.into(v, step, fmt.Sprintf("VANDPS %s, %s", m.operand(a), m.x(mask)))
	case a.isConst():
		m.into(v, step, fmt.Sprintf("VBROADCASTSS.Z %s, %s", m.scalar(a.bits, a.name), m.x(mask)))
	default:
		m.into(v, step, fmt.Sprintf("VMOVAPS.Z %s, %s", m.x(a), m.x(mask)))
	}
}
