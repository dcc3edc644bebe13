package main

// randomKernels draw random words and drop elements by them.
func randomKernels(m machine) []*kernel {
	return []*kernel{
		philoxKernel(m),
		span(m, "drop", "is dropRow.", func(k *kernel) {
			k.slices("y", "x", "words")
			scale, threshold := k.arg("scale"), k.whole("threshold").xor(k.word(1<<31))
			dropped := threshold.iabove(k.in("words").xor(k.word(1 << 31)))
			k.out("y", dropped.pick(k.c(0), k.in("x").mul(scale)))
		}),
	}
}

// philoxKernel is device.Philox for many blocks at once: each in the lower half of
// a lane of 64 bits, for the sake of the products. The upper halves are of no
// interest. Of two neighbouring lanes, the first computes a block for the first
// stream and the second one for the other, so that both streams are stored whole.
func philoxKernel(m machine) *kernel {
	k := &kernel{name: "philox", machine: m, doc: "is philoxRow."}
	k.slices("a", "b")
	c0, c1, c2, c3 := k.blocks("first", "second"), k.whole("site"), k.whole("low"), k.whole("high")
	k0, k1 := k.whole("key0"), k.whole("key1")
	for range 10 {
		p0, p1 := c0.product(k.word(0xD2511F53)), c2.product(k.word(0xCD9E8D57))
		c0, c1 = p1.upper().xor3(c1, k0), p1
		c2, c3 = p0.upper().xor3(c3, k1), p0
		k0, k1 = k0.iadd(k.word(0x9E3779B9)), k1.iadd(k.word(0xBB67AE85))
	}
	k.out("a", c0.zipLow(c1).zipPairs(c2.zipLow(c3)))
	k.out("b", c0.zipHigh(c1).zipPairs(c2.zipHigh(c3)))
	return k
}
