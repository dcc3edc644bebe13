package main

// arithmetic are the rows of two operands and of their derivatives.
func arithmetic(m machine) []*kernel {
	two := func(name, doc string, f func(a, b *value) *value) *kernel {
		k := &kernel{name: name, machine: m, doc: doc}
		k.slices("y", "a", "b")
		k.out("y", f(k.in("a"), k.in("b")))
		return k.longSpans()
	}
	return []*kernel{
		two("plus", "is plusRow.", (*value).add),
		two("minus", "is minusRow.", (*value).sub),
		two("div", "is divRow.", (*value).div),
		two("maximum", "is maximumRow.", func(a, b *value) *value { return a.equal(a).pick(b.atLeast(a), a) }),
		two("minimum", "is minimumRow.", func(a, b *value) *value { return a.equal(a).pick(b.atMost(a), a) }),
		divisorGradKernel(m),
		shareKernel(m),
	}
}

func divisorGradKernel(m machine) *kernel {
	k := &kernel{name: "divisorGrad", machine: m, doc: "is divisorGradRow."}
	k.slices("t", "dy", "a", "b")
	dy, a, b := k.in("dy"), k.in("a"), k.in("b")
	k.out("t", dy.neg().mul(a.div(b)).div(b))
	return k
}

func shareKernel(m machine) *kernel {
	k := &kernel{name: "share", machine: m, doc: "is shareRow."}
	k.slices("t", "dy", "a", "b")
	dy, a, b := k.in("dy"), k.in("a"), k.in("b")
	share := a.above(b).pick(k.c(1), b.above(a).pick(k.c(0), k.c(0.5)))
	k.out("t", dy.mul(share))
	return k
}
