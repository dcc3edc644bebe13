package main

import "fmt"

// neutral is what an accumulator starts from.
var neutral = map[opcode]uint32{opAdd: 0, opMax: 0xFF800000, opMin: 0x7F800000}

// accumulate adds the values of copy c of the body, of so many in a step, to its
// accumulators.
func (m *x86) accumulate(k *kernel, c, copies int, tail bool) {
	for _, f := range k.folds {
		acc := f.copy(c)
		var terms []int
		for _, v := range f.of {
			r := v.reg
			if tail {
				r = m.vector.take()
				m.onlyLeft(f, v, r, acc[0])
			}
			terms = append(terms, r)
		}
		switch {
		case f.how != opAdd:
			m.extreme(f.how, terms[0], acc[0])
		case f.four && copies > 1:
			m.addFour(f, terms, c)
			if c == copies-1 {
				m.addWide([]int{f.part}, acc)
			}
		case f.wide:
			m.addWide(terms, acc)
		case len(terms) == 1:
			m.line(fmt.Sprintf("VADDPS %s, %s, %s", m.full(terms[0]), m.full(acc[0]), m.full(acc[0])), "sum += "+f.of[0].name)
		}
		if tail {
			for _, r := range terms {
				m.vector.give(r)
			}
		}
	}
}

// onlyLeft sets r to v in the lanes that are left, and to what changes nothing
// in the others.
func (m *x86) onlyLeft(f *fold, v *value, r, acc int) {
	from, to := m.full(v.reg), m.full(r)
	switch {
	case f.how == opAdd && m.wide:
		m.line(fmt.Sprintf("VMOVAPS.Z %s, K%d, %s", from, tailK, to), v.name+", 0 beyond")
	case f.how == opAdd:
		m.line(fmt.Sprintf("VANDPS %s, Y%d, %s", from, tailY, to), v.name+", 0 beyond")
	case m.wide:
		m.line(fmt.Sprintf("VBLENDMPS %s, %s, K%d, %s", from, m.full(acc), tailK, to), v.name+", no news beyond")
	default:
		m.line(fmt.Sprintf("VBLENDVPS Y%d, %s, %s, %s", tailY, from, m.full(acc), to), v.name+", no news beyond")
	}
}

// extreme sets acc to the larger or smaller of r and acc, and NaN where either is.
func (m *x86) extreme(how opcode, r, acc int) {
	t, from, to := m.vector.take(), m.full(r), m.full(acc)
	m.line(fmt.Sprintf("%s %s, %s, %s", m.mnemonic(how), to, from, m.full(t)), "NaN where the accumulator is")
	if m.wide {
		m.line(fmt.Sprintf("VCMPPS $3, %s, %s, K2", from, from), "NaN?")
		m.line(fmt.Sprintf("VBLENDMPS %s, %s, K2, %s", from, m.full(t), to), "NaN where the element is")
	} else {
		s := m.vector.take()
		m.line(fmt.Sprintf("VCMPPS $3, %s, %s, %s", from, from, m.full(s)), "NaN?")
		m.line(fmt.Sprintf("VBLENDVPS %s, %s, %s, %s", m.full(s), from, m.full(t), to), "NaN where the element is")
		m.vector.give(s)
	}
	m.vector.give(t)
}

// addFour adds a term or a product to a sum in float32, which the first begins.
func (m *x86) addFour(f *fold, terms []int, c int) {
	part, a, b := m.full(f.part), m.full(terms[0]), m.full(terms[len(terms)-1])
	switch {
	case c == 0 && len(terms) == 1:
		m.line(fmt.Sprintf("VMOVAPS %s, %s", a, part), "of four, the first")
	case c == 0:
		m.line(fmt.Sprintf("VMULPS %s, %s, %s", b, a, part), "of four, the first")
	case len(terms) == 1:
		m.line(fmt.Sprintf("VADDPS %s, %s, %s", a, part, part), "and the next")
	default:
		m.line(fmt.Sprintf("VFMADD231PS %s, %s, %s", b, a, part), "and the next")
	}
}

// addWide adds a term or a product to two accumulators in float64.
func (m *x86) addWide(terms, acc []int) {
	var wide [2]int
	for part := range 2 {
		for i, r := range terms {
			wide[i] = m.vector.take()
			m.widen(r, wide[i], part)
		}
		if len(terms) == 1 {
			m.line(fmt.Sprintf("VADDPD %s, %s, %s", m.full(wide[0]), m.full(acc[part]), m.full(acc[part])), "sum += it")
		} else {
			m.line(fmt.Sprintf("VFMADD231PD %s, %s, %s", m.full(wide[0]), m.full(wide[1]), m.full(acc[part])), "sum += product")
		}
		for i := range terms {
			m.vector.give(wide[i])
		}
	}
}

// widen makes float64 of the lower or upper half.
func (m *x86) widen(from, to, part int) {
	if part == 0 {
		m.line(fmt.Sprintf("VCVTPS2PD %s, %s", m.half(from), m.full(to)), "lower half as float64")
		return
	}
	name := map[bool]string{true: "VEXTRACTF64X4", false: "VEXTRACTF128"}[m.wide]
	m.line(fmt.Sprintf("%s $1, %s, %s", name, m.full(from), m.half(to)), "upper half")
	m.line(fmt.Sprintf("VCVTPS2PD %s, %s", m.half(to), m.full(to)), "as float64")
}

// results combines accumulators, then lanes by halves, and stores the sums.
func (m *x86) results(k *kernel, copies int) {
	at, _ := k.resultAt()
	for i, f := range k.folds {
		for n := len(f.regs); n > 1; n /= 2 { // the last two are halves where wide
			for j := range n / 2 {
				m.together(f, f.regs[j+n/2], f.regs[j])
			}
		}
		m.lanesTogether(f, at[i], k.result(i))
	}
}

// together adds accumulator b to a.
func (m *x86) together(f *fold, b, a int) {
	if f.how == opAdd {
		m.join(f, a, b, m.full)
	} else {
		m.extreme(f.how, b, a)
	}
}

// join sets accumulator a to a and b together.
func (m *x86) join(f *fold, a, b int, width func(int) string) {
	x, y := width(a), width(b)
	switch {
	case f.how != opAdd:
		m.line(fmt.Sprintf("VCMPPS $3, %s, %s, %s", y, y, width(2)), "NaN?")
		m.line(fmt.Sprintf("%s %s, %s, %s", m.mnemonic(f.how), x, y, x), "of both")
		m.line(fmt.Sprintf("VBLENDVPS %s, %s, %s, %s", width(2), y, x, x), "NaN where the other is")
	case f.wide:
		m.line(fmt.Sprintf("VADDPD %s, %s, %s", y, x, x), "both together")
	default:
		m.line(fmt.Sprintf("VADDPS %s, %s, %s", y, x, x), "both together")
	}
}

// lanesTogether folds the lanes of the first accumulator and stores the result.
func (m *x86) lanesTogether(f *fold, at int, name string) {
	narrow := func(w string) func(int) string { return func(r int) string { return fmt.Sprintf("%s%d", w, r) } }
	from := m.full(f.regs[0])
	if m.wide {
		m.line(fmt.Sprintf("VMOVAPS %s, Z0", from), "to work on")
		m.line("VEXTRACTF64X4 $1, Z0, Y1", "upper half")
		m.join(f, 0, 1, narrow("Y"))
	} else {
		m.line(fmt.Sprintf("VMOVAPS %s, Y0", from), "to work on")
	}
	m.line("VEXTRACTF128 $1, Y0, X1", "upper half")
	m.join(f, 0, 1, narrow("X"))
	m.line("VPERMILPD $1, X0, X1", "upper half")
	m.join(f, 0, 1, narrow("X"))
	if f.wide {
		m.line(fmt.Sprintf("VMOVSD X0, %s+%d(FP)", name, at), "return "+name)
		return
	}
	m.line("VPERMILPS $1, X0, X1", "upper half")
	m.join(f, 0, 1, narrow("X"))
	m.line(fmt.Sprintf("VMOVSS X0, %s+%d(FP)", name, at), "return "+name)
}
