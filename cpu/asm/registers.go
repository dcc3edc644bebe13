package main

import "slices"

// A file of registers: the lowest free one is taken.
type file struct{ used []bool }

func (f *file) take() int {
	r := slices.Index(f.used, false)
	if r < 0 {
		panic("out of registers")
	}
	f.used[r] = true
	return r
}

func (f *file) give(r int) { f.used[r] = false }

// registers are those of vectors and, where these are apart, of masks.
type registers struct {
	vector, mask file
	apart        bool
}

func newRegisters(vectors int, apart bool) registers {
	mask := file{make([]bool, 8)}
	mask.used[0], mask.used[tailK] = true, true
	return registers{file{make([]bool, vectors)}, mask, apart}
}

// of is the file that v lies in.
func (r *registers) of(v *value) *file {
	if r.apart && v.isMask() {
		return &r.mask
	}
	return &r.vector
}

// place gives v a register.
func (r *registers) place(v *value) { v.reg = r.of(v).take() }

// release gives back what step uses last, but for the one whose register the
// result took over; nil for none.
func (r *registers) release(v *value, step int, kept *value) {
	for i, in := range v.in {
		if in != kept && in.ends(step) && !slices.Contains(v.in[:i], in) {
			r.of(in).give(in.reg)
		}
	}
}

// ends reports whether v's register may be overwritten at step.
func (v *value) ends(step int) bool { return v.last == step && !v.isConst() && v.op != opArg }
