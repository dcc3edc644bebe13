package main

// updateKernels are the optimizers' rows.
func updateKernels(m machine) []*kernel {
	return []*kernel{sgdKernel(m), momentumKernel(m), adamKernel(m), lerpKernel(m)}
}

func sgdKernel(m machine) *kernel {
	k := &kernel{name: "sgd", machine: m, doc: "is sgdRow."}
	w, g := k.in("w"), k.in("grad")
	clip, rate, decay := k.arg("clip"), k.arg("rate"), k.arg("decay")
	g = clip.fma(g, decay.mul(w)).as("g")
	k.out("w", rate.fnma(g, w))
	return k
}

func momentumKernel(m machine) *kernel {
	k := &kernel{name: "momentum", machine: m, doc: "is momentumRow."}
	w, v, g := k.in("w"), k.in("v"), k.in("grad")
	clip, rate, decay := k.arg("clip"), k.arg("rate"), k.arg("decay")
	momentum, fresh, own, ahead := k.arg("momentum"), k.arg("fresh"), k.arg("own"), k.arg("ahead")
	g = clip.fma(g, decay.mul(w)).as("g")
	v = momentum.fma(v, fresh.mul(g)).as("v")
	k.out("v", v)
	k.out("w", rate.fnma(ahead.fma(v, own.mul(g)), w))
	return k
}

func adamKernel(m machine) *kernel {
	k := &kernel{name: "adam", machine: m, doc: "is adamRow."}
	w, mean, v, g := k.in("w"), k.in("m"), k.in("v"), k.in("grad")
	clip, decay, shrink := k.arg("clip"), k.arg("decay"), k.arg("shrink")
	beta1, beta2 := k.arg("beta1"), k.arg("beta2")
	rate, root, epsilon := k.arg("rate"), k.arg("root"), k.arg("epsilon")
	g = clip.fma(g, decay.mul(w)).as("g")
	mean = beta1.fma(mean, k.c(1).sub(beta1).mul(g)).as("m")
	k.out("m", mean)
	v = beta2.fma(v, k.c(1).sub(beta2).mul(g).mul(g)).as("v")
	k.out("v", v)
	move := rate.mul(mean).div(v.sqrt().fma(root, epsilon))
	k.out("w", w.sub(shrink.fma(w, move)))
	return k
}

func lerpKernel(m machine) *kernel {
	k := &kernel{name: "lerp", machine: m, doc: "is lerpRow."}
	y, x, t, scale := k.in("y"), k.in("x"), k.arg("t"), k.arg("scale")
	k.out("y", t.fma(scale.mul(x).sub(y), y))
	return k
}
