package main

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
