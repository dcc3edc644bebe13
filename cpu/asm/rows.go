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
