package main

// bfloat16Kernels are the conversions on NEON; see cpu/bfloat16.go. Those of x86,
// which take two vectors at a time, are written by hand.
func bfloat16Kernels(m machine) []*kernel {
	if _, ok := m.(*neon); !ok {
		return nil
	}
	return []*kernel{
		span(m, "widen", "is widenGo.", func(k *kernel) {
			k.slices("dst", "src")
			k.low("src")
			k.out("dst", k.in("src"))
		}),
		span(m, "round", "is roundGo.", func(k *kernel) {
			k.slices("dst", "src")
			k.low("dst")
			k.out("dst", k.in("src").rounded())
		}),
		span(m, "addRound", "is addRoundGo.", func(k *kernel) {
			k.low("dst")
			k.out("dst", k.in("dst").add(k.in("src")).rounded())
		}),
	}
}

// rounded has x rounded to bfloat16 in its upper half: to nearest, ties to even; NaN
// stays a quiet NaN.
func (x *value) rounded() *value {
	k := x.k
	odd := x.sar(16).and(k.word(1)).as("odd")
	near := x.iadd(k.word(0x7FFF)).iadd(odd).as("near")
	return x.equal(x).pick(near, x.or(k.word(0x400000)))
}
