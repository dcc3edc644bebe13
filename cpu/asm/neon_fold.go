package main

import "fmt"

// accumulate adds the values of copy c of the body, of so many in a step, to its
// accumulators.
func (m *neon) accumulate(k *kernel, c, copies int, single bool) {
	for _, f := range k.folds {
		acc := f.copy(c)
		terms := make([]int, len(f.of))
		for i, v := range f.of {
			terms[i] = v.reg
			if single {
				terms[i] = m.vector.take()
				m.loadConst(k.word(neutral[f.how]), terms[i])
				m.line(fmt.Sprintf("VMOV V%d.S[0], V%d.S[0]", v.reg, terms[i]), v.name+", alone")
			}
		}
		switch {
		case f.four && copies > 1:
			m.addFour(f, terms, c)
			if c == copies-1 {
				m.addWide([]int{f.part}, acc)
			}
		case f.how == opAdd:
			m.addWide(terms, acc)
		default:
			m.word(words[f.how], acc[0], acc[0], terms[0], "with "+f.of[0].name)
		}
		if single {
			for _, r := range terms {
				m.vector.give(r)
			}
		}
	}
}

// addFour adds a term or a product to a sum in float32, which the first begins.
func (m *neon) addFour(f *fold, terms []int, c int) {
	a, b := terms[0], terms[len(terms)-1]
	switch {
	case c == 0 && len(terms) == 1:
		m.line(fmt.Sprintf("VMOV V%d.B16, V%d.B16", a, f.part), "of four, the first")
	case c == 0:
		m.word(words[opMul], f.part, a, b, "of four, the first")
	case len(terms) == 1:
		m.word(words[opAdd], f.part, f.part, a, "and the next")
	default:
		m.line(fmt.Sprintf("VFMLA V%d.S4, V%d.S4, V%d.S4", b, a, f.part), "and the next")
	}
}

// addWide adds a term or a product to two accumulators in float64.
func (m *neon) addWide(terms, acc []int) {
	wide := [2]int{m.vector.take(), m.vector.take()}
	for part, widen := range [2]encoding{fcvtl, fcvtl2} {
		for i, r := range terms {
			m.word(widen, wide[i], r, 0, "half as float64")
		}
		if len(terms) == 1 {
			m.word(fadd64, acc[part], acc[part], wide[0], "sum += it")
		} else {
			m.word(fmla64, acc[part], wide[0], wide[1], "sum += product")
		}
	}
	m.vector.give(wide[0])
	m.vector.give(wide[1])
}

// results combines accumulators, then lanes, and stores what comes of them.
func (m *neon) results(k *kernel) {
	at, _ := k.resultAt()
	for i, f := range k.folds {
		join := words[f.how]
		if f.wide {
			join = fadd64
		}
		for n := len(f.regs); n > 1; n /= 2 {
			for j := range n / 2 {
				m.word(join, f.regs[j], f.regs[j], f.regs[j+n/2], "both together")
			}
		}
		name := k.result(i)
		if f.wide {
			m.word(faddp64, 0, f.regs[0], 0, "both lanes")
			m.line(fmt.Sprintf("FMOVD F0, %s+%d(FP)", name, at[i]), "return "+name)
			continue
		}
		m.word(map[opcode]encoding{opMax: fmaxv, opMin: fminv}[f.how], 0, f.regs[0], 0, "all lanes")
		m.line(fmt.Sprintf("FMOVS F0, %s+%d(FP)", name, at[i]), "return "+name)
	}
}
