package main

// A fold is a result: the sum, the largest or the smallest of a value over all
// elements, or the sum of a product.
type fold struct {
	how  opcode   // opAdd, opMax or opMin
	of   []*value // one, or two factors
	wide bool     // in float64
	four bool     // the vectors of a step in float32 first, in register part
	part int
	regs []int // accumulators; two for each where wide
}

// max and min add a result, NaN where an element is; sum64 and dot64 one that is
// added up in float64. sumFours and dotFours add four terms in float32 before
// that, which costs less and is off by up to 4 roundings of Σ |terms|.
func (k *kernel) max(v *value)         { k.fold(fold{how: opMax}, v) }
func (k *kernel) min(v *value)         { k.fold(fold{how: opMin}, v) }
func (k *kernel) sum64(v *value)       { k.fold(fold{how: opAdd, wide: true}, v) }
func (k *kernel) dot64(v, w *value)    { k.fold(fold{how: opAdd, wide: true}, v, w) }
func (k *kernel) sumFours(v *value)    { k.fold(fold{how: opAdd, wide: true, four: true}, v) }
func (k *kernel) dotFours(v, w *value) { k.fold(fold{how: opAdd, wide: true, four: true}, v, w) }

func (k *kernel) fold(f fold, of ...*value) {
	f.of = of
	k.folds = append(k.folds, &f)
}

// parts is how many registers one accumulator takes.
func (f *fold) parts() int {
	if f.wide {
		return 2
	}
	return 1
}

// accumulators is how many registers all take, where a step has so many copies of
// the body.
func (f *fold) accumulators(copies int) int {
	if f.four {
		copies = 1
	}
	return copies * f.parts()
}

// of copy c of the body, the accumulator.
func (f *fold) copy(c int) []int {
	if f.four {
		c = 0
	}
	return f.regs[c*f.parts():]
}

// foldKernels are sums and extremes of spans.
func foldKernels(m machine) []*kernel {
	fold := func(name, doc string, of func(k *kernel)) *kernel {
		k := &kernel{name: name, machine: m, doc: doc}
		of(k)
		return k
	}
	return []*kernel{
		fold("sum", "is sumRow.", func(k *kernel) { k.sum64(k.in("x")) }),
		fold("dot", "is dotRow.", func(k *kernel) { k.dot64(k.in("x"), k.in("y")) }),
		fold("max", "is maxRow.", func(k *kernel) { k.max(k.in("x")) }),
		fold("min", "is minRow.", func(k *kernel) { k.min(k.in("x")) }),
		fold("expSum", "is expRow.", func(k *kernel) {
			k.slices("y", "x")
			y := k.in("x").sub(k.arg("m")).expOfNegative()
			k.out("y", y)
			k.sumFours(y)
		}),
	}
}
