package main

// span defines a kernel by its body.
func span(m machine, name, doc string, of func(k *kernel)) *kernel {
	k := &kernel{name: name, machine: m, doc: doc}
	of(k)
	return k
}

// softmaxKernels work on a row of a softmax; see cpu/softmax.go.
func softmaxKernels(m machine) []*kernel {
	return []*kernel{
		span(m, "scale", "is scaleRow.", func(k *kernel) {
			k.slices("y", "x")
			k.out("y", k.in("x").mul(k.arg("k")))
		}),
		span(m, "softmaxDot", "is dotRow, but for a few roundings in float32.", func(k *kernel) { k.dotFours(k.in("x"), k.in("y")) }),
		span(m, "logSoftmax", "is logSoftmaxRow.", func(k *kernel) {
			k.slices("y", "x")
			k.out("y", k.in("x").sub(k.arg("m")).sub(k.arg("l")))
		}),
		span(m, "softmaxGrad", "is softmaxGradRow.", func(k *kernel) {
			k.slices("dx", "dy", "y")
			k.out("dx", k.in("dy").sub(k.arg("dot")).mul(k.in("y")))
		}),
		span(m, "logSoftmaxGrad", "is logSoftmaxGradRow.", func(k *kernel) {
			k.slices("dx", "dy", "y")
			k.out("dx", k.in("y").exp().fnma(k.arg("sum"), k.in("dy")))
		}),
		span(m, "crossEntropyGrad", "is crossEntropyGradRow.", func(k *kernel) {
			k.slices("dx", "x")
			p := k.in("x").sub(k.arg("lse")).exp().as("p")
			k.out("dx", p.mul(k.arg("k")).sub(k.arg("b")))
		}),
		span(m, "distances", "is distanceSum.", func(k *kernel) { k.sum64(k.arg("m").sub(k.in("x"))) }),
		span(m, "weightedDistances", "is weightedDistanceSum.", func(k *kernel) {
			k.slices("x", "w")
			k.dot64(k.arg("m").sub(k.in("x")), k.in("w"))
		}),
	}
}

// columnKernels take a row into what is kept for each column; see
// cpu/columns.go.
func columnKernels(m machine) []*kernel {
	return append(columnFolds(m), batchNormKernels(m)...)
}

// columnFolds are those of reductions and their derivatives.
func columnFolds(m machine) []*kernel {
	return []*kernel{
		span(m, "add", "is addRow.", func(k *kernel) { k.out("y", k.in("y").add(k.in("x"))) }),
		span(m, "addSquares", "is addSquaresRow.", func(k *kernel) {
			y, x := k.in("y"), k.in("x")
			k.out("y", x.fma(x, y))
		}),
		span(m, "largest", "is largestRow.", func(k *kernel) {
			y, x := k.in("y"), k.in("x")
			k.out("y", x.equal(x).pick(y.atLeast(x), x))
		}),
		span(m, "smallest", "is smallestRow.", func(k *kernel) {
			y, x := k.in("y"), k.in("x")
			k.out("y", x.equal(x).pick(y.atMost(x), x))
		}),
		span(m, "expDistances", "is expDistancesRow.", func(k *kernel) {
			k.slices("y", "x", "m")
			k.out("y", k.in("x").sub(k.in("m")).exp())
		}),
		span(m, "product", "is mulRow.", func(k *kernel) {
			k.slices("y", "a", "b")
			k.out("y", k.in("a").mul(k.in("b")))
		}).longSpans(),
		span(m, "countSame", "is countSameRow.", func(k *kernel) {
			k.slices("n", "x", "y")
			n := k.in("n")
			k.out("n", n.add(k.in("x").ifSame(k.in("y"), k.c(1))))
		}),
		span(m, "keepSame", "is keepSameRow.", func(k *kernel) {
			k.slices("g", "x", "y")
			k.out("g", k.in("x").ifSame(k.in("y"), k.in("g")))
		}),
		span(m, "normGrad", "is normGradRow.", func(k *kernel) {
			k.slices("g", "x", "y")
			y, zero := k.in("y"), k.c(0)
			k.out("g", y.equal(zero).pick(zero, k.in("x").div(y).mul(k.in("g"))))
		}),
	}
}

// batchNormKernels are those of a batch norm.
func batchNormKernels(m machine) []*kernel {
	return []*kernel{
		span(m, "addMoments", "is addMomentsRow.", func(k *kernel) {
			k.slices("s1", "s2", "m", "x")
			d := k.in("x").sub(k.in("m")).as("d")
			k.out("s1", k.in("s1").add(d))
			k.out("s2", d.fma(d, k.in("s2")))
		}),
		span(m, "addDots", "is addDotsRow.", func(k *kernel) {
			k.slices("sum", "dot", "m", "dz", "x")
			k.out("sum", k.in("sum").add(k.in("dz")))
			k.out("dot", k.in("x").sub(k.in("m")).fma(k.in("dz"), k.in("dot")))
		}),
		span(m, "batchNorm", "is batchNormRow.", func(k *kernel) {
			k.slices("z", "x", "mean", "scale", "beta")
			k.out("z", k.in("x").sub(k.in("mean")).fma(k.in("scale"), k.in("beta")))
		}),
		span(m, "batchNormGrad", "is batchNormGradRow.", func(k *kernel) {
			k.slices("dx", "dz", "x", "mean", "scale", "shift", "slope")
			rest := k.in("dz").sub(k.in("shift"))
			rest = k.in("x").sub(k.in("mean")).fnma(k.in("slope"), rest)
			k.out("dx", rest.mul(k.in("scale")))
		}),
	}
}

// ifSame is v where x equals y or both are NaN, and 0 elsewhere.
func (x *value) ifSame(y, v *value) *value {
	zero := x.k.c(0)
	bothNaN := x.equal(x).pick(zero, y.equal(y).pick(zero, v))
	return x.equal(y).pick(v, bothNaN)
}
